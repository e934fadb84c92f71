package allocator

import (
	"fmt"
	"slices"
	"strings"
)

// Estimate says when a group starts, as far as that can be told.
type Estimate struct {
	// Known is false if nothing supports a time; Assumes says why not then.
	Known bool
	At    int64
	// Assumes is what the time rests on.
	Assumes string
}

// maxForecast bounds the decisions that an estimate makes.
const maxForecast = 5_000

// maxTried bounds what an estimate may copy: runs, groups and agents.
const maxTried = 20_000

// ImageToTry is an Image for EstimateStart; nil if trying it out would take too
// long.
func (s *State) ImageToTry() *Image {
	if s.runs.live+len(s.groups)+len(s.agentIndex) > maxTried {
		return nil
	}
	return s.Image()
}

// EstimateStart says when the next instance of a group would start if everything
// went on as it did: runs end when their like did before, nothing new is
// submitted, and what nobody uses is ours. It tries that out on a copy, with the
// same decisions as ever.
func EstimateStart(cfg Config, m *Image, framework, name string) (Estimate, error) {
	if m == nil {
		return Estimate{Assumes: "there is too much to try it out"}, nil
	}
	cfg.FairnessMillis = 0 // which nobody will ask for
	s, err := restoreOwned(cfg, m)
	if err != nil {
		return Estimate{}, err
	}
	g, ok := s.groups[groupKey{framework, name}]
	if !ok {
		return Estimate{}, fmt.Errorf("%w: task group %s/%s", ErrUnknown, framework, name)
	}
	return s.forecast(g), nil
}

// forecast goes on with a State, which is of no other use then, until an
// instance of a group starts.
func (s *State) forecast(g *group) Estimate {
	if s.impossible(g) {
		return Estimate{Assumes: "it can't start on this cluster"}
	}
	f := &forecasting{s: s, target: g, means: s.meanRuns(), ends: map[string]string{}}
	for r := range s.runs.all() {
		f.expect(r)
	}
	for range maxForecast {
		if started := f.tick(); started {
			return Estimate{Known: true, At: s.now, Assumes: f.assumption()}
		}
		if g.over() {
			return Estimate{Assumes: "what it comes after would not finish well"}
		}
		if !f.next() {
			return Estimate{Assumes: nothingTells}
		}
	}
	if len(f.due) == 0 {
		return Estimate{Assumes: nothingTells}
	}
	return Estimate{Assumes: "too much would come before it to try it out"}
}

const nothingTells = "nothing tells when what it waits for ends"

type forecasting struct {
	s      *State
	target *group
	means  map[groupKey]meanRun // with an empty name: of all groups of a framework
	due    heap[runTimer]
	names  []string          // of the groups that ended something, in order
	ends   map[string]string // by name, how long they run
	// preempts counts the runs that are ended for others.
	preempts int64
}

// meanRun is how long runs that ended by themselves took.
type meanRun struct {
	sum   int64
	count int64
}

// meanRuns adds up what is remembered of runs that ended by themselves.
func (s *State) meanRuns() map[groupKey]meanRun {
	out := map[groupKey]meanRun{}
	for key, g := range s.groups { // commutes: sums
		for _, a := range g.history {
			if a.Outcome != Finished && a.Outcome != Failed {
				continue
			}
			for _, of := range []groupKey{key, {key.framework, ""}} {
				m := out[of]
				out[of] = meanRun{m.sum + a.End - a.Start, m.count + 1}
			}
		}
	}
	return out
}

// lasts is how long a run of a group is expected to take, and why.
func (f *forecasting) lasts(g *group) (millis int64, why string, ok bool) {
	if g.stays() {
		return 0, "", false
	}
	limit := g.spec.MaxRuntimeMillis
	own, all := f.means[groupKey{g.spec.Framework, g.spec.Name}], f.means[groupKey{g.spec.Framework, ""}]
	switch {
	case own.count > 0:
		millis, why = own.sum/own.count, fmt.Sprintf("as its %s did", countOf(own.count, "run"))
	case all.count > 0:
		millis, why = all.sum/all.count, fmt.Sprintf("as %s of its framework did", countOf(all.count, "run"))
	}
	if limit > 0 && (why == "" || millis > limit) {
		millis, why = limit, "its max_runtime"
	}
	return millis, why, why != ""
}

