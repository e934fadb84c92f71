package repro

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/cockroachdb/datadriven"

	"fairlead/allocator"
	"fairlead/internal/sim"
	"fairlead/internal/strictyaml"
)

// Each script is a paper. `go test -rewrite` writes what comes out, to be read against the comments,
// which say what the paper prints.
//
//	simulate FILE [policy=P] [placement=P]       who runs how much at the end, of each scenario in the file
//	order FILE [policy=P]                        who is served, in order
//	timeline FILE at=(TIME,...) [policy=P]       who runs how many instances at these times
//	parts FILE at=(TIME,...) [policy=P]          which part of each resource they hold at these times
//
// Files are below examples/paper.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			command := map[string]func(*testing.T, *datadriven.TestData) string{
				"simulate": simulate, "order": order, "timeline": timeline, "parts": parts,
			}[d.Cmd]
			if command == nil {
				d.Fatalf(t, "unknown command")
			}
			return command(t, d)
		})
	})
}

func simulate(t *testing.T, d *datadriven.TestData) string {
	var out strings.Builder
	for _, s := range scenarios(t, d.CmdArgs[0].Key) {
		r := run(t, s, options(t, d))
		fmt.Fprintf(&out, "%s: %s, %s\n", r.Scenario, r.Policy, r.Placement)
		w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
		for _, f := range r.Frameworks {
			fmt.Fprintf(w, "%s\t%d running\t%d/%d of %s\n", f.Name, f.Running, f.ShareNum, f.ShareDen, f.DominantResource)
		}
		w.Flush()
	}
	return out.String()
}

func order(t *testing.T, d *datadriven.TestData) string {
	o := options(t, d)
	o.Placements = true
	var names []string
	for _, p := range run(t, scenarios(t, d.CmdArgs[0].Key)[0], o).Placements {
		names = append(names, p.Framework)
	}
	return strings.Join(names, " ") + "\n"
}

func timeline(t *testing.T, d *datadriven.TestData) string {
	return table(t, d, func(f sim.FrameworkResult, _ map[string]float64) string { return fmt.Sprint(f.Running) })
}

func parts(t *testing.T, d *datadriven.TestData) string {
	return table(t, d, func(f sim.FrameworkResult, total map[string]float64) string {
		return fmt.Sprintf("cpus %.2f mem %.2f", f.Allocated["cpus"]/total["cpus"], f.Allocated["mem"]/total["mem"])
	})
}

// table has a row for each time and a column for each framework.
func table(t *testing.T, d *datadriven.TestData, cell func(sim.FrameworkResult, map[string]float64) string) string {
	s := scenarios(t, d.CmdArgs[0].Key)[0]
	total := totals(s)
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for i, at := range times(t, d) {
		r := until(t, s, at, options(t, d))
		if i == 0 {
			fmt.Fprintf(w, "\t%s\n", strings.Join(names(r), "\t"))
		}
		fmt.Fprint(w, strictyaml.FormatMillis(at))
		for _, f := range r.Frameworks {
			fmt.Fprintf(w, "\t%s", cell(f, total))
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	return out.String()
}

func names(r *sim.Result) []string {
	var out []string
	for _, f := range r.Frameworks {
		out = append(out, f.Name)
	}
	return out
}

func scenarios(t *testing.T, file string) []*sim.Scenario {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "examples", "paper", filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	all, err := sim.Parse(file, text)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func options(t *testing.T, d *datadriven.TestData) sim.Options {
	var policy, placement string
	d.MaybeScanArgs(t, "policy", &policy)
	d.MaybeScanArgs(t, "placement", &placement)
	return sim.Options{Policy: allocator.Policy(policy), Placement: allocator.Placement(placement)}
}

func times(t *testing.T, d *datadriven.TestData) []int64 {
	t.Helper()
	var out []int64
	for _, arg := range d.CmdArgs {
		if arg.Key != "at" {
			continue
		}
		for _, text := range arg.Vals {
			ms, err := strictyaml.ParseMillis(text)
			if err != nil {
				d.Fatalf(t, "%v", err)
			}
			out = append(out, ms)
		}
	}
	return out
}

// until runs a scenario up to a time.
func until(t *testing.T, s *sim.Scenario, at int64, o sim.Options) *sim.Result {
	t.Helper()
	part := *s
	part.UntilMillis = at
	return run(t, &part, o)
}

func run(t *testing.T, s *sim.Scenario, o sim.Options) *sim.Result {
	t.Helper()
	r, err := sim.Run(context.Background(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func totals(s *sim.Scenario) map[string]float64 {
	out := map[string]float64{}
	for _, a := range s.Agents {
		for _, q := range a.Resources {
			out[q.Name] += q.Amount.Float()
		}
	}
	return out
}
