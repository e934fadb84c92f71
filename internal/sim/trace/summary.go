package trace

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math/big"
	"slices"
	"strings"

	"fairlead/allocator"
	"fairlead/internal/strictyaml"
)

// maxPlaces is how many places of a Reason are kept.
const maxPlaces = 5

// Summary says what was read of a trace.
type Summary struct {
	Format string
	// Read counts the jobs of the trace, Jobs those that were imported, as so many Groups with so
	// many Instances.
	Read, Jobs, Groups, Instances int64
	// Limited is true if reading stopped before the end, as it was told to.
	Limited bool
	// FirstMillis and LastMillis are the first and the last arrival, EndMillis the latest time that
	// the trace knows if everything starts as it arrives.
	FirstMillis, LastMillis, EndMillis int64
	// Endless counts groups that never end.
	Endless int64
	// LeftOut are the jobs that were not imported, Ignored what was left out of those that were;
	// sorted by reason.
	LeftOut, Ignored []Reason

	frameworks map[string]bool
	// total is the sum over all instances in thousandths, work that of each times its run time in
	// milliseconds, of those that end.
	total, work map[string]*big.Int
}

// Reason is something that holds of some jobs.
type Reason struct {
	Reason string
	Jobs   int64
	// Places are the first of them.
	Places []Place
}

// Place is a line of a file.
type Place struct {
	File string
	Line int
}

func newSummary(format string) *Summary {
	return &Summary{
		Format: format, frameworks: make(map[string]bool),
		total: make(map[string]*big.Int), work: make(map[string]*big.Int),
	}
}

// Frameworks is the number of frameworks that the jobs belong to.
func (s *Summary) Frameworks() int { return len(s.frameworks) }

// Total is what all instances together ask for of a resource, as an exact decimal.
func (s *Summary) Total(resource string) string { return decimal(s.total[resource], 3) }

// Work is what they ask for times how long they run, in seconds, as an exact decimal. Groups that
// never end are not in it.
func (s *Summary) Work(resource string) string { return decimal(s.work[resource], 6) }

func (s *Summary) leaveOut(r *record) { s.LeftOut = note(s.LeftOut, r.reason, r) }

func (s *Summary) add(r *record, job *Job) {
	for _, what := range r.ignored {
		s.Ignored = note(s.Ignored, what, r)
	}
	s.count(job)
}

// count adds up a job.
func (s *Summary) count(job *Job) {
	s.frameworks[job.Framework] = true
	if s.Jobs == 0 {
		s.FirstMillis = job.ArrivalMillis
	}
	s.Jobs++
	s.FirstMillis = min(s.FirstMillis, job.ArrivalMillis)
	s.LastMillis = max(s.LastMillis, job.ArrivalMillis)
	end := job.ArrivalMillis
	for _, g := range job.Groups {
		s.Groups++
		s.Instances += g.Instances
		if g.DurationMillis == 0 {
			s.Endless++
		}
		end += g.DurationMillis
		for _, q := range g.Resources {
			s.sum(q, g)
		}
	}
	s.EndMillis = max(s.EndMillis, end)
}

func (s *Summary) sum(q allocator.Quantity, g Group) {
	if s.total[q.Name] == nil {
		s.total[q.Name], s.work[q.Name] = new(big.Int), new(big.Int)
	}
	all := new(big.Int).Mul(big.NewInt(int64(q.Amount)), big.NewInt(g.Instances))
	s.total[q.Name].Add(s.total[q.Name], all)
	s.work[q.Name].Add(s.work[q.Name], all.Mul(all, big.NewInt(g.DurationMillis)))
}

// note counts a job under a reason.
func note(all []Reason, reason string, r *record) []Reason {
	at, found := slices.BinarySearchFunc(all, reason, func(x Reason, s string) int { return cmp.Compare(x.Reason, s) })
	if !found {
		all = slices.Insert(all, at, Reason{Reason: reason})
	}
	x := &all[at]
	x.Jobs++
	if len(x.Places) < maxPlaces {
		x.Places = append(x.Places, Place{r.file, r.line})
	}
	return all
}

// decimal writes n units of 10^-places without trailing zeros.
func decimal(n *big.Int, places int) string {
	if n == nil {
		return "0"
	}
	digits := n.String()
	if len(digits) <= places {
		digits = strings.Repeat("0", places+1-len(digits)) + digits
	}
	point := len(digits) - places
	return strings.TrimSuffix(strings.TrimRight(digits[:point]+"."+digits[point:], "0"), ".")
}

// Write writes the summary for people.
func (s *Summary) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s read, %d imported: %s of %s, %s", s.Format, count(s.Read, "job"), s.Jobs,
		count(s.Groups, "task group"), count(int64(len(s.frameworks)), "framework"), count(s.Instances, "instance"))
	if s.Limited {
		b.WriteString(" (stopped there, as asked)")
	}
	if s.Jobs > 0 {
		fmt.Fprintf(&b, "\narrivals from %s to %s", strictyaml.FormatMillis(s.FirstMillis), strictyaml.FormatMillis(s.LastMillis))
	}
	if s.Endless > 0 {
		fmt.Fprintf(&b, "; %s without end", count(s.Endless, "task group"))
	}
	b.WriteString("\n")
	for _, name := range slices.Sorted(maps.Keys(s.total)) {
		fmt.Fprintf(&b, "%s: %s in all; times run time, %s s\n", name, s.Total(name), s.Work(name))
	}
	reasons(&b, "left out", s.LeftOut)
	reasons(&b, "not simulated", s.Ignored)
	_, err := io.WriteString(w, b.String())
	return err
}

func count(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func reasons(b *strings.Builder, title string, all []Reason) {
	for _, r := range all {
		fmt.Fprintf(b, "%s: %s: %s (", title, r.Reason, count(r.Jobs, "job"))
		for i, p := range r.Places {
			if i == 0 || p.File != r.Places[i-1].File {
				fmt.Fprintf(b, "%s%s:%d", comma(i), p.File, p.Line)
			} else {
				fmt.Fprintf(b, ", %d", p.Line)
			}
		}
		if r.Jobs > int64(len(r.Places)) {
			b.WriteString(", ...")
		}
		b.WriteString(")\n")
	}
}
