package scheduler_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"fairlead/allocator"
	"fairlead/internal/taskgroup"
	"fairlead/scheduler"
)

// retained is how many groups that ended are remembered in these tests.
const retained = 4

// TestANameThatIsUsedAgainIsNotForgottenForItsPast: a group that ended is remembered, however
// often others of its name have ended and were removed before.
func TestANameThatIsUsedAgainIsNotForgottenForItsPast(t *testing.T) {
	m := newScripted(t, stream(subscribed(t)))
	s, _ := against(t, m.URL)
	for range 2 * retained {
		submitOne(t, s)
		if err := s.Kill(t.Context(), "default", "x", -1); err != nil {
			t.Fatal(err)
		}
		if g, err := s.Group(t.Context(), "default", "x"); err != nil || g.Outcome != allocator.Killed {
			t.Fatalf("the group that was killed: %+v, %v", g, err)
		}
		if err := s.Forget(t.Context(), "default", "x"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWhatEndedFirstIsForgottenFirst: also after a restart, whatever was submitted first.
func TestWhatEndedFirstIsForgottenFirst(t *testing.T) {
	at := time.Now().UnixMilli()
	var records []scheduler.Record
	for n := range retained {
		specs, err := taskgroup.Parse("g.yaml", fmt.Appendf(nil, "{name: g%d, tasks: [{name: m, command: sleep 1, resources: {cpus: 1, mem: 32}}]}", n))
		if err != nil {
			t.Fatal(err)
		}
		group, err := taskgroup.Core(specs[0])
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, scheduler.Record{At: at, Specs: specs, Facts: []allocator.Fact{allocator.GroupSubmitted{Group: group}}})
	}
	for n := range retained { // the last one is the first to end
		at++
		name := fmt.Sprintf("g%d", retained-1-n)
		records = append(records, scheduler.Record{At: at, Facts: []allocator.Fact{allocator.GroupKilled{Framework: "default", Name: name}}})
	}
	m := newScripted(t, stream(subscribed(t)))
	s, _ := against(t, m.URL, records...)
	submitOne(t, s)
	if err := s.Kill(t.Context(), "default", "x", -1); err != nil {
		t.Fatal(err)
	}
	for n := range retained {
		_, err := s.Group(t.Context(), "default", fmt.Sprintf("g%d", n))
		if gone := errors.Is(err, allocator.ErrUnknown); gone != (n == retained-1) {
			t.Errorf("g%d: %v", n, err)
		}
	}
}

// TestAReaderOfAnEarlierSchedulerMissesNothing: what it has seen last was told by another
// process, and all that this one tells is new to it.
func TestAReaderOfAnEarlierSchedulerMissesNothing(t *testing.T) {
	m := newScripted(t, stream(subscribed(t)))
	s, _ := against(t, m.URL)
	submitOne(t, s)
	first := <-s.Events(t.Context(), 0)
	if again := <-s.Events(t.Context(), 1_000_000); again != first {
		t.Errorf("the first event is %+v, and to a reader of before %+v", first, again)
	}
	if next := <-s.Events(t.Context(), first.Seq); next.Seq != first.Seq+1 {
		t.Errorf("after %d comes %+v", first.Seq, next)
	}
}
