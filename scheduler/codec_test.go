package scheduler

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"fairlead/allocator"
	"fairlead/internal/taskgroup"
	"fairlead/proto"
)

// Values are made field by field by reflection, so that a field which is added to a fact, an action
// or the image and forgotten in the encoding fails these tests.

func TestRecordsAreReadBackAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyRecord(t)
		data, err := want.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		got, err := UnmarshalRecord(data)
		if err != nil {
			t.Fatal(err)
		}
		expectSame(t, &Record{got.At, got.Facts, nil, nil}, &Record{want.At, want.Facts, nil, nil})
		expectSame(t, pointedAt(got.Actions), pointedAt(want.Actions))
		expectSpecs(t, got.Specs, want.Specs)
	})
}

func TestSnapshotsAreReadBackAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anySnapshot(t)
		data, err := want.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		got, err := UnmarshalSnapshot(data)
		if err != nil {
			t.Fatal(err)
		}
		expectSame(t, got.Image, want.Image)
		expectSpecs(t, got.Specs, want.Specs)
	})
}

// A journal is checked for damage before it is decoded. Should one of another build come through, it
// is refused.
func FuzzUnmarshal(f *testing.F) {
	record := Record{At: 1, Facts: []allocator.Fact{allocator.AgentLost{Agent: "a"}}, Actions: []allocator.Action{allocator.Revive{}}}
	data, err := record.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	snapshot := Snapshot{Image: &allocator.Image{Now: 1, Agents: []allocator.AgentImage{{Agent: "a"}}}}
	if data, err = snapshot.Marshal(); err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	for number := byte(1); number < 16; number++ {
		f.Add([]byte{number<<3 | 2, 0})              // an empty message in each place that takes one
		f.Add([]byte{2<<3 | 2, 2, number<<3 | 2, 0}) // and as each kind of fact
		f.Add([]byte{3<<3 | 2, 2, number<<3 | 2, 0}) // and of action
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := UnmarshalRecord(data); err != nil && !errors.Is(err, errRecord) {
			t.Errorf("record: got %v, want an error of this package", err)
		}
		if _, err := UnmarshalSnapshot(data); err != nil && !errors.Is(err, errRecord) {
			t.Errorf("snapshot: got %v, want an error of this package", err)
		}
	})
}

// limited makes values of V whose enumerations stay among their names.
func limited[V any]() *rapid.Generator[V] {
	return rapid.MakeCustom[V](rapid.MakeConfig{Types: map[reflect.Type]*rapid.Generator[any]{
		reflect.TypeFor[allocator.TaskState](): rapid.Uint8Range(0, uint8(allocator.TaskLost)).AsAny(),
		reflect.TypeFor[allocator.KillCause](): rapid.Uint8Range(0, uint8(allocator.KillSurplus)).AsAny(),
		reflect.TypeFor[allocator.Outcome]():   rapid.Uint8Range(0, uint8(allocator.Surplus)).AsAny(),
	}})
}

// one makes a value of V and calls it an I, which it implements.
func one[V, I any](t *rapid.T, label string) I { return any(limited[V]().Draw(t, label)).(I) }

// pointerTo is one for what is passed by pointer.
func pointerTo[V, I any](t *rapid.T, label string) I {
	v := limited[V]().Draw(t, label)
	return any(&v).(I)
}

