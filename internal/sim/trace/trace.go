package trace

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/bits"
	"regexp"
	"strconv"
	"strings"

	"fairlead/drf"
	"fairlead/internal/strictyaml"
	"fairlead/internal/taskgroup"
)

// Limits on one job, which are those of a scenario.
const (
	maxInstances = 1_000_000
	maxMillis    = 36_500 * 24 * 3_600_000
)

var machineName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,89}$`)

type opener func(name string) (io.ReadCloser, error)

// Options say what is imported, and how.
type Options struct {
	Format string
	Files  []string
	// Cluster names a file with the machines; "" for those that the format knows.
	Cluster string
	// Open opens the files.
	Open func(name string) (io.ReadCloser, error)

	// Tenants above 0 spreads the owners of the jobs over so many frameworks: the first owner to
	// appear to the first, and round again. Where a trace does not know owners, each job counts as one.
	Tenants int
	// Limit above 0 stops after so many jobs.
	Limit int64
	// Scale multiplies the times of arrival; 0 is the same as drf.Unit.
	Scale drf.Amount
	// Sample above 0 draws jobs until they ask for so much of the cluster, where drf.Unit is all of it:
	// see sampled. SampleSeed says which.
	Sample     drf.Amount
	SampleSeed int64
	// Fill leaves out times and order: everything arrives at once and never ends.
	Fill bool
}

// Reader reads a trace once.
type Reader struct {
	opts    Options
	format  *Format
	lines   lines
	parser  parser
	cluster cluster
	summary *Summary

	record  record
	lastID  string
	tenants map[string]string // by owner
}

// parser reads lines of one format.
type parser interface {
	// parse returns false for a line that holds no job, or a broken one.
	parse(r *record, c *cluster) (Job, bool)
}

// ErrEmpty is wrapped by the error for a trace without a job that can be simulated.
var ErrEmpty = errors.New("no job to simulate")

// Open makes a Reader and reads the machines; nothing is read of the trace yet.
func Open(opts Options) (*Reader, error) {
	f, err := Lookup(opts.Format)
	if err != nil {
		return nil, err
	}
	if opts.Scale == 0 {
		opts.Scale = drf.Unit
	}
	if opts.Tenants < 0 || opts.Limit < 0 || opts.Scale < 0 || opts.Scale > drf.MaxWeight ||
		opts.Sample < 0 || opts.Sample > drf.MaxWeight {
		return nil, fmt.Errorf("tenants and limit must not be negative, nor scale and sample, which are at most %s", drf.MaxWeight)
	}
	t := &Reader{
		opts: opts, format: f, parser: f.start(), summary: newSummary(f.Name), tenants: make(map[string]string),
		lines: lines{open: opts.Open, files: opts.Files},
	}
	machines := f.defaults
	if opts.Cluster != "" {
		if machines, err = loadCluster(f, opts.Cluster, opts.Open); err != nil {
			return nil, err
		}
	} else if f.needsCluster {
		return nil, fmt.Errorf("%s traces name no machines: give --cluster FILE, %s", f.Name, f.clusterHint())
	}
	t.cluster.add(machines...)
	t.record.untimed = opts.Fill
	return t, nil
}

// Machines are those of the trace; complete once the first job has been read.
func (t *Reader) Machines() []Machine { return t.cluster.machines }

// Summary says what has been read so far.
func (t *Reader) Summary() *Summary { return t.summary }

// Jobs reads the jobs in the order of the files, once. An error is the last thing that it gives; for
// files that break the rules of their format it is a strictyaml.Errors.
func (t *Reader) Jobs() iter.Seq2[Job, error] {
	if t.opts.Sample > 0 {
		return t.sampled()
	}
	return func(yield func(Job, error) bool) {
		for t.opts.Limit == 0 || t.summary.Jobs < t.opts.Limit {
			job, err := t.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Job{}, errors.Join(err, t.lines.close()))
				return
			}
			if !yield(job, nil) {
				break
			}
		}
		t.summary.Limited = true
		if err := t.lines.close(); err != nil {
			yield(Job{}, err)
		}
	}
}

// next is the next job that can be simulated.
func (t *Reader) next() (Job, error) {
	r := &t.record
	for {
		if err := t.lines.next(r); err != nil {
			return Job{}, err
		}
		job, ok := t.parser.parse(r, &t.cluster)
		if r.err == nil && ok {
			t.summary.Read++
			job.Line = r.line
			t.finish(r, &job)
		}
		switch {
		case r.err != nil:
			return Job{}, strictyaml.Errors{r.err}
		case ok && r.reason != "":
			t.summary.leaveOut(r)
		case ok:
			t.summary.add(r, &job)
			return job, nil
		}
	}
}

// finish applies the options and the rules of all formats to a job.
func (t *Reader) finish(r *record, job *Job) {
	t.scale(r, job)
	for i := range job.Groups {
		g := &job.Groups[i]
		if t.opts.Fill {
			g.DurationMillis, g.After = 0, ""
		}
		t.check(r, g)
	}
	if r.reason != "" || r.err != nil {
		return
	}
	t.unique(job)
	t.assign(job)
	if !taskgroup.IsFrameworkName(job.Framework) {
		r.fail(0, "", fmt.Sprintf("%s is not %s", short(job.Framework), taskgroup.FrameworkRule))
	}
	for _, g := range job.Groups {
		if !taskgroup.IsName(g.Name) {
			r.fail(0, "", fmt.Sprintf("%s is not %s", short(g.Name), taskgroup.NameRule))
		}
	}
}

func (t *Reader) scale(r *record, job *Job) {
	if t.opts.Fill {
		job.ArrivalMillis = 0
		return
	}
	if job.ArrivalMillis < 0 {
		r.impossible("arrives before the beginning of the trace")
		return
	}
	high, low := bits.Mul64(uint64(job.ArrivalMillis), uint64(t.opts.Scale))
	low, carry := bits.Add64(low, uint64(drf.Unit)/2, 0)
	if high += carry; high >= uint64(drf.Unit) {
		r.impossible("arrives after more than a hundred years")
		return
	}
	scaled, _ := bits.Div64(high, low, uint64(drf.Unit))
	if job.ArrivalMillis = int64(min(scaled, maxMillis+1)); job.ArrivalMillis > maxMillis {
		r.impossible("arrives after more than a hundred years")
	}
}

// check says why a scenario would not have a group, or would never run it.
func (t *Reader) check(r *record, g *Group) {
	switch {
	case r.reason != "":
	case g.Instances < 1:
		r.impossible("has no instance")
	case g.Instances > maxInstances:
		r.impossible("has more than " + strconv.Itoa(maxInstances) + " instances")
	case amountOf(g.Resources, "cpus") == 0 && amountOf(g.Resources, "mem") == 0:
		r.impossible("asks for neither cpus nor mem")
	case g.DurationMillis > maxMillis:
		r.impossible("lasts more than a hundred years")
	}
	if why := t.cluster.refuses(g); why != "" {
		r.impossible(why)
	}
}

// unique appends the number of the job to an id that does not rise.
func (t *Reader) unique(job *Job) {
	if job.named {
		return
	}
	if compareNatural(job.ID, t.lastID) > 0 {
		t.lastID = job.ID
		return
	}
	for i := range job.Groups {
		suffix := "." + strconv.FormatInt(t.summary.Read, 10)
		g := &job.Groups[i]
		g.Name += suffix
		if g.After != "" {
			g.After += suffix
		}
	}
}

// assign gives the job to a tenant.
func (t *Reader) assign(job *Job) {
	if t.opts.Tenants == 0 {
		return
	}
	turn := t.summary.Jobs
	if job.owner != "" {
		if name, ok := t.tenants[job.owner]; ok {
			job.Framework = name
			return
		}
		turn = int64(len(t.tenants))
	}
	job.Framework = fmt.Sprintf("tenant-%d", 1+turn%int64(t.opts.Tenants))
	if job.owner != "" {
		t.tenants[job.owner] = job.Framework
	}
}

// compareNatural orders by runs of digits as numbers, and all else as bytes: j9 < j10.
func compareNatural(a, b string) int {
	for a != "" && b != "" {
		x, y := digits(a), digits(b)
		if x == "" || y == "" {
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		if c := compareDigits(x, y); c != 0 {
			return c
		}
		a, b = a[len(x):], b[len(y):]
	}
	return cmp.Compare(len(a), len(b))
}

// digits is the run of digits that s begins with.
func digits(s string) string {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return s[:n]
}

// compareDigits compares numbers of any length; of equal ones, that with fewer zeros comes first, so
// that different texts are never equal.
func compareDigits(a, b string) int {
	x, y := strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y), cmp.Compare(len(a), len(b)))
}