// countOf is n things: "1 run", "2 runs".
func countOf[N int | int32 | int64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// expect notes when a run will end. One that took longer already is taken to
// run for as long again.
func (f *forecasting) expect(r *run) {
	millis, _, ok := f.lasts(r.group)
	switch age := f.s.now - r.started; {
	case r.killAt != never:
		f.due.push(runTimer{f.s.now, r.id})
	case !ok:
	case age > millis:
		f.due.push(runTimer{f.s.now + age, r.id})
	default:
		f.due.push(runTimer{r.started + millis, r.id})
	}
}

// tick decides, and reports whether the group was launched.
func (f *forecasting) tick() bool {
	for _, a := range f.s.decide() {
		switch a := a.(type) {
		case *Accept:
			for k := range a.Launches {
				r := f.s.runOf(a.Launches[k].Run)
				if r.group == f.target {
					return true
				}
				f.expect(r)
			}
		case Kill:
			f.due.push(runTimer{f.s.now, a.Run})
		case Preempt:
			f.due.push(runTimer{f.s.now, a.Run})
			f.preempts++
		}
	}
	return false
}

// next goes to the next time at which anything happens, and lets the runs end
// that are due then. It reports false if nothing will.
func (f *forecasting) next() bool {
	at, ok := f.s.NextDeadline()
	if len(f.due) > 0 && (!ok || f.due[0].at < at) {
		at, ok = f.due[0].at, true
	}
	if !ok {
		return false
	}
	f.s.advance(at)
	for len(f.due) > 0 && f.due[0].at <= f.s.now {
		f.end(f.s.runOf(f.due.pop().run))
	}
	return true
}

// end lets a run end well, or as killed if that was asked for.
func (f *forecasting) end(r *run) {
	if r == nil {
		return
	}
	state := TaskFinished
	if r.killAt != never {
		state = TaskKilled
	} else {
		f.note(r.group)
	}
	for t := range r.states() {
		f.s.applyTaskUpdated(&TaskUpdated{Run: r.id, Task: int32(t), State: state}) //nolint:errcheck // the run and the state are known
	}
}

// note remembers on whose end the estimate rests.
func (f *forecasting) note(g *group) {
	name := g.spec.Framework + "/" + g.spec.Name
	if _, ok := f.ends[name]; ok {
		return
	}
	millis, why, _ := f.lasts(g)
	f.ends[name] = fmt.Sprintf("%s runs for %s, %s", name, howLong(millis), why)
	f.names = append(f.names, name)
}

// assumption says what has to come true.
func (f *forecasting) assumption() string {
	const most = 3
	var parts []string
	for _, name := range f.names[:min(len(f.names), most)] {
		parts = append(parts, f.ends[name])
	}
	if n := len(f.names) - most; n > 0 {
		parts = append(parts, fmt.Sprintf("%d more groups as their like did", n))
	}
	if f.preempts > 0 {
		parts = append(parts, "preemption ends "+countOf(f.preempts, "run"))
	}
	return strings.Join(append(parts, "nothing else is submitted"), "; ")
}

// restoreOwned copies a State with every agent as if it was ours alone. Its GPUs are
// then devices, and it may be none for a daemon group any more that asks for parts
// of them: what is held for these is left out.
func restoreOwned(cfg Config, m *Image) (*State, error) {
	own := *m
	own.Holds = slices.DeleteFunc(slices.Clone(m.Holds), func(h Hold) bool {
		return slices.ContainsFunc(m.Groups, func(g GroupImage) bool {
			return g.Spec.PerAgent && g.Spec.Framework == h.Framework && g.Spec.Name == h.Group
		})
	})
	own.Agents = slices.Clone(m.Agents)
	for i := range own.Agents {
		own.Agents[i].Owned = own.Agents[i].Owned || !own.Agents[i].Lost
	}
	return Restore(cfg, &own)
}
