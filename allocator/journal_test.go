package allocator

import (
	"reflect"
	"testing"
)

// journal records what a driver would: facts that were accepted, and actions
// that were decided, with their times.
type journal struct{ records []record }

type record struct {
	at     int64
	fact   Fact   // or
	action Action // one of the two
}

func (j *journal) fact(at int64, f Fact) { j.records = append(j.records, record{at: at, fact: f}) }

func (j *journal) decided(at int64, actions []Action) {
	for _, a := range actions {
		j.records = append(j.records, record{at: at, action: a})
	}
}

// apply books one record.
func (r record) apply(s *State) error {
	if r.action != nil {
		return s.Apply(r.at, r.action)
	}
	_, err := s.Step(Event{At: r.at, Fact: r.fact})
	return err
}

// replay applies every record to a fresh State, brought to the time of the
// original's last event, and returns it.
func (j *journal) replay(tb testing.TB, cfg Config, now int64) *State {
	tb.Helper()
	s, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	for i, r := range j.records {
		if err := r.apply(s); err != nil {
			tb.Fatalf("record %d, %+v: %v", i, r, err)
		}
	}
	s.advance(now)
	return s
}

// mustReplay holds a replay of the journal against the original.
func (j *journal) mustReplay(tb testing.TB, cfg Config, original *State) *State {
	tb.Helper()
	s := j.replay(tb, cfg, original.now)
	if err := s.Check(); err != nil {
		tb.Fatalf("after a replay: %v", err)
	}
	mustEqualImages(tb, s.Image(), original.Image())
	return s
}

func mustEqualImages(tb testing.TB, got, want *Image) {
	tb.Helper()
	if reflect.DeepEqual(got, want) {
		return
	}
	g, w := reflect.ValueOf(got).Elem(), reflect.ValueOf(want).Elem()
	for i := range g.NumField() {
		if !reflect.DeepEqual(g.Field(i).Interface(), w.Field(i).Interface()) {
			tb.Fatalf("images differ in %s:\n got %+v\nwant %+v", g.Type().Field(i).Name, g.Field(i), w.Field(i))
		}
	}
}
