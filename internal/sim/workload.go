package sim

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"fairlead/allocator"
	"fairlead/internal/taskgroup"
)

// workload gives the groups of a scenario in the order of their arrival; those of one time in the
// order of the file, then those of Scenario.Arrivals. It holds the next arrival of each entry of the
// file and of the stream, and no more.
type workload struct {
	groups []Group
	seed   int64
	line   []head // a heap: the next arrival of each entry
	feeds  map[int]*feed
	stream func() (Group, error, bool)
	close  func()
	// ahead is the next group of the stream.
	ahead Group
	more  bool
}

// head is the next arrival of an entry.
type head struct {
	at    int64
	entry int
	k     int // which instance arrives, where they do so one by one
}

func (a head) compare(b head) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.entry, b.entry), cmp.Compare(a.k, b.k))
}

// arrival is a group with what the allocator is told of it.
type arrival struct {
	group *Group
	core  allocator.Group
	// streamed groups are those of Scenario.Arrivals.
	streamed bool
}

func newWorkload(s *Scenario) (*workload, error) {
	w := &workload{groups: s.Groups, seed: s.Seed, feeds: make(map[int]*feed), close: func() {}}
	for i := range w.groups {
		g := &w.groups[i]
		if g.arrival == nil {
			w.line = append(w.line, head{at: g.ArrivalMillis, entry: i})
			continue
		}
		f := newFeed(g, s.Seed)
		w.feeds[i] = f
		w.line = append(w.line, f.next(i))
	}
	slices.SortFunc(w.line, head.compare) // a sorted list is a heap
	if s.Arrivals != nil {
		w.stream, w.close = iter.Pull2(s.Arrivals())
		return w, w.pull()
	}
	return w, nil
}

// pull reads the next group of the stream.
func (w *workload) pull() error {
	last := w.ahead.ArrivalMillis
	var err error
	if w.ahead, err, w.more = w.stream(); err != nil || !w.more {
		return err
	}
	if w.ahead.ArrivalMillis < last {
		return fmt.Errorf("task group %s/%s arrives at %d ms, after one that arrives at %d ms: they must be in order",
			w.ahead.Spec.Framework, w.ahead.Spec.Name, w.ahead.ArrivalMillis, last)
	}
	return nil
}

// next is when the next group arrives, and false if none does.
func (w *workload) next() (int64, bool) {
	switch {
	case len(w.line) > 0 && (!w.more || w.line[0].at <= w.ahead.ArrivalMillis):
		return w.line[0].at, true
	case w.more:
		return w.ahead.ArrivalMillis, true
	}
	return 0, false
}

// pop takes the next group; there must be one.
func (w *workload) pop() (arrival, error) {
	if len(w.line) > 0 && (!w.more || w.line[0].at <= w.ahead.ArrivalMillis) {
		return w.popEntry(), nil
	}
	g := w.ahead
	g.seeded(w.seed)
	return arrival{&g, taskgroup.Shape(g.Spec), true}, w.pull()
}

// popEntry takes the first group of the file.
func (w *workload) popEntry() arrival {
	h := w.line[0]
	f := w.feeds[h.entry]
	if f == nil {
		w.dropFirst()
		g := w.groups[h.entry]
		g.seeded(w.seed)
		return arrival{&g, taskgroup.Shape(g.Spec), false}
	}
	a := f.arrival(h)
	if f.left == 0 {
		delete(w.feeds, h.entry)
		w.dropFirst()
		return a
	}
	w.line[0] = f.next(h.entry)
	w.sink()
	return a
}

func (w *workload) dropFirst() {
	last := len(w.line) - 1
	w.line[0], w.line = w.line[last], w.line[:last]
	w.sink()
}

// sink moves the first head to its place.
func (w *workload) sink() {
	for i := 0; ; {
		child := 2*i + 1
		if child >= len(w.line) {
			return
		}
		if child+1 < len(w.line) && w.line[child+1].compare(w.line[child]) < 0 {
			child++
		}
		if w.line[i].compare(w.line[child]) <= 0 {
			return
		}
		w.line[i], w.line[child] = w.line[child], w.line[i]
		i = child
	}
}

// feed is an entry whose instances arrive one by one, each as a group of its own.
type feed struct {
	group  Group
	core   allocator.Group
	from   source
	drawn  int     // how many were given
	left   int     // how many are still to come
	millis float64 // when the latest one arrived, by a Poisson process
	sorted []head  // all of them, where they are not drawn in order
}

func newFeed(g *Group, seed int64) *feed {
	f := &feed{group: *g, core: taskgroup.Shape(g.Spec), from: stream(seed, "arrival", g), left: int(g.Spec.Instances)}
	f.group.seeded(seed)
	if g.arrival.kind == poisson {
		return f
	}
	f.sorted = make([]head, f.left)
	for k := range f.sorted {
		f.sorted[k] = head{at: g.arrival.value(f.from, k, 0), k: k}
	}
	slices.SortFunc(f.sorted, head.compare)
	return f
}

// next draws the next arrival; there must be one.
func (f *feed) next(entry int) head {
	h := head{entry: entry, k: f.drawn}
	if f.sorted != nil {
		h.at, h.k = f.sorted[f.drawn].at, f.sorted[f.drawn].k
	} else {
		f.millis += f.group.arrival.gap(f.from, f.drawn)
		h.at = whole(f.millis)
	}
	f.drawn++
	f.left--
	return h
}

// arrival makes a group of one instance.
func (f *feed) arrival(h head) arrival {
	spec := *f.group.Spec
	spec.Name, spec.Instances = instanceName(spec.Name, h.k), 1
	g, core := f.group, f.core
	g.Spec, g.ArrivalMillis, g.number = &spec, h.at, h.k
	core.Name, core.Instances = spec.Name, 1
	return arrival{&g, core, false}
}
