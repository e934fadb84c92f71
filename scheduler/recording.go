package scheduler

import (
	"encoding/json"
	"fmt"

	"fairlead/allocator"
	"fairlead/internal/journal"
	"fairlead/proto"
)

// Recording is what a journal tells, to be read once from its beginning: the
// state of its snapshot, or an empty one, then its records.
type Recording struct{ s *Scheduler }

// ReadRecording begins at the beginning of a journal.
func ReadRecording(j *journal.Journal) (*Recording, error) {
	s := &Scheduler{specs: map[owner]*proto.TaskGroup{}}
	data, _, err := j.Meta(metaConfig)
	if err != nil {
		return nil, err
	}
	if len(data) > 0 {
		if err := json.Unmarshal(data, &s.cfg.Allocator); err != nil {
			return nil, fmt.Errorf("the configuration in the journal: %w", err)
		}
	}
	s.cfg.Journal = j
	return &Recording{s}, s.loadSnapshot()
}

// Config is the configuration under which was decided.
func (r *Recording) Config() allocator.Config { return r.s.cfg.Allocator }

// View is the state after what has been read.
func (r *Recording) View() *allocator.View { return r.s.state.View() }

// Spec is the specification of a group that is known after what has been read,
// nil of any other.
func (r *Recording) Spec(framework, name string) *proto.TaskGroup {
	return r.s.specs[owner{framework, name}]
}

// Rerun names the groups that a request to run one again is for.
func (r *Recording) Rerun(f allocator.GroupRerun) []string { return r.s.state.Rerun(f) }

// Records gives each record to fn after it has been applied.
func (r *Recording) Records(fn func(*Record)) error {
	return r.s.cfg.Journal.Replay(r.s.seq+1, func(_ uint64, data []byte) error {
		record, err := UnmarshalRecord(data)
		if err != nil {
			return err
		}
		if err := r.s.replay(record); err != nil {
			return err
		}
		fn(record)
		return nil
	})
}
