package report

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"

	"fairlead/internal/sim"
)

// GroupRows writes groups as CSV while a simulation runs, a row for each, so that their number is not
// bounded by memory. Times are in seconds; what has not happened is empty.
type GroupRows struct{ w *csv.Writer }

// NewGroupRows writes the header.
func NewGroupRows(w io.Writer) *GroupRows {
	g := &GroupRows{csv.NewWriter(w)}
	g.write("framework", "role", "group", "instances", "finished", "failed", "arrival_s", "start_s", "end_s", "wait_s", "completion_s")
	return g
}

// Add writes a group.
func (g *GroupRows) Add(r *sim.GroupResult) {
	start, end, wait, completion := "", "", "", ""
	if r.Started {
		start, wait = plain(r.StartS), plain(r.StartS-r.ArrivalS)
	}
	if r.Over {
		end, completion = plain(r.EndS), plain(r.EndS-r.ArrivalS)
	}
	g.write(r.Framework, r.Role, r.Name, count(r.Instances), count(r.Finished), count(r.Failed), plain(r.ArrivalS), start, end, wait, completion)
}

func (g *GroupRows) write(cells ...string) {
	g.w.Write(cells) //nolint:errcheck // Flush says it
}

// Flush ends the file. The error is the first one of all writes.
func (g *GroupRows) Flush() error {
	g.w.Flush()
	return g.w.Error()
}

func count(n int64) string { return strconv.FormatInt(n, 10) }

// plain is a number with three places at most.
func plain(x float64) string {
	return trim(float64(int64(x*1000+0.5)) / 1000)
}

// fairness are the figures of how fairly a framework was served, empty if it asked for nothing.
func fairness(m *sim.FairnessMeans) []string {
	if m == nil {
		return make([]string, 5)
	}
	return []string{trim(m.MeanFair), trim(m.MeanError), trim(m.MeanShort), trim(m.MeanEnvy), plain(m.BelowS)}
}

// WriteFrameworks writes results as CSV, a row for each framework of each run: the figures that JSON has of it, and
// what it holds of each resource. Times are in seconds.
func WriteFrameworks(w io.Writer, results []*sim.Result) error {
	var resources []string
	for _, r := range results {
		for name := range r.Utilization {
			if !slices.Contains(resources, name) {
				resources = append(resources, name)
			}
		}
	}
	resources = SortResources(resources)
	header := []string{
		"scenario", "changes", "policy", "placement", "seed", "framework", "role", "weight", "dominant_resource", "dominant_share", "share_num", "share_den",
		"running", "pending", "finished", "failed", "mean_wait_s", "mean_completion_s",
		"mean_share", "mean_fair", "mean_error", "mean_short", "mean_envy", "below_s", "after",
	}
	for _, name := range resources {
		header = append(header, "allocated_"+name)
	}
	out := csv.NewWriter(w)
	out.Write(header) //nolint:errcheck // Error says it
	for _, r := range results {
		for i := range r.Frameworks {
			f := &r.Frameworks[i]
			row := []string{
				r.Scenario, strings.Join(r.Changes, " "), r.Policy, r.Placement, count(r.Seed), f.Name, f.Role, trim(f.Weight),
				f.DominantResource, trim(f.DominantShare), strconv.FormatUint(f.ShareNum, 10), strconv.FormatUint(f.ShareDen, 10),
				count(f.Running), count(f.Pending), count(f.Finished), count(f.Failed), plain(f.MeanWaitS), plain(f.MeanCompletionS),
				trim(f.MeanShare),
			}
			row = append(append(row, fairness(f.FairnessMeans)...), count(f.After))
			for _, name := range resources {
				row = append(row, trim(f.Allocated[name]))
			}
			out.Write(row) //nolint:errcheck // Error says it
		}
	}
	out.Flush()
	return out.Error()
}

// WriteSamples writes Samples as CSV, one figure to a row: what is in use of a resource, and shares,
// instances in line and waits of frameworks.
func WriteSamples(w io.Writer, s *sim.Samples) error {
	out := csv.NewWriter(w)
	row := func(cells ...string) { out.Write(cells) } //nolint:errcheck // Error says it
	row("from_s", "to_s", "figure", "of", "role", "value")
	var names []string
	for name := range s.Utilization {
		names = append(names, name)
	}
	names = SortResources(names)
	for i, at := range s.AtS {
		until := s.EndS
		if i+1 < len(s.AtS) {
			until = s.AtS[i+1]
		}
		from, to := trim(at), trim(until)
		for _, name := range names {
			row(from, to, "utilization", name, "", trim(s.Utilization[name][i]))
		}
		for k := range s.Frameworks {
			f := &s.Frameworks[k]
			row(from, to, "share", f.Name, f.Role, trim(f.Share[i]))
			if f.Fair != nil {
				row(from, to, "fair", f.Name, f.Role, trim(f.Fair[i]))
			}
			row(from, to, "waiting", f.Name, f.Role, trim(f.Waiting[i]))
			if f.WaitS[i] != nil {
				row(from, to, "wait_s", f.Name, f.Role, trim(*f.WaitS[i]))
			}
		}
	}
	out.Flush()
	return out.Error()
}

// Formats are those of files, in the order in which they are written.
func Formats() []string { return []string{"json", "csv", "html", "svg", "png"} }

// IsFormat says whether WriteFiles knows a format.
func IsFormat(name string) bool { return slices.Contains(Formats(), name) }
