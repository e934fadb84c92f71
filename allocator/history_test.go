package allocator

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// fataler is what testing.TB and *rapid.T share.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// history is a recorded run: what happened, and what was decided.
type history struct {
	cfg     Config
	events  []Event
	decided [][]Action // of each event; nil but for Ticks
}

// step books one event, and holds the State to what it promises of each:
// facts decide nothing, refusals are of a known kind, books are right.
func step(t fataler, s *State, e Event) []Action {
	t.Helper()
	known := map[RunID]bool{}
	for r := range s.runs.all() {
		known[r.id] = true
	}
	actions, err := s.Step(e)
	_, tick := e.Fact.(Tick)
	aboutKnown(t, known, actions)
	switch {
	case err != nil && !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrConflict) && !errors.Is(err, ErrUnknown):
		t.Fatalf("%#v: an error of no kind: %v", e, err)
	case !tick && len(actions) > 0:
		t.Fatalf("%#v: a fact decided %v", e, actions)
	}
	if err := s.Check(); err != nil {
		t.Fatalf("after %#v: %v", e, err)
	}
	return actions
}

// aboutKnown requires that each action is about a run that is known by then: a driver
// carries them out one by one.
func aboutKnown(t fataler, known map[RunID]bool, actions []Action) {
	t.Helper()
	for _, a := range actions {
		about := RunID(0)
		switch a := a.(type) {
		case *Accept:
			for _, l := range a.Launches {
				known[l.Run] = true
			}
			continue
		case *Settle:
			about = a.Run
		case Kill:
			about = a.Run
		case Preempt:
			about = a.Run
		default:
			continue
		}
		if !known[about] {
			t.Fatalf("%+v comes before the launch of its run in %+v", a, actions)
		}
	}
}

// recorded makes up a history of n events and runs it.
func recorded(t fataler, d draw, n int) *history {
	t.Helper()
	return recordedIn(t, &world{draw: d}, n)
}

func recordedIn(t fataler, w *world, n int) *history {
	t.Helper()
	h := &history{cfg: w.config()}
	s := mustNew(t, h.cfg)
	for range n {
		e := Event{At: w.now, Fact: w.fact()}
		e.At = w.now
		h.events = append(h.events, e)
		actions := step(t, s, e)
		h.decided = append(h.decided, actions)
		w.saw(actions)
	}
	return h
}

func mustNew(t fataler, cfg Config) *State {
	t.Helper()
	s, err := New(cfg)
	if err != nil {
		t.Fatalf("%+v: %v", cfg, err)
	}
	return s
}

// histories draws a history of up to 200 events.
func histories(t *rapid.T) *history { return historiesOf(t, world{}) }

func evenly(seed uint64) draw {
	random := rand.New(rand.NewPCG(seed, seed))
	return func(n int) int { return random.IntN(n) }
}

func historiesOf(t *rapid.T, w world) *history {
	w.draw = func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "pick") }
	if rapid.Bool().Draw(t, "evenly") { // small numbers come no more often than others
		w.draw = evenly(rapid.Uint64().Draw(t, "seed"))
	}
	least := 1
	if w.scarce { // of which rapid draws small numbers more often
		least = 40
	}
	return recordedIn(t, &w, rapid.IntRange(least, 200).Draw(t, "events"))
}

// again runs a history through another State, with the events changed, and
// requires decisions that are the same after being changed back.
func (h *history) again(t fataler, cfg Config, change func(Event) Event, back func(Action) Action) {
	t.Helper()
	s := mustNew(t, cfg)
	for i, e := range h.events {
		actions := step(t, s, change(e))
		for k := range actions {
			actions[k] = back(actions[k])
		}
		if !reflect.DeepEqual(actions, h.decided[i]) {
			t.Fatalf("event %d, %#v:\n got %+v\nwant %+v", i, e, actions, h.decided[i])
		}
	}
}

// decide runs the events of a history anew.
func (h *history) decide(t fataler) {
	t.Helper()
	s := mustNew(t, h.cfg)
	h.decided = nil
	for _, e := range h.events {
		h.decided = append(h.decided, step(t, s, e))
	}
}

func sameEvent(e Event) Event    { return e }
func sameAction(a Action) Action { return a }

// TestSameHistorySameDecisions runs each history twice in one process, where Go
// gives every map an order of its own.
func TestSameHistorySameDecisions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := historiesOf(t, world{restless: true})
		h.again(t, h.cfg, sameEvent, sameAction)
	})
}

