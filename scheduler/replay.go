package scheduler

import (
	"encoding/json"
	"errors"

	"fairlead/allocator"
	"fairlead/internal/journal"
)

// metaConfig is the journal's key of the allocator's configuration, which
// decisions depend on.
const metaConfig = "allocator_config"

func saveConfig(j *journal.Journal, cfg allocator.Config) error {
	data, err := json.Marshal(cfg)
	if err != nil {
		return err
	}
	return j.SetMeta(metaConfig, data)
}

// ReplayReport says what a replay found.
type ReplayReport struct {
	// From is the record of the snapshot that the replay began with; 0: none.
	From uint64
	// Records, Facts and Actions count what was replayed.
	Records, Facts, Actions int
	// Difference is the first decision that came out differently, nil if all
	// were the same.
	Difference *Difference
	// Final is the state after the last record that was replayed.
	Final *allocator.View
}

// Difference is a record whose decisions are not those of the journal.
type Difference struct {
	Record        uint64
	At            int64 // milliseconds
	Stored, Again []allocator.Action
}

var errDiffers = errors.New("decisions differ")

// Replay books the facts of a journal, decides again, and compares with what
// was decided then. It stops at the first difference. An error means that the
// journal could not be read or does not fit together.
func Replay(j *journal.Journal) (*ReplayReport, error) {
	r, err := ReadRecording(j)
	if err != nil {
		return nil, err
	}
	s := r.s
	report := &ReplayReport{From: s.seq}
	err = j.Replay(s.seq+1, func(seq uint64, data []byte) error { return s.decideAgain(report, seq, data) })
	if err != nil && !errors.Is(err, errDiffers) {
		return nil, err
	}
	report.Final = s.state.View()
	return report, nil
}

func (s *Scheduler) decideAgain(report *ReplayReport, seq uint64, data []byte) error {
	r, err := UnmarshalRecord(data)
	if err != nil {
		return err
	}
	for _, f := range r.Facts {
		if _, err := s.state.Step(allocator.Event{At: r.At, Fact: f}); err != nil {
			return err
		}
	}
	again, err := s.state.Step(allocator.Event{At: r.At, Fact: allocator.Tick{}})
	if err != nil {
		return err
	}
	report.Records++
	report.Facts += len(r.Facts)
	report.Actions += len(r.Actions)
	if sameActions(r.Actions, again) {
		return nil
	}
	report.Difference = &Difference{seq, r.At, r.Actions, again}
	return errDiffers
}

func sameActions(a, b []allocator.Action) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		// Through the stored form, where an empty list and none are the same.
		x, errX := encodeAction(a[i])
		y, errY := encodeAction(b[i])
		if errX != nil || errY != nil || x.String() != y.String() {
			return false
		}
	}
	return true
}