func anyRecord(t *rapid.T) *Record {
	r := &Record{At: rapid.Int64().Draw(t, "at")}
	fact := func(make func(*rapid.T, string) allocator.Fact) *rapid.Generator[allocator.Fact] {
		return rapid.Custom(func(t *rapid.T) allocator.Fact { return make(t, "fact") })
	}
	facts := rapid.OneOf(
		fact(one[allocator.AgentSeen, allocator.Fact]), fact(one[allocator.AgentLost, allocator.Fact]),
		fact(one[allocator.OfferAdded, allocator.Fact]), fact(one[allocator.OfferRescinded, allocator.Fact]),
		fact(one[allocator.Connected, allocator.Fact]), fact(one[allocator.Disconnected, allocator.Fact]),
		fact(one[allocator.RoleSet, allocator.Fact]), fact(one[allocator.FrameworkSet, allocator.Fact]),
		fact(one[allocator.GroupKilled, allocator.Fact]), fact(one[allocator.InstanceKilled, allocator.Fact]),
		fact(one[allocator.GroupForgotten, allocator.Fact]), fact(one[allocator.GroupRerun, allocator.Fact]), fact(one[allocator.ScheduleDue, allocator.Fact]), fact(one[allocator.TaskUpdated, allocator.Fact]),
	)
	action := func(make func(*rapid.T, string) allocator.Action) *rapid.Generator[allocator.Action] {
		return rapid.Custom(func(t *rapid.T) allocator.Action { return make(t, "action") })
	}
	actions := rapid.OneOf(
		action(pointerTo[allocator.Accept, allocator.Action]), action(one[allocator.Decline, allocator.Action]),
		action(one[allocator.Revive, allocator.Action]), action(one[allocator.Suppress, allocator.Action]),
		action(one[allocator.Kill, allocator.Action]), action(pointerTo[allocator.Settle, allocator.Action]),
		action(one[allocator.Abandon, allocator.Action]), action(one[allocator.Occur, allocator.Action]),
		action(one[allocator.Skip, allocator.Action]), action(one[allocator.Stop, allocator.Action]),
	)
	for range rapid.IntRange(0, 5).Draw(t, "facts") {
		if rapid.IntRange(0, 4).Draw(t, "submission") > 0 {
			r.Facts = append(r.Facts, facts.Draw(t, "fact"))
			continue
		}
		spec, group := anySubmission(t)
		r.Facts = append(r.Facts, allocator.GroupSubmitted{Group: group})
		r.Specs = append(r.Specs, spec)
	}
	r.Actions = rapid.SliceOfN(actions, 0, 5).Draw(t, "actions")
	return r
}

func anySnapshot(t *rapid.T) *Snapshot {
	image := limited[allocator.Image]().Draw(t, "image")
	s := &Snapshot{Image: &image}
	for i := range image.Groups {
		spec, group := anySubmission(t)
		group.Role = image.Groups[i].Spec.Role // the one in force, which the specification may not name
		image.Groups[i].Spec = group
		s.Specs = append(s.Specs, spec)
	}
	return s
}

// anySubmission makes a specification and what the allocator is told of it.
func anySubmission(t *rapid.T) (*proto.TaskGroup, allocator.Group) {
	spec := rapid.MakeCustom[proto.TaskGroup](rapid.MakeConfig{Types: map[reflect.Type]*rapid.Generator[any]{
		reflect.TypeFor[proto.RestartPolicy](): rapid.Int32Range(0, 2).AsAny(),
		reflect.TypeFor[proto.Operator]():      rapid.Int32Range(0, 7).AsAny(),
		reflect.TypeFor[proto.Overlap]():       rapid.Int32Range(0, 2).AsAny(),
		reflect.TypeFor[proto.CatchUp]():       rapid.Int32Range(0, 2).AsAny(),
	}}).Draw(t, "specification")
	group, err := taskgroup.Core(&spec)
	if err != nil {
		t.Fatal(err)
	}
	return &spec, group
}

// expectSame compares what was read with what was written. Empty lists and none at all are the same.
func expectSame(t *rapid.T, got, want any) {
	t.Helper()
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		t.Fatalf("read    %s\nwritten %s", g, w)
	}
}

// pointedAt is the actions as values, which print as what they hold.
func pointedAt(actions []allocator.Action) []any {
	var out []any
	for _, a := range actions {
		switch a := a.(type) {
		case *allocator.Accept:
			out = append(out, *a)
		case *allocator.Settle:
			out = append(out, *a)
		default:
			out = append(out, a)
		}
	}
	return out
}

func expectSpecs(t *rapid.T, got, want []*proto.TaskGroup) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d specifications, want %d", len(got), len(want))
	}
	for i := range want {
		if !got[i].Equal(want[i]) {
			t.Fatalf("specification %d:\nread    %v\nwritten %v", i, got[i], want[i])
		}
	}
}
