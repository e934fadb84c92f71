package trace

import (
	"bytes"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"fairlead/internal/sim"
	"fairlead/internal/strictyaml"
)

// fuzzCluster has what the seeds ask for.
const fuzzCluster = "agents: [{name: a, count: 3, resources: {cpus: 256, mem: 1000000, disk: 1000000, gpus: 8, rdma: 100}}]"

var imports = regexp.MustCompile(`(?ms)^import (\S+)[^\n]*\n(.*?)^----$`)

// Each trace in the scripts is a seed. Whatever a file holds, it is read without a panic; what is wrong
// has a place; and what is accepted is a scenario that sim accepts.
func fuzzFormat(f *testing.F, format string) {
	f.Helper()
	for _, script := range []string{"swf", "openb", "swim", "alibaba", "csv", "malformed"} {
		text, err := os.ReadFile("testdata/" + script + ".txt")
		if err != nil {
			f.Fatal(err)
		}
		for _, found := range imports.FindAllStringSubmatch(string(text), -1) {
			if found[1] == format {
				f.Add(found[2])
			}
		}
	}
	f.Fuzz(func(t *testing.T, file string) {
		r, err := Open(Options{
			Format: format, Files: []string{"f"}, Cluster: "c.yaml", Open: memory{"f": file, "c.yaml": fuzzCluster}.open,
		})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := r.Write(&out); err != nil {
			expectPlace(t, err)
			return
		}
		s, err := sim.Parse("scenario.json", out.Bytes())
		if err != nil && !mayMeet(format, err) {
			t.Fatalf("the scenario is refused: %v\n%s", err, out.Bytes())
		}
		if err == nil && int64(len(s[0].Groups)) != r.Summary().Groups {
			t.Fatalf("%d groups, want %d", len(s[0].Groups), r.Summary().Groups)
		}
	})
}

// expectPlace checks that an error says where.
func expectPlace(t *testing.T, err error) {
	t.Helper()
	var all strictyaml.Errors
	if errors.Is(err, ErrEmpty) {
		return
	}
	if !errors.As(err, &all) || all[0].File != "f" || all[0].Line < 1 || all[0].Column < 1 || all[0].Message == "" {
		t.Fatalf("got %v, want an error with a place", err)
	}
}

// mayMeet allows for names that are the same because the ids of a format are free: one can look like
// what is made of another that did not rise.
func mayMeet(format string, err error) bool {
	return format != "swf" && format != "alibaba-batch" && strings.Contains(err.Error(), "is already defined")
}

func FuzzSWF(f *testing.F)          { fuzzFormat(f, "swf") }
func FuzzOpenb(f *testing.F)        { fuzzFormat(f, "openb") }
func FuzzSwim(f *testing.F)         { fuzzFormat(f, "swim") }
func FuzzAlibabaBatch(f *testing.F) { fuzzFormat(f, "alibaba-batch") }
func FuzzAlibabaDLRM(f *testing.F)  { fuzzFormat(f, "alibaba-dlrm") }
func FuzzCSV(f *testing.F)          { fuzzFormat(f, "csv") }

// FuzzMachines does the same for lists of machines.
func FuzzMachines(f *testing.F) {
	f.Add(true, "0\tzewura\t20\t80\t1\t529426432\n")
	f.Add(false, "sn,cpu_milli,memory_mib,gpu,model\nopenb-node-0000,32000,262144,0,\n")
	f.Fuzz(func(t *testing.T, swf bool, file string) {
		format := map[bool]string{true: "swf", false: "openb"}[swf]
		r, err := Open(Options{Format: format, Cluster: "f", Open: memory{"f": file}.open})
		if err != nil {
			var all strictyaml.Errors
			if !errors.As(err, &all) || all[0].File != "f" || all[0].Message == "" {
				t.Fatalf("got %v, want an error of the file", err)
			}
			return
		}
		for _, m := range r.Machines() {
			if m.Count < 1 || len(m.Resources) == 0 || !machineName.MatchString(m.Name) {
				t.Fatalf("accepted %+v", m)
			}
		}
	})
}