// TestReusedActionsAreTheSame writes the actions of each Tick over those before.
func TestReusedActionsAreTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := historiesOf(t, world{restless: true})
		cfg := h.cfg
		cfg.ReuseActions = true
		h.again(t, cfg, sameEvent, sameAction)
	})
}

// TestReplayLeadsToTheSameState applies the facts and actions of every prefix
// to a State that decides nothing, and compares all there is to compare.
func TestReplayLeadsToTheSameState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := historiesOf(t, world{restless: true})
		original, copied := mustNew(t, h.cfg), mustNew(t, h.cfg)
		for i, e := range h.events {
			actions, err := original.Step(e)
			if _, tick := e.Fact.(Tick); !tick && err == nil {
				if _, err := copied.Step(e); err != nil {
					t.Fatalf("event %d, %#v: refused by the replay: %v", i, e, err)
				}
			}
			for _, a := range actions {
				if err := copied.Apply(e.At, a); err != nil {
					t.Fatalf("event %d, %+v: %v", i, a, err)
				}
			}
			copied.advance(e.At) // a Tick that decides nothing is in no journal
			if got, want := copied.Image(), original.Image(); !reflect.DeepEqual(got, want) {
				t.Fatalf("event %d, %#v:\n got %+v\nwant %+v", i, e, got, want)
			}
		}
		if err := copied.Check(); err != nil {
			t.Fatalf("after the replay: %v", err)
		}
	})
}

// TestRestoredStateDecidesAlike takes an image somewhere in a history. The
// original and the restored State subscribe anew and go on alike.
func TestRestoredStateDecidesAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := historiesOf(t, world{restless: true})
		at := rapid.IntRange(0, len(h.events)-1).Draw(t, "image at")
		original := mustNew(t, h.cfg)
		for _, e := range h.events[:at] {
			step(t, original, e)
		}
		image := original.Image()
		restored, err := Restore(h.cfg, image)
		if err != nil {
			t.Fatalf("%v", err)
		}
		if got := restored.Image(); !reflect.DeepEqual(got, image) {
			t.Fatalf("restored:\n got %+v\nwant %+v", got, image)
		}
		rest := append([]Event{{At: image.Now, Fact: Disconnected{}}, {At: image.Now, Fact: Connected{}}}, h.events[at:]...)
		for i, e := range rest {
			want := step(t, original, e)
			if got := step(t, restored, e); !reflect.DeepEqual(got, want) {
				t.Fatalf("event %d, %#v:\n got %+v\nwant %+v", i, e, got, want)
			}
		}
		if got, want := restored.Image(), original.Image(); !reflect.DeepEqual(got, want) {
			t.Fatalf("in the end:\n got %+v\nwant %+v", got, want)
		}
	})
}

// TestSecondTickDecidesNothing repeats each Tick at the same time, unless it started
// surplus: that comes last, and changes who is the first to hold room. Without
// quotas: the best agent may be one without a slot, where the executor would pass a
// limit, and whose offers go back; the next best may have one.
func TestSecondTickDecidesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := historiesOf(t, world{unlimited: true})
		s := mustNew(t, h.cfg)
		for i, e := range h.events {
			surplus := slices.ContainsFunc(launches(step(t, s, e)), func(d decisionOf) bool {
				return s.groups[groupKey{d.Framework, d.Group}].isSurplus(d.Instance)
			})
			if _, tick := e.Fact.(Tick); !tick || s.more || surplus {
				continue
			}
			if again := step(t, s, e); len(again) > 0 {
				t.Fatalf("event %d: a second tick decided %+v", i, again)
			}
		}
	})
}

// FuzzState decodes bytes into a history. Whatever they are, nothing panics,
// the books are right after each event, and a replay agrees.
func FuzzState(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x03 agents, groups, updates and ticks in some order"))
	f.Add([]byte("7n0Zq9x)Ao3!eEw6#kkz1TtUuR2%b&gH*jL(pQ;sV:yX<cM>dN?fS@hB[iC]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		at := 0
		next := func(n int) int {
			if at >= len(data) {
				return n - 1
			}
			at++
			return int(data[at-1]) % n
		}
		h := recorded(t, next, min(len(data)/3, 300)+1)
		h.again(t, h.cfg, sameEvent, sameAction)
	})
}
