package trace

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync/atomic"

	"fairlead/drf"
	"fairlead/internal/sim"
	"fairlead/internal/strictyaml"
	"fairlead/proto"
)

// Stream is a trace as a scenario whose task groups are read while it is simulated, so that only what
// is alive is in memory. Each run of the scenario reads the files again.
type Stream struct {
	Scenario *sim.Scenario

	opts Options
	// read is the Reader of the latest run; runs may go on at the same time.
	read atomic.Pointer[Reader]
}

// OpenStream reads as much of a trace as says where and how long it runs: the machines and, of formats
// whose jobs need not end, everything once.
func OpenStream(opts Options) (*Stream, error) {
	if slices.Contains(opts.Files, "-") {
		return nil, errors.New("a trace is read for each run of it, so that it can't be standard input")
	}
	s := &Stream{opts: opts}
	first, err := Open(opts)
	if err != nil {
		return nil, err
	}
	for _, err := range first.Jobs() {
		if err != nil {
			return nil, err
		}
		if !first.format.endless && !opts.Fill && opts.Sample == 0 {
			break
		}
	}
	if first.summary.Jobs == 0 {
		return nil, fmt.Errorf("%s: %w", strings.Join(opts.Files, ", "), ErrEmpty)
	}
	s.read.Store(first)
	if s.Scenario, err = first.skeleton(); err != nil {
		return nil, err
	}
	s.Scenario.Arrivals = s.arrivals
	return s, nil
}

// Summary says what the latest run read.
func (s *Stream) Summary() *Summary { return s.read.Load().Summary() }

// skeleton is the scenario without its groups.
func (t *Reader) skeleton() (*sim.Scenario, error) {
	var text bytes.Buffer
	out := newWriter(&text)
	out.begin(t.name(), t.cluster.machines)
	out.end(t.until(), t.holdsNothing())
	if err := out.Flush(); err != nil {
		return nil, err
	}
	all, err := sim.Parse("the machines", text.Bytes())
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// arrivals reads the files anew.
func (s *Stream) arrivals() iter.Seq2[sim.Group, error] {
	return func(yield func(sim.Group, error) bool) {
		t, err := Open(s.opts)
		if err != nil {
			yield(sim.Group{}, err)
			return
		}
		s.read.Store(t)
		groups := t.groups()
		if t.format.unsorted && t.opts.Sample == 0 {
			groups = sorted(groups)
		}
		for g, err := range groups {
			if !yield(g, err) {
				return
			}
		}
	}
}

// groups are those of all jobs, in the order of the files.
func (t *Reader) groups() iter.Seq2[sim.Group, error] {
	return func(yield func(sim.Group, error) bool) {
		last := int64(0)
		for job, err := range t.Jobs() {
			if err == nil && job.ArrivalMillis < last && !t.format.unsorted {
				err = strictyaml.Errors{{File: t.record.file, Line: job.Line, Column: 1,
					Message: "arrives before the job above it: sort the file, or use 'fairlead trace import'"}}
			}
			if err != nil {
				yield(sim.Group{}, err)
				return
			}
			last = job.ArrivalMillis
			for i := range job.Groups {
				if !yield(job.simulated(&job.Groups[i]), nil) {
					return
				}
			}
		}
	}
}

// sorted holds all groups in memory and gives them by arrival.
func sorted(groups iter.Seq2[sim.Group, error]) iter.Seq2[sim.Group, error] {
	return func(yield func(sim.Group, error) bool) {
		var all []sim.Group
		for g, err := range groups {
			if err != nil {
				yield(g, err)
				return
			}
			all = append(all, g)
		}
		slices.SortStableFunc(all, func(a, b sim.Group) int { return cmp.Compare(a.ArrivalMillis, b.ArrivalMillis) })
		for _, g := range all {
			if !yield(g, nil) {
				return
			}
		}
	}
}

// simulated is a group of the job as package sim would read it from a file.
func (j *Job) simulated(g *Group) sim.Group {
	task := proto.Task{Name: "main"}
	for _, q := range g.Resources {
		if q.Name == "ports" {
			task.Ports = uint32(q.Amount / drf.Unit)
			continue
		}
		task.Resources = append(task.Resources, proto.Resource{Name: q.Name, Milli: int64(q.Amount)})
	}
	slices.SortFunc(task.Resources, func(a, b proto.Resource) int { return cmp.Compare(a.Name, b.Name) })
	spec := &proto.TaskGroup{
		Framework: j.Framework, Name: g.Name, Role: cmp.Or(j.Role, "*"), Instances: uint32(g.Instances),
		Preemptible: true, Tasks: []proto.Task{task},
	}
	if g.Gang {
		spec.GangMin = spec.Instances
	}
	if g.After != "" {
		spec.After = []string{g.After}
	}
	for _, w := range g.Wants {
		spec.Constraints = append(spec.Constraints, proto.Constraint{Field: w.Attribute, Operator: proto.Operator_LIKE, Value: w.pattern()})
	}
	return sim.Group{Spec: spec, ArrivalMillis: j.ArrivalMillis, DurationMillis: g.DurationMillis}
}
