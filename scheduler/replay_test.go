package scheduler_test

import (
	"testing"

	"fairlead/allocator"
	"fairlead/internal/journal"
	"fairlead/scheduler"
)

// TestAJournalDecidesAgainAlike records a live run with real processes and
// decides everything in it again.
func TestAJournalDecidesAgainAlike(t *testing.T) {
	w := newWorld(t, paper)
	w.submit(paperGroups + `
---
name: short
instances: 20
restart: {policy: on-failure, max: 1, backoff: 10ms}
tasks: [{name: main, command: 'exit $((FAIRLEAD_INSTANCE % 2))', resources: {mem: 32}}]
`)
	w.eventually("the short group to end", func(v *allocator.View) bool {
		for _, g := range v.Groups {
			if g.Name == "short" {
				return g.Outcome != allocator.Unfinished
			}
		}
		return false
	})
	if err := w.Kill(t.Context(), "B", "b", -1); err != nil {
		t.Fatal(err)
	}
	w.eventually("A to have what memory allows", func(v *allocator.View) bool { return running(v)["A/a"] == 4 })
	w.stop()
	j, err := journal.OpenReadOnly(w.state)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	report, err := scheduler.Replay(j)
	if err != nil {
		t.Fatal(err)
	}
	if report.Difference != nil {
		t.Errorf("record %d was decided differently:\n%v\n%v", report.Difference.Record, report.Difference.Stored, report.Difference.Again)
	}
	if report.Actions < 30 {
		t.Errorf("only %d actions in %d records: nothing was put to the test", report.Actions, report.Records)
	}
}
