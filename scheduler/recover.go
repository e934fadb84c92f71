package scheduler

import (
	"fmt"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/proto"
)

// recover makes the state of the snapshot and applies the records after it.
func (s *Scheduler) recover() error {
	if err := s.loadSnapshot(); err != nil {
		return err
	}
	err := s.cfg.Journal.Replay(s.seq+1, func(seq uint64, data []byte) error {
		r, err := UnmarshalRecord(data)
		if err != nil {
			return err
		}
		s.seq = seq
		s.records++
		return s.replay(r)
	})
	if err != nil {
		return err
	}
	return s.reindex()
}

func (s *Scheduler) loadSnapshot() (err error) {
	seq, data, ok, err := s.cfg.Journal.Snapshot()
	if err != nil {
		return err
	}
	if !ok {
		s.state, err = allocator.New(s.cfg.Allocator)
		return err
	}
	snap, err := UnmarshalSnapshot(data)
	if err != nil {
		return fmt.Errorf("snapshot of record %d: %w", seq, err)
	}
	if s.state, err = allocator.Restore(s.cfg.Allocator, snap.Image); err != nil {
		return err
	}
	for _, spec := range snap.Specs {
		s.specs[owner{spec.Framework, spec.Name}] = spec
	}
	s.seq = seq
	return nil
}

// replay applies one record: facts are booked again, actions are not decided
// again.
func (s *Scheduler) replay(r *Record) error {
	specs := r.Specs
	for _, f := range r.Facts {
		if _, err := s.state.Step(allocator.Event{At: r.At, Fact: f}); err != nil {
			return err
		}
		switch f := f.(type) {
		case allocator.GroupSubmitted:
			s.specs[owner{f.Group.Framework, f.Group.Name}] = specs[0]
			specs = specs[1:]
		case allocator.GroupForgotten:
			delete(s.specs, owner{f.Framework, f.Name})
		}
	}
	for _, a := range r.Actions {
		if err := s.state.Apply(r.At, a); err != nil {
			return err
		}
	}
	return nil
}

// reindex rebuilds what is derived from the state: the tasks by their Mesos
// ids, and the groups that have ended, the earliest first.
func (s *Scheduler) reindex() error {
	m := s.state.Image()
	for i := range m.Runs {
		r := &m.Runs[i]
		if _, ok := s.specs[owner{r.Framework, r.Group}]; !ok {
			return fmt.Errorf("%w: no specification of %s/%s, which runs", allocator.ErrInvalid, r.Framework, r.Group)
		}
		l := allocator.Launch{Run: r.Run, Framework: r.Framework, Group: r.Group, Instance: r.Instance}
		s.track(&l, r.Agent, r.States)
	}
	for _, a := range m.Agents {
		if a.Seen && !a.Lost {
			s.agents[a.Agent] = seenAgent{fact: allocator.AgentSeen{
				Agent: a.Agent, Host: a.Host, Attributes: a.Attributes, Total: a.Total, Ports: a.Ports, Sets: a.Sets, Slots: a.Slots,
			}}
		}
	}
	for i := range m.Groups {
		g := &m.Groups[i]
		o := owner{g.Spec.Framework, g.Spec.Name}
		if g.Outcome != allocator.Unfinished && !g.Scheduled() {
			s.ended = append(s.ended, o)
		}
		s.plan(o)
	}
	return nil
}

// snapshot replaces the journal so far by the state it led to.
func (s *Scheduler) snapshot() error {
	snap := Snapshot{Image: s.state.Image()}
	snap.Specs = make([]*proto.TaskGroup, 0, len(snap.Image.Groups))
	for i := range snap.Image.Groups {
		g := &snap.Image.Groups[i].Spec
		snap.Specs = append(snap.Specs, s.specs[owner{g.Framework, g.Name}])
	}
	data, err := snap.Marshal()
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	if err := s.cfg.Journal.SaveSnapshot(s.seq, data); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	s.records = 0
	return nil
}

// configure books the roles and frameworks of the configuration that differ
// from what is booked. Roles that are in the journal and not in the
// configuration any more stay as they are, and may contradict it.
func (s *Scheduler) configure(b *batch) error {
	v := s.state.View()
	var roles []allocator.RoleSet
	for _, r := range allocator.ParentsFirst(s.cfg.Roles) {
		if !hasRole(v, r) {
			roles = append(roles, r)
		}
	}
	if err := s.setRoles(b, roles); err != nil {
		return err
	}
	for _, f := range s.cfg.Frameworks {
		if !hasFramework(v, f) {
			s.book(b, f)
		}
	}
	return nil
}

// setRoles books roles in an order in which each is accepted: a guarantee that
// grows needs that of the role above first, one that shrinks those below it.
func (s *Scheduler) setRoles(b *batch, roles []allocator.RoleSet) error {
	for len(roles) > 0 {
		var refused []allocator.RoleSet
		var why error
		for _, r := range roles {
			if err := s.fact(b, r); err != nil {
				refused, why = append(refused, r), err
			}
		}
		if len(refused) == len(roles) {
			return fmt.Errorf("the configured roles: %w", why)
		}
		roles = refused
	}
	return nil
}

func hasRole(v *allocator.View, want allocator.RoleSet) bool {
	for _, r := range v.Roles {
		if r.Role == want.Role {
			return r.Weight == drf.Amount(want.Weight) && sameAmounts(v.Quantities(r.Guarantee), want.Guarantee) && sameAmounts(r.Limit, want.Limit)
		}
	}
	return false
}

// sameAmounts compares without regard to order.
func sameAmounts(a, b []allocator.Quantity) bool {
	amounts := map[allocator.Quantity]int{}
	for _, q := range a {
		amounts[q]++
	}
	for _, q := range b {
		amounts[q]--
	}
	for _, n := range amounts {
		if n != 0 {
			return false
		}
	}
	return true
}

func hasFramework(v *allocator.View, want allocator.FrameworkSet) bool {
	for _, f := range v.Frameworks {
		if f.Framework == want.Framework && f.Role == want.Role {
			return f.Weight == drf.Amount(want.Weight)
		}
	}
	return false
}
