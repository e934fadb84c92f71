package allocator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"fairlead/drf"
)

// printActions prints what a Tick decided. Placements come in the order in
// which they were decided, each with the shares that it was decided on.
func (sc *script) printActions(actions []Action) {
	if len(actions) == 0 {
		sc.printf("nothing to do")
	}
	for _, a := range actions {
		switch a := a.(type) {
		case *Settle:
			sc.printf("settle %s: %s%s", sc.names[a.Run], a.Outcome, retryText(a))
		case Kill:
			sc.printf("kill %s on %s%s", sc.names[a.Run], a.Agent, causeText(a))
		case Occur:
			sc.printf("occur %s/%s, due at %d ms", a.Framework, a.Group, a.Due)
		case Skip:
			sc.printf("skip %s/%s, due at %v ms: %s", a.Framework, a.Group, a.Due, a.Message)
		case Stop:
			sc.printf("stop %s/%s: %s", a.Framework, a.Group, a.Message)
		case Abandon:
			sc.printf("abandon %s/%s: %s", a.Framework, a.Group, a.Message)
		}
	}
	sc.printPlacements(actions)
	for _, a := range actions {
		switch a := a.(type) {
		case Hold:
			known := ""
			if a.CompleteBy > 0 {
				known = fmt.Sprintf(", complete by %d ms", a.CompleteBy)
			}
			sc.printf("hold %s for %s/%s until %d ms%s", holdText(a), a.Framework, a.Group, a.Until, known)
		case Preempt:
			sc.printf("preempt %s on %s %s", sc.names[a.Run], a.Agent, a.Message)
		case Release:
			sc.printf("release %s/%s: %s", a.Framework, a.Group, a.Message)
		case *Accept:
			if len(a.Offers) > 0 {
				sc.printf("accept %s for %d launches on %s; refuse the rest for %d ms",
					strings.Join(a.Offers, "+"), len(a.Launches), a.Agent, a.RefuseMillis)
			}
		case Decline:
			sc.printf("decline %s; refuse for %d ms", strings.Join(a.Offers, "+"), a.RefuseMillis)
		case Revive:
			sc.printf("revive")
		case Suppress:
			sc.printf("suppress")
		}
	}
}

// holdText names the agents of a hold: "a1 x 2 + a2".
func holdText(h Hold) string {
	var out []string
	for _, on := range h.On {
		text := on.Agent
		if on.Instances > 1 {
			text = fmt.Sprintf("%s x %d", text, on.Instances)
		}
		out = append(out, text)
	}
	return strings.Join(out, " + ")
}

func causeText(a Kill) string {
	switch {
	case a.Cause == KillAsked:
		return ""
	case a.Message != "":
		return fmt.Sprintf(": %s, %s", a.Cause, a.Message)
	}
	return ": " + a.Cause.String()
}

func retryText(a *Settle) string {
	text := ""
	if a.Message != "" {
		text += fmt.Sprintf(" (%s)", a.Message)
	}
	if a.Retry {
		text += fmt.Sprintf(", again from %d ms", a.NotBefore)
		if a.Charged {
			text += ", counted"
		}
	}
	return text
}

// printPlacements tells the story of the placements: the tree as it was before
// the first of them is built once more, and follows each.
func (sc *script) printPlacements(actions []Action) {
	type placement struct {
		agent string
		Launch
	}
	var placed []placement
	for _, a := range actions {
		if a, ok := a.(*Accept); ok {
			for _, l := range a.Launches {
				placed = append(placed, placement{a.Agent, l})
			}
		}
	}
	slices.SortFunc(placed, func(a, b placement) int { return cmp.Compare(a.Run.Seq(), b.Run.Seq()) })
	tree := newStory(sc.s.View())
	for _, p := range placed {
		tree.held[p.Framework] = mustSub(tree.held[p.Framework], p.Charge)
	}
	for _, p := range placed {
		text := ""
		if len(p.Ports) > 0 {
			text += fmt.Sprintf(" ports %v", p.Ports)
		}
		if len(p.Items) > 0 {
			text += fmt.Sprintf(" items %v", p.Items)
		}
		if len(p.Devices) > 0 {
			text += fmt.Sprintf(" gpus %v", p.Devices)
		}
		if p.Slot {
			text += " on a slot"
		}
		sc.printf("%s on %s%s as %s   %s", sc.names[p.Run], p.agent, text, p.Run, tree.shares())
		tree.held[p.Framework] = tree.held[p.Framework].Add(p.Charge)
	}
}

func mustSub(v, w drf.Vector) drf.Vector {
	left, ok := v.Sub(w)
	if !ok {
		panic("a framework holds less than was launched for it")
	}
	return left
}

// story follows what frameworks hold while the placements of a Tick are told.
type story struct {
	view *View
	held map[string]drf.Vector // by framework; in the scripts each has one role
}

func newStory(v *View) *story {
	st := &story{view: v, held: map[string]drf.Vector{}}
	for _, f := range v.Frameworks {
		st.held[f.Framework] = st.held[f.Framework].Add(f.Allocated)
	}
	return st
}

