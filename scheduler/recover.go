package scheduler

import (
	"cmp"
	"fmt"
	"slices"

	"fairlead/allocator"
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
	// What the records left to be done by a Tick was done by those that were recorded: only the
	// Image says what still has to be.
	if s.state, err = allocator.Restore(s.cfg.Allocator, s.state.Image()); err != nil {
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
	slices.SortStableFunc(m.Groups, func(a, b allocator.GroupImage) int { return cmp.Compare(a.Ended, b.Ended) })
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
