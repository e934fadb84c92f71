package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fairlead/internal/sim"
)

const interruptible = `
name: day
cluster: {agents: [{name: a, resources: {cpus: 2}}]}
groups: [{framework: A, name: g, instances: 9, duration: 1s, tasks: [{name: t, resources: {cpus: 1}}]}]
until: 1h
`

// Whoever presses Ctrl-C gets what happened until then, and is told so; files are whole.
func TestAnInterruptedSimulationSaysSo(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "day.yaml")
	if err := os.WriteFile(file, []byte(interruptible), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	run := func(args ...string) (string, string) {
		var out, err strings.Builder
		a := &app{in: strings.NewReader(""), out: &out, err: &err, env: noVariables}
		if status := a.run(ctx, append([]string{"simulate", file}, args...)); status != exitFailed {
			t.Errorf("status %d, want %d", status, exitFailed)
		}
		return out.String(), err.String()
	}
	table, said := run()
	if !strings.Contains(table, "seed 1 (interrupted at 0s)") || !strings.Contains(said, "interrupted: this is what happened until then") {
		t.Errorf("got %q and %q", table, said)
	}
	text, _ := run("--format", "json")
	var r struct{ Partial bool }
	if err := json.Unmarshal([]byte(text), &r); err != nil || !r.Partial {
		t.Errorf("got %v, partial %t", err, r.Partial)
	}
	out := filepath.Join(dir, "out")
	run("--format", "csv,html", "--out", out)
	for _, name := range []string{"index.html", "day-drf-groups.csv"} {
		if _, err := os.Stat(filepath.Join(out, name)); err != nil {
			t.Error(err)
		}
	}
	if hidden, _ := filepath.Glob(filepath.Join(out, ".*")); len(hidden) > 0 {
		t.Errorf("left behind: %q", hidden)
	}
}

// What a page says to type does the same again.
func TestTheCommandOfAPageIsQuoted(t *testing.T) {
	for word, want := range map[string]string{
		"day.yaml": "day.yaml", "roles.eng.weight=1,2": "roles.eng.weight=1,2", "": "''",
		"uniform(1s, 2s)": "'uniform(1s, 2s)'", "it's": `'it'\''s'`, "$HOME": "'$HOME'",
	} {
		if got := quoted(word); got != want {
			t.Errorf("%q: got %s, want %s", word, got, want)
		}
	}
}

func TestSplitValues(t *testing.T) {
	for text, want := range map[string]string{
		"1,2, 4":                        "1|2|4",
		"10s,uniform(1s, 2s)":           "10s|uniform(1s, 2s)",
		"{cpus: 1, mem: 2},{cpus: 2}":   "{cpus: 1, mem: 2}|{cpus: 2}",
		`"a,b",c`:                       `"a,b"|c`,
		"[[rack, UNIQUE], [x, IS, 1]],": "[[rack, UNIQUE], [x, IS, 1]]|",
	} {
		if got := strings.Join(splitValues(text), "|"); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// A trace with thousands of users does not scroll everything else away.
func TestLongTablesAreCut(t *testing.T) {
	var r sim.Result
	for i := range mostRows + 10 {
		r.Frameworks = append(r.Frameworks, sim.FrameworkResult{Name: fmt.Sprintf("f-%d", i+1)})
	}
	var out strings.Builder
	(&app{out: &out, env: noVariables}).writeResult(&out, &r)
	if got := out.String(); !strings.Contains(got, "\nf-60 ") || strings.Contains(got, "\nf-61 ") || !strings.Contains(got, "\nand 10 more: --format json has them all\n") {
		t.Errorf("not the first %d of %d:\n%s", mostRows, len(r.Frameworks), got)
	}
}