// shares prints every framework's dominant share, grouped by role if there is
// more than one, each over its weight if that is not 1.
func (st *story) shares() string {
	var out []string
	for _, r := range st.view.Roles {
		var sum drf.Vector
		var leaves []string
		for _, f := range st.view.Frameworks {
			if f.Role == r.Role {
				sum = sum.Add(st.held[f.Framework])
				leaves = append(leaves, f.Framework+" "+st.share(st.held[f.Framework], f.Weight))
			}
		}
		text := strings.Join(leaves, ", ")
		if len(st.view.Roles) > 1 && len(leaves) > 0 {
			text = fmt.Sprintf("%s %s {%s}", r.Role, st.share(sum, r.Weight), text)
		}
		if len(leaves) > 0 {
			out = append(out, text)
		}
	}
	return strings.Join(out, "; ")
}

func (st *story) share(v drf.Vector, weight drf.Amount) string {
	var most drf.Share
	for k, a := range v {
		if s := (drf.Share{Num: uint64(a), Den: uint64(st.view.Total[k])}); s.Den > 0 && s.Compare(most) > 0 {
			most = s
		}
	}
	if weight != drf.Unit {
		return fmt.Sprintf("%s:%s", most, weight)
	}
	return most.String()
}

// printShares prints the tree as shares does in the command line.
func (sc *script) printShares() {
	v := sc.s.View()
	for _, f := range v.Frameworks {
		sc.printf("%s %s: %s of %s, weight %s, holds %s, %d running, %d pending", f.Role, f.Framework, f.Share,
			cmp.Or(f.Dominant, "nothing"), f.Weight, sc.s.kinds.Format(f.Allocated), f.Running, f.Pending)
	}
}

// printCounts prints how many runs each framework has on each agent.
func (sc *script) printCounts() {
	count := map[[2]string]int{}
	for r := range sc.s.runs.all() {
		count[[2]string{r.group.spec.Framework, sc.s.agents[r.agent].id}]++
	}
	v := sc.s.View()
	for _, f := range v.Frameworks {
		for _, a := range v.Agents {
			sc.printf("%s on %s: %d runs", f.Framework, a.Agent, count[[2]string{f.Framework, a.Agent}])
		}
	}
}

// printView prints agents and groups, or one group.
func (sc *script) printView(name string) {
	v := sc.s.View()
	if name == "" {
		for _, a := range v.Agents {
			lost := ""
			if a.Lost {
				lost = ", lost"
			}
			sc.printf("agent %s: %s of %s used by %d runs, %d offers%s", a.Agent,
				sc.s.kinds.Format(a.Used), sc.s.kinds.Format(a.Total), a.Runs, a.Offers, lost)
		}
	}
	for _, g := range v.Groups {
		if name != "" && name != g.Framework+"/"+g.Name {
			continue
		}
		text := ""
		if g.Message != "" {
			text = fmt.Sprintf(" (%s)", g.Message)
		}
		sc.printf("%s/%s %s%s: %d running, %d pending, %d finished, %d failed, %d killed", g.Framework, g.Name,
			g.State(), text, g.Running, g.Pending, g.Finished, g.Failed, g.Killed)
		for _, r := range g.Runs {
			sc.printf("  %d %s, attempt %d", r.Instance, r.State, r.Attempts)
		}
		for _, h := range g.History {
			sc.printf("  %s was instance %d on %s from %d to %d ms: %s", h.Run, h.Instance, h.Agent, h.Start, h.End, h.Outcome)
		}
	}
}

func (sc *script) printExplanation(name string) error {
	framework, group, _ := strings.Cut(name, "/")
	e, err := sc.s.Explain(framework, group)
	if err != nil {
		sc.printf("refused: %v", err)
		return nil
	}
	sc.printf("%s: %d of %d running, %d pending", e.State, e.Running, e.Instances, e.Pending)
	sc.printf("  = %s", e.Summary)
	for _, r := range e.Reasons {
		sc.printf("  %s: %s", r.Code, r.Message)
	}
	return nil
}

// printStory prints what explain leaves out: how it came about, and when it may
// end.
func (sc *script) printStory(name string) error {
	framework, group, _ := strings.Cut(name, "/")
	e, err := sc.s.Explain(framework, group)
	if err != nil {
		return err
	}
	for _, step := range e.Trail {
		sc.printf("  %d ms: %s", step.At, strings.TrimSpace(string(step.What)+" "+step.Message))
	}
	if e.Sought > 0 {
		sc.printf("  sought %d times", e.Sought)
	}
	if e.Pending == 0 {
		return nil
	}
	start, err := EstimateStart(sc.s.cfg, sc.s.ImageToTry(), framework, group)
	if start.Known {
		sc.printf("  starts at %d ms, if %s", start.At, start.Assumes)
	} else {
		sc.printf("  start unknown: %s", start.Assumes)
	}
	return err
}
