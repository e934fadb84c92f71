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
	// entry is the place of its entry in Scenario.Groups, or fromStream.
	entry int
	// feed is where it comes from if that has more to give.
	feed *feed
}

// fromStream is the entry of the groups of Scenario.Arrivals.
const fromStream = -1

func newWorkload(s *Scenario) (*workload, error) {
	w := &workload{groups: s.Groups, seed: s.Seed, feeds: make(map[int]*feed), close: func() {}}
	for i := range w.groups {
		g := &w.groups[i]
		if g.arrival == nil && g.repeat == nil && g.stages == nil {
			w.line = append(w.line, head{at: g.ArrivalMillis, entry: i})
			continue
		}
		w.feeds[i] = newFeed(g, i, s.Seed)
		w.line = append(w.line, w.feeds[i].next())
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

// take appends what arrives next: a group, or the stages of one. There must be something.
func (w *workload) take(into []arrival) ([]arrival, error) {
	if len(w.line) > 0 && (!w.more || w.line[0].at <= w.ahead.ArrivalMillis) {
		return w.takeEntry(into), nil
	}
	g := w.ahead
	g.seeded(w.seed)
	return append(into, arrival{&g, taskgroup.Shape(g.Spec), fromStream, nil}), w.pull()
}

// takeEntry takes what is next of the file.
func (w *workload) takeEntry(into []arrival) []arrival {
	h := w.line[0]
	f := w.feeds[h.entry]
	if f == nil {
		w.dropFirst()
		g := w.groups[h.entry]
		g.seeded(w.seed)
		return append(into, arrival{&g, taskgroup.Shape(g.Spec), h.entry, nil})
	}
	into = f.arrivals(into, h)
	switch {
	case f.left == 0:
		delete(w.feeds, h.entry)
		w.dropFirst()
	case f.group.repeat != nil: // it waits for the end of this one
		w.dropFirst()
	default:
		w.line[0] = f.next()
		w.sink(0)
	}
	return into
}

// again lets a feed give its next arrival at a time.
func (w *workload) again(f *feed, at int64) {
	if f.left == 0 {
		return
	}
	h := f.next()
	h.at = at
	w.line = append(w.line, h)
	for i := len(w.line) - 1; i > 0; {
		parent := (i - 1) / 2
		if w.line[parent].compare(w.line[i]) <= 0 {
			return
		}
		w.line[i], w.line[parent] = w.line[parent], w.line[i]
		i = parent
	}
}

// stop lets nothing more arrive of an entry.
func (w *workload) stop(entry int) {
	if f := w.feeds[entry]; f != nil {
		f.left = 0
		delete(w.feeds, entry)
	}
	w.line = slices.DeleteFunc(w.line, func(h head) bool { return h.entry == entry })
	slices.SortFunc(w.line, head.compare)
}

func (w *workload) dropFirst() {
	last := len(w.line) - 1
	w.line[0], w.line = w.line[last], w.line[:last]
	w.sink(0)
}

// sink moves a head to its place, away from the first.
func (w *workload) sink(i int) {
	for {
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
