package sim

import (
	"math/bits"
	"math/rand/v2"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/strictyaml"
)

// Faults is what goes wrong in a simulation. Whether a run is hit depends on the seed, the names of
// framework and group, the instance and its attempt, so that the same ones are under every policy.
type Faults struct {
	// startDelay is the time from a launch to the start of the tasks.
	startDelay *draw
	// Jitter is by which part of itself a run time is longer or shorter at most.
	Jitter drf.Amount
	// Failures, Dropped, LostUpdates and LateUpdates are parts of all runs: of those that fail
	// somewhere on their way, whose launch never arrives, whose end is only heard of in the next
	// reconciliation, and whose end is heard of late.
	Failures, Dropped, LostUpdates, LateUpdates drf.Amount
	lateBy                                      *draw
	// ReconcileMillis is how long it takes until a loss is noticed.
	ReconcileMillis int64
	// up and down are how long agents live, and how long they are away then; nil if they live for ever.
	up, down *draw
	// Rescinds is the part of the offers that are taken back before they are answered, with WholeAgents.
	Rescinds drf.Amount
}

const defaultReconcile = 60_000

func faults(v strictyaml.Value, mode Mode) *Faults {
	f := &Faults{ReconcileMillis: defaultReconcile}
	o, ok := v.Object()
	if !ok {
		return f
	}
	defer o.Done()
	if v, ok := o.Optional("start_delay"); ok {
		f.startDelay = drawn(v)
	}
	for _, each := range []struct {
		name string
		into *drf.Amount
	}{
		{"jitter", &f.Jitter}, {"failures", &f.Failures}, {"dropped", &f.Dropped}, {"lost_updates", &f.LostUpdates},
	} {
		if v, ok := o.Optional(each.name); ok {
			*each.into = partOf(v)
		}
	}
	if v, ok := o.Optional("rescinds"); ok {
		if f.Rescinds = partOf(v); mode != WholeAgents {
			v.Failf("is for mode offers only")
		}
	}
	if v, ok := o.Optional("late_updates"); ok {
		f.late(v)
	}
	if v, ok := o.Optional("reconcile"); ok {
		f.ReconcileMillis, _ = v.Millis()
	}
	if v, ok := o.Optional("agents"); ok {
		f.lives(v)
	}
	return f
}

// drawn reads a time that is the same each time, or how it is drawn.
func drawn(v strictyaml.Value) *draw {
	ms, d := timeOrDraw(v, false)
	if d == nil {
		d = &draw{kind: "uniform", first: ms, second: ms}
	}
	return d
}

// partOf reads a part of one.
func partOf(v strictyaml.Value) drf.Amount {
	a, ok := v.Amount()
	if ok && a > drf.Unit {
		v.Failf("expected a part, from 0 to 1")
	}
	return a
}

func (f *Faults) late(v strictyaml.Value) {
	o, ok := v.Object()
	if !ok {
		return
	}
	defer o.Done()
	if v, ok := o.Required("part"); ok {
		f.LateUpdates = partOf(v)
	}
	if v, ok := o.Required("by"); ok {
		f.lateBy = drawn(v)
	}
}

func (f *Faults) lives(v strictyaml.Value) {
	o, ok := v.Object()
	if !ok {
		return
	}
	defer o.Done()
	if v, ok := o.Required("up"); ok {
		f.up = drawn(v)
	}
	if v, ok := o.Required("down"); ok {
		f.down = drawn(v)
	}
}

// hits draws whether something happens that happens to a part of all.
func hits(r *rand.PCG, part drf.Amount) bool {
	high, _ := bits.Mul64(r.Uint64(), uint64(drf.Unit))
	return drf.Amount(high) < part
}

// fate is what becomes of a run.
type fate struct {
	dropped bool
	delay   int64 // until its tasks start
	lasts   int64 // then, 0 if it never ends
	how     allocator.TaskState
	late    int64 // until its end is told
}

// fields that are drawn of each run, by themselves.
const (
	drawDropped = iota
	drawDelay
	drawJitter
	drawFails
	drawFailsAt
	drawLost
	drawLate
	drawLateBy
	drawnFields
)

// fateOf says what becomes of the k-th run of a group; it would last for some time, or for ever if that is 0.
func (f *Faults) fateOf(from source, k int, lasts int64) fate {
	out := fate{lasts: lasts, how: allocator.TaskFinished}
	one := func(field int) *rand.PCG { return from.at(k*drawnFields + field) }
	if out.dropped = hits(one(drawDropped), f.Dropped); out.dropped {
		return out
	}
	if f.startDelay != nil {
		out.delay = f.startDelay.valueOf(one(drawDelay), 0)
	}
	if lasts == 0 {
		return out
	}
	if f.Jitter > 0 {
		most := min(lasts, longestMillis/1000) * int64(f.Jitter) / int64(drf.Unit)
		high, _ := bits.Mul64(one(drawJitter).Uint64(), uint64(2*most+1))
		out.lasts = max(lasts-most+int64(high), 1)
	}
	if hits(one(drawFails), f.Failures) {
		high, _ := bits.Mul64(one(drawFailsAt).Uint64(), uint64(out.lasts))
		out.lasts, out.how = int64(high)+1, allocator.TaskFailed
	}
	switch {
	case hits(one(drawLost), f.LostUpdates):
		out.late = f.ReconcileMillis
	case f.lateBy != nil && hits(one(drawLate), f.LateUpdates):
		out.late = f.lateBy.valueOf(one(drawLateBy), 0)
	}
	return out
}

// outages begin with the death of each agent. An agent that is away is not in the cluster, whatever was
// planned for it.
func (e *engine) outages() {
	if e.scenario.Faults == nil || e.scenario.Faults.up == nil {
		return
	}
	for i := range e.nodes {
		e.nodes[i].lives = sourceOf(e.scenario.Seed, "outages", "", e.nodes[i].agent.Name)
		e.nextOutage(int32(i))
	}
}

// nextOutage draws when an agent dies, or comes back.
func (e *engine) nextOutage(i int32) {
	n, f := &e.nodes[i], e.scenario.Faults
	length := f.up
	if n.broken {
		length = f.down
	}
	e.broken.push(event{at: e.now + length.value(n.lives, n.outages, 1), run: allocator.RunID(i)})
	n.outages++
}

// breakOrMend lets the next agent die or come back.
func (e *engine) breakOrMend() error {
	i := int32(e.broken.pop().run)
	e.nodes[i].broken = !e.nodes[i].broken
	e.nextOutage(i)
	return e.setNode(i)
}
