package allocator

import (
	"cmp"
	"fmt"
	"slices"
)

// Step is something that happened to a group.
type Step struct {
	At      int64
	What    StepKind
	Message string
}

// StepKind says what kind of thing a Step is.
type StepKind string

// The kinds of steps.
const (
	StepSubmitted StepKind = "submitted"
	StepInLine    StepKind = "in-line" // it waits for no other group any more
	StepHeld      StepKind = "held"    // room began to be kept for it
	StepReleased  StepKind = "released"
	StepLaunched  StepKind = "launched"
	StepEnded     StepKind = "ended"
)

// maxTrail bounds the steps that a group remembers, and those that are told.
const maxTrail = 32

// trace books a step that nothing else remembers.
func (s *State) trace(g *group, what StepKind, message string) {
	if len(g.trail) >= maxTrail {
		g.trail = slices.Delete(g.trail, 0, 1)
	}
	g.trail = append(g.trail, Step{s.now, what, message})
}

// trailOf tells what happened to a group: the beginning, and the latest.
func (s *State) trailOf(g *group, e *Explanation) {
	steps := slices.Clone(g.trail)
	for _, a := range g.history {
		steps = append(steps, Step{a.Start, StepLaunched, fmt.Sprintf("instance %d on %s", a.Instance, s.agentText(a.Agent))})
		text := fmt.Sprintf("instance %d on %s: %s", a.Instance, s.agentText(a.Agent), a.Outcome)
		if a.Message != "" {
			text += ": " + a.Message
		}
		steps = append(steps, Step{a.End, StepEnded, text})
	}
	for n := range g.instances {
		if in := &g.instances[n]; in.state == instanceLive {
			r := s.runOf(in.run)
			steps = append(steps, Step{r.started, StepLaunched, fmt.Sprintf("instance %d on %s", n, s.agents[r.agent].text())})
		}
	}
	slices.SortStableFunc(steps, func(a, b Step) int { return cmp.Compare(a.At, b.At) })
	if len(steps) > maxTrail {
		steps = steps[len(steps)-maxTrail:]
	}
	e.Trail = append([]Step{{g.arrived, StepSubmitted, ""}}, steps...)
	if g.at >= 0 && g.bucket != nil {
		e.Sought = int64(g.bucket.shape.sought - g.soughtBefore)
	}
}
