package sim

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// writeTables writes results the way the scripts show them, with an empty line between two of them.
func writeTables(w io.Writer, results []*Result) error {
	for i, r := range results {
		if i > 0 {
			if _, err := fmt.Fprintln(w); err != nil {
				return err
			}
		}
		if err := r.writeTable(w); err != nil {
			return err
		}
	}
	return nil
}

func (r *Result) writeTable(w io.Writer) error {
	kinds := slices.Sorted(maps.Keys(r.Utilization))
	if _, err := fmt.Fprintf(w, "%s: policy %s, placement %s, seed %d, placements %d, end %gs\n",
		r.Scenario, r.Policy, r.Placement, r.Seed, r.Decisions, r.EndS); err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "FRAMEWORK\tROLE\tWEIGHT\tDOMINANT\tSHARE\t%s\tRUNNING\tPENDING\tFINISHED\tFAILED\tWAIT\tCOMPLETION\n",
		strings.ToUpper(strings.Join(kinds, "\t")))
	for _, f := range r.Frameworks {
		fmt.Fprintf(t, "%s\t%s\t%g\t%s\t%s\t", f.Name, f.Role, f.Weight, orDash(f.DominantResource), percent(f.DominantShare))
		for _, k := range kinds {
			fmt.Fprintf(t, "%g\t", f.Allocated[k])
		}
		fmt.Fprintf(t, "%d\t%d\t%d\t%d\t%gs\t%gs\n", f.Running, f.Pending, f.Finished, f.Failed, f.MeanWaitS, f.MeanCompletionS)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if r.Violations != nil {
		r.writeAlone(t)
	}
	for _, p := range r.Placements {
		fmt.Fprintf(t, "%gs\t%s/%s/%d\t%s\n", p.AtS, p.Framework, p.Group, p.Instance, p.Agent)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	var used []string
	for _, k := range kinds {
		used = append(used, fmt.Sprintf("%s %s (mean %s)", k, percent(r.Utilization[k]), percent(r.MeanUtilization[k])))
	}
	_, err := fmt.Fprintf(w, "in use: %s\n", strings.Join(used, ", "))
	return err
}

func (r *Result) writeAlone(w io.Writer) {
	for _, f := range r.Frameworks {
		a := f.Alone
		fmt.Fprintf(w, "%s alone on %s:\t%d running\t%d finished\t%gs\tworse shared: %t\n", f.Name, percent(a.Part), a.Running, a.Finished, a.MeanCompletionS, a.Worse)
	}
	fmt.Fprintf(w, "better alone: %d\n", *r.Violations)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// percent shows a share that was rounded to four places.
func percent(x float64) string { return fmt.Sprintf("%.2f%%", 100*x) }

// writeOccupancy prints which dominant shares frameworks held together, and in which part of the time: the
// ten most frequent ones.
func writeOccupancy(w io.Writer, r *Result) error {
	if !r.Samples.Exact {
		return fmt.Errorf("too much happened for exact figures")
	}
	spent := map[string]float64{}
	for i, from := range r.Samples.AtS {
		to := r.Samples.EndS
		if i+1 < len(r.Samples.AtS) {
			to = r.Samples.AtS[i+1]
		}
		var held []string
		for _, f := range r.Samples.Frameworks {
			held = append(held, fmt.Sprintf("%s %.2f%%", f.Name, 100*f.Share[i]))
		}
		spent[strings.Join(held, "  ")] += (to - from) / r.Samples.EndS
	}
	states := slices.SortedFunc(maps.Keys(spent), func(a, b string) int {
		return cmp.Or(cmp.Compare(spent[b], spent[a]), cmp.Compare(a, b))
	})
	for _, s := range states[:min(len(states), 10)] {
		fmt.Fprintf(w, "%5.1f%%  %s\n", 100*spent[s], s)
	}
	return nil
}
