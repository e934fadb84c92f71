package scheduler

import (
	"context"

	"fairlead/allocator"
)

// Rerun starts a group again that has ended, and if below is set also the groups
// that come after it, which wait for it anew. It returns their names once the
// request is durable.
func (s *Scheduler) Rerun(ctx context.Context, framework, group string, below bool) ([]string, error) {
	var names []string
	err := s.ask(ctx, func(b *batch) error {
		f := allocator.GroupRerun{Framework: framework, Name: group, Below: below}
		names = s.state.Rerun(f)
		if err := s.fact(b, f); err != nil {
			return err
		}
		for _, name := range names {
			s.notEnded(owner{framework, name})
			b.event(Event{Type: "group.rerun", Framework: framework, Group: name})
		}
		return nil
	})
	return names, err
}
