package e2e

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// block is a fenced block of a page: what stands behind the fence, and what is in it.
type block struct{ info, text string }

var fences = regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$")

func blocks(t *testing.T, page string) []block {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var out []block
	for _, m := range fences.FindAllStringSubmatch(string(text), -1) {
		out = append(out, block{m[1], m[2]})
	}
	return out
}

// TestTheTutorialOfTheSimulator does what docs/simulation.md says, and compares what comes out with what it shows: files
// are blocks with a name, commands those of sh, outputs those of text, in which ... stands for lines left out. Where
// the block says so, figures may be others: each change of what the allocator decides changes a little of them.
func TestTheTutorialOfTheSimulator(t *testing.T) {
	dir := t.TempDir()
	haveLog := unpackLog(t, dir)
	printed := ""
	commands := 0
	for _, b := range blocks(t, "../../docs/simulation.md") {
		kind, name, _ := strings.Cut(b.info, " ")
		switch {
		case kind == "yaml":
			if err := os.WriteFile(filepath.Join(dir, name), []byte(b.text), 0o644); err != nil {
				t.Fatal(err)
			}
		case kind == "sh" && strings.Contains(b.text, "wagap-2013") && !haveLog:
			t.Skip("needs the traces in the folder shared beside the repository")
		case kind == "sh":
			printed = shell(t, dir, b.text)
			commands++
		case kind == "text":
			if name == "figures-vary" {
				b.text, printed = withoutFigures(b.text), withoutFigures(printed)
			}
			if !shows(b.text, printed) {
				t.Errorf("the page shows\n%s\nbut it is\n%s", b.text, printed)
			}
		}
	}
	if commands < 7 {
		t.Errorf("%d blocks of commands were found", commands)
	}
}

var figure = regexp.MustCompile(`^([-+]?[0-9][0-9.]*(%|[smhd])?|[-=])$`)

// withoutFigures has all columns of a table, and no numbers.
func withoutFigures(table string) string {
	var out strings.Builder
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		for i, f := range fields {
			if figure.MatchString(f) {
				fields[i] = "#"
			}
		}
		out.WriteString(strings.Join(fields, " ") + "\n")
	}
	return out.String()
}

// unpackLog puts the log that the tutorial downloads into a folder, if it is there.
func unpackLog(t *testing.T, dir string) bool {
	t.Helper()
	swf := filepath.Join("..", "..", "..", "shared", "traces", "swf")
	packed, err := os.Open(filepath.Join(swf, "MetaCentrum-wagap-2013-p1.swf.gz"))
	if err != nil {
		return false
	}
	defer packed.Close()
	log, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(log)
	if err != nil {
		t.Fatal(err)
	}
	machines, err := os.ReadFile(filepath.Join(swf, "MetaCentrum-wagap-2013.machines"))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"wagap-2013.swf": text, "wagap-2013.swf.machines": machines} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return true
}

// shell runs commands as they would be typed and returns what the last one prints, on standard output if
// there is anything.
func shell(t *testing.T, dir, commands string) string {
	t.Helper()
	programs, err := filepath.Abs(bin)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-ec", commands)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+programs+string(os.PathListSeparator)+os.Getenv("PATH"))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s%v\n%s", commands, err, errs.String())
	}
	if out.Len() == 0 {
		return errs.String()
	}
	return out.String()
}

// shows compares line by line without blanks at their ends.
func shows(page, printed string) bool {
	var pattern strings.Builder
	pattern.WriteString(`\A`)
	for line := range strings.Lines(page) {
		if line == "...\n" {
			pattern.WriteString(`(?:.*\n)*`)
			continue
		}
		pattern.WriteString(regexp.QuoteMeta(strings.TrimRight(line, " \n")) + ` *\n`)
	}
	pattern.WriteString(`\z`)
	return regexp.MustCompile(pattern.String()).MatchString(printed)
}
