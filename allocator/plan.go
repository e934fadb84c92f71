package allocator

// Plan says what a submission would lead to.
type Plan struct {
	Groups []Planned
	// Before and After are the frameworks without the submission and with it,
	// each once everything that can start has started.
	Before, After []FrameworkView
}

// Verdict says in a word what would become of a group.
type Verdict string

// The verdicts, from best to worst.
const (
	Starts Verdict = "starts" // every instance would start now
	Waits  Verdict = "waits"  // some would have to wait
	Never  Verdict = "never"  // it could not start even if nothing else ran
)

// Planned says what would become of one group.
type Planned struct {
	Framework, Group string
	// Known says that it is there already, so that the submission changes nothing
	// about it.
	Known   bool
	Verdict Verdict
	// Starts is how many instances the next Tick would start, beside those that
	// run already.
	Starts      int32
	Explanation *Explanation
}

// PlanSubmit says what a submission of groups, which Admit accepts, would lead
// to. It decides on a copy of the Image, in which everything that nobody of ours
// uses is free, as if the master offered it at once. O(everything in it).
func PlanSubmit(cfg Config, m *Image, groups []Group) (*Plan, error) {
	s, err := restoreOwned(cfg, m)
	if err != nil {
		return nil, err
	}
	s.decideAll() // what waits already comes first where it is entitled to
	p := &Plan{Before: s.frameworks()}
	running, known := make([]int32, len(groups)), make([]bool, len(groups))
	for i, g := range groups {
		if old, ok := s.groups[groupKey{g.Framework, g.Name}]; ok {
			running[i], known[i] = old.live, true
		}
		if err := s.applyGroupSubmitted(GroupSubmitted{g}); err != nil {
			return nil, err
		}
		if planned := s.groups[groupKey{g.Framework, g.Name}]; planned.isIdle() {
			s.bookOccur(planned, s.now) // what it would do if its time had come
		}
	}
	s.decideAll()
	p.After = s.frameworks()
	small := s.ImageToTry()
	for i, g := range groups {
		e, err := s.Explain(g.Framework, g.Name)
		if err != nil {
			return nil, err
		}
		starts := s.groups[groupKey{g.Framework, g.Name}].live - running[i]
		p.Groups = append(p.Groups, Planned{g.Framework, g.Name, known[i], e.verdict(), starts, e})
		if e.Pending == 0 {
			continue
		}
		start, err := EstimateStart(cfg, small, g.Framework, g.Name)
		if err != nil {
			return nil, err
		}
		e.Start = &start
	}
	return p, nil
}

// decideAll decides until there is nothing more to place.
func (s *State) decideAll() {
	for s.decide(); s.more; {
		s.decide()
	}
}

func (e *Explanation) verdict() Verdict {
	switch {
	case e.Impossible:
		return Never
	case e.Pending > 0 || e.Instances == 0: // a daemon group for which there is no agent yet
		return Waits
	}
	return Starts
}

// frameworks lists all frameworks by role and name.
func (s *State) frameworks() []FrameworkView {
	s.syncTotal()
	var out []FrameworkView
	for _, q := range s.frameworksByName() {
		out = append(out, s.viewFramework(q.node))
	}
	return out
}
