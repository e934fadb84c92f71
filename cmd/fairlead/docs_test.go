package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "write docs/cli.md instead of comparing it")

const reference = "../../docs/cli.md"

func TestTheReferenceOfTheCommandLineIsCurrent(t *testing.T) {
	a := &app{in: strings.NewReader(""), out: io.Discard, err: io.Discard, env: noVariables}
	want := render(a.root())
	if *update {
		if err := os.WriteFile(reference, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/cli.md is not what the commands say: run 'go test ./cmd/fairlead -run Reference -update'")
	}
}

func TestEveryCommandHasHelpWithExamples(t *testing.T) {
	a := &app{in: strings.NewReader(""), out: io.Discard, err: io.Discard, env: noVariables}
	root := a.root()
	for _, cmd := range everyCommand(root) {
		if cmd.Short == "" || cmd.Long == "" || !strings.Contains(cmd.Example, "  "+cmd.CommandPath()) {
			t.Errorf("%s lacks a short text, a long one, or an example", cmd.Name())
		}
		if cmd.GroupID == "" && cmd.Parent() == root {
			t.Errorf("%s is in no group of the help", cmd.Name())
		}
		for line := range strings.Lines(cmd.Long + "\n" + cmd.Example) {
			if len(strings.TrimRight(line, "\n")) > 100 {
				t.Errorf("%s: line too long for a terminal: %s", cmd.Name(), line)
			}
		}
	}
}

func TestShellsCompleteTheWordsThatOptionsTake(t *testing.T) {
	for line, want := range map[string]string{
		"simulate --policy":    "drf\nhdrf\nasset\n",
		"simulate --placement": "best-fit\nfirst-fit\n",
		"simulate --format":    "table\njson\ncsv\nhtml\n",
		"up --policy":          "drf\nhdrf\n",
		"scheduler --policy":   "drf\nhdrf\n",
		"up --log-level":       "debug\ninfo\n",
		"cluster --log-format": "console\njson\n",
		"ps --format":          "table\njson\nyaml\n",
		"trace import":         "swf\nopenb\n",
	} {
		var out strings.Builder
		a := &app{in: strings.NewReader(""), out: &out, err: io.Discard, env: noVariables}
		if status := a.run(t.Context(), append(append([]string{"__complete"}, strings.Fields(line)...), "")); status != exitDone || !strings.HasPrefix(out.String(), want) {
			t.Errorf("%s: status %d, %q, want %q and more", line, status, out.String(), want)
		}
	}
}

// everyCommand lists the commands of one, and theirs.
func everyCommand(of *cobra.Command) []*cobra.Command {
	var out []*cobra.Command
	for _, cmd := range of.Commands() {
		out = append(append(out, cmd), everyCommand(cmd)...)
	}
	return out
}

// render writes the reference in Markdown.
func render(root *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# The command line\n\n%s\n\nWritten by `go test ./cmd/fairlead -run Reference -update`; `fairlead COMMAND --help` says the same.\n", root.Long)
	for _, group := range root.Groups() {
		fmt.Fprintf(&b, "\n## %s\n", strings.TrimSuffix(group.Title, ":"))
		for _, cmd := range root.Commands() {
			if cmd.GroupID == group.ID {
				renderCommand(&b, cmd)
			}
		}
	}
	return b.String()
}

func renderCommand(b *strings.Builder, cmd *cobra.Command) {
	fmt.Fprintf(b, "\n### `%s`\n\n%s\n\n```\n%s\n```\n", cmd.UseLine(), cmd.Long, unindented(cmd.Example))
	rows := ""
	cmd.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" {
			return
		}
		kind, usage := pflag.UnquoteUsage(f)
		name := "`--" + f.Name
		if f.Shorthand != "" {
			name = "`-" + f.Shorthand + "`, " + name
		}
		if kind != "" {
			name += " " + kind
		}
		def := ""
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" {
			def = "`" + f.DefValue + "`"
		}
		rows += fmt.Sprintf("| %s` | %s | %s |\n", name, def, strings.ReplaceAll(usage, "|", "\\|"))
	})
	if rows != "" {
		fmt.Fprintf(b, "\n| option | default | |\n| --- | --- | --- |\n%s", rows)
	}
	for _, sub := range cmd.Commands() {
		renderCommand(b, sub)
	}
}

func unindented(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString(strings.TrimPrefix(line, "  "))
	}
	return b.String()
}

func noVariables(string) (string, bool) { return "", false }
