package sim

import (
	"context"
	"fmt"
	"io"
	"testing"
	"text/tabwriter"

	"pgregory.net/rapid"

	"fairlead/allocator"
	"fairlead/drf"
)

func writeFairness(w io.Writer, results []*Result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range results {
		for _, f := range r.Frameworks {
			fmt.Fprintf(t, "%s\tshare %.4f\tfair %.4f\terror %.4f\tshort %.4f\tenvy %.4f\tbelow %gs\n",
				f.Name, f.MeanShare, f.MeanFair, f.MeanError, f.MeanShort, f.MeanEnvy, f.BelowS)
		}
		fmt.Fprintf(t, "agents %d\terror %.4f\tenvy %.4f\tJain %.4f\tfragmentation %.4f\n", r.Cluster.Agents, r.ShareError, r.Envy, r.Jain, r.Fragmentation)
	}
	return t.Flush()
}

// Where agents have nothing but CPUs, the policy cpu decides alike whether they can be over-committed or not. With that
// the books of the simulation judge, and without it those of the allocator: they must agree.
func TestBothBooksJudgeAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyScenario(t)
		s.Policy = allocator.CPU
		for i := range s.Agents {
			s.Agents[i].Resources, s.Agents[i].Ports = s.Agents[i].Resources[:1], 0
		}
		for i := range s.Groups {
			for k := range s.Groups[i].Spec.Tasks {
				task := &s.Groups[i].Spec.Tasks[k]
				task.Resources, task.Ports = task.Resources[:1], 0
			}
		}
		anyRepeats(t, s)
		s.UntilMillis = rapid.Int64Range(0, 300).Draw(t, "until")
		own := judgedBy(t, s)
		s.Overcommit = &Overcommit{Mem: drf.Unit, Slowdown: drf.Unit}
		books := judgedBy(t, s)
		for i := range own {
			if own[i] != books[i] {
				t.Fatalf("framework %d: the allocator says %+v, the simulation %+v", i, own[i], books[i])
			}
		}
	})
}

func judgedBy(t *rapid.T, s *Scenario) []FairnessMeans {
	r, err := Run(context.Background(), s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out []FairnessMeans
	for _, f := range r.Frameworks {
		if f.FairnessMeans != nil {
			out = append(out, *f.FairnessMeans)
		}
	}
	return out
}
