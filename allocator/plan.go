package allocator

// Planned says what would become of one group.
type Planned struct {
	Framework, Group string
	// Starts is how many instances the next Tick would start, beside those that
	// run already.
	Starts int32
	// Possible is false if no known agent could ever hold an instance.
	Possible    bool
	Explanation *Explanation
}

// Plan says what a submission of groups would lead to, without doing it: it
// decides on a copy, in which everything that nobody of ours uses is free, as
// if the master offered it at once. O(everything in the State).
func (s *State) Plan(groups []Group) ([]Planned, error) {
	if err := s.Admit(groups); err != nil {
		return nil, err
	}
	c, err := s.trial()
	if err != nil {
		return nil, err
	}
	c.decide() // what waits already comes first where it is entitled to
	var out []Planned
	running := make([]int32, len(groups))
	for i, g := range groups {
		if old, ok := s.groups[groupKey{g.Framework, g.Name}]; ok {
			running[i] = old.live
		}
		if err := c.applyGroupSubmitted(GroupSubmitted{g}); err != nil {
			return nil, err
		}
	}
	c.decide()
	for i, g := range groups {
		e, err := c.Explain(g.Framework, g.Name)
		if err != nil {
			return nil, err
		}
		booked := c.groups[groupKey{g.Framework, g.Name}]
		out = append(out, Planned{g.Framework, g.Name, booked.live - running[i], c.couldHold(booked) >= int64(booked.together()), e})
	}
	return out, nil
}

// trial copies the State with every agent as if it was ours alone.
func (s *State) trial() (*State, error) {
	return restoreOwned(s.cfg, s.Image())
}
