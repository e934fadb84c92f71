package allocator

import (
	"errors"
	"testing"
)

// A circle of groups that come after each other could never start: the one
// that would close it is refused, alone or together with the others.
func TestACircleOfDependenciesIsRefused(t *testing.T) {
	group := func(name string, after ...string) Group {
		return Group{Framework: "A", Name: name, Digest: name, Instances: 1, After: after,
			Tasks: []Task{{Name: "main", Resources: []Quantity{{"cpus", 1000}}}}}
	}
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range []Group{group("b", "a"), group("c", "b", "elsewhere")} {
		if _, err := s.Step(Event{Fact: GroupSubmitted{g}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Step(Event{Fact: GroupSubmitted{group("a", "c")}}); !errors.Is(err, ErrInvalid) {
		t.Errorf("closing a circle of three: %v", err)
	}
	if err := s.Admit([]Group{group("x", "y"), group("y", "x")}); !errors.Is(err, ErrInvalid) {
		t.Errorf("a circle submitted at once: %v", err)
	}
	if err := s.Admit([]Group{group("z", "z")}); !errors.Is(err, ErrInvalid) {
		t.Errorf("a group after itself: %v", err)
	}
	if _, err := s.Step(Event{Fact: GroupSubmitted{group("a", "elsewhere")}}); err != nil {
		t.Errorf("a line is no circle: %v", err)
	}
}
