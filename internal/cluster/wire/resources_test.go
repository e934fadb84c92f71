package wire_test

import (
	"math"
	"strings"
	"testing"

	"github.com/gogo/protobuf/proto"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"pgregory.net/rapid"

	"fairlead/internal/cluster/wire"
)

func parse(t testing.TB, text string) wire.Resources {
	t.Helper()
	rs, err := wire.ParseResources(text)
	if err != nil {
		t.Fatal(err)
	}
	return rs
}

// The text form, and how Mesos prints what it means.
func TestParseResources(t *testing.T) {
	for text, want := range map[string]string{
		"cpus:4;mem:1024":                      "cpus:4; mem:1024",
		" cpus : 0.5 ; mem:1e3; ":              "cpus:0.5; mem:1000",
		"cpus:1;cpus:2":                        "cpus:3",
		"ports:[31000-31099, 31500-31599]":     "ports:[31000-31099, 31500-31599]",
		"ports:[5-9,1-4]":                      "ports:[1-9]",
		"zones:{a, b}":                         "zones:{a, b}",
		"disk(web):2048":                       "disk(reservations: [(STATIC,web)]):2048",
		"cpus(*):1":                            "cpus:1",
		"cpus:0":                               "{}",
		"":                                     "{}",
		"cpus:1.0004":                          "cpus:1",
		"cpus(a/b):1;cpus:1;unobtainium:0.001": "cpus(reservations: [(STATIC,a/b)]):1; cpus:1; unobtainium:0.001",
	} {
		if got := parse(t, text).String(); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestParseResourcesRefuses(t *testing.T) {
	for _, text := range []string{
		"cpus", "cpus:", "cpus:x", ":1", "cpus:-1", "cpus:0.0001", "cpus:inf", "cpus:nan", "cpus:0x10", "cpus:1e30",
		"ports:[1]", "ports:[9-1]", "ports:[1-5, 3-8]", "ports:[1-2", "ports:[-1-2]", "zones:{a,a}", "zones:{a,,b}",
		"cpus(web:1", "cpus(/web):1", "cpus(a b):1", "c[p]us:1",
	} {
		if rs, err := wire.ParseResources(text); err == nil {
			t.Errorf("%q was read as %s", text, rs)
		}
	}
}

func TestParseAttributes(t *testing.T) {
	attributes, err := wire.ParseAttributes("rack:r1;cores:32;range:[1-10];os:linux:6;odd:[x]")
	if err != nil {
		t.Fatal(err)
	}
	flat := wire.FlatAttributes(attributes)
	for name, want := range map[string]any{
		"rack": "r1", "cores": wire.Double(32), "range": "[1-10]", "os": "linux:6", "odd": "[x]",
	} {
		if flat[name] != want {
			t.Errorf("%s is %v, want %v", name, flat[name], want)
		}
	}
	for _, text := range []string{"rack:", "rack", ":r1"} {
		if _, err := wire.ParseAttributes(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

// Sums and comparisons are done in thousandths.
func TestFixedPoint(t *testing.T) {
	tenths := wire.NewResources(wire.Scalar("cpus", 0.1), wire.Scalar("cpus", 0.1), wire.Scalar("cpus", 0.1))
	if !parse(t, "cpus:0.3").Contains(tenths...) || !tenths.Contains(parse(t, "cpus:0.3")...) {
		t.Errorf("three tenths are %s", tenths)
	}
	for x, want := range map[float64]int64{0.0005: 1, 0.00049: 0, -0.0005: -1, 1.0004: 1000, 2.5: 2500} {
		if got := wire.Fixed(x); got != want {
			t.Errorf("%v is %d thousandths, want %d", x, got, want)
		}
	}
	for value, ok := range map[float64]bool{0: true, 1: true, 0.0001: false, -1: false, math.Inf(1): false, math.NaN(): false} {
		if err := wire.Validate(wire.Scalar("cpus", value)); (err == nil) != ok {
			t.Errorf("%v: %v", value, err)
		}
	}
}

// Reserved and unreserved, allocated and not: each is a thing of its own.
func TestIdentity(t *testing.T) {
	mixed := parse(t, "cpus:1;cpus(web):1")
	for text, want := range map[string]bool{"cpus:1": true, "cpus(web):1": true, "cpus:2": false, "cpus(web):2": false, "cpus(db):1": false} {
		if got := mixed.Contains(parse(t, text)...); got != want {
			t.Errorf("%s in %s: %v", text, mixed, got)
		}
	}
	if mixed.Allocate("web").Contains(parse(t, "cpus:1")...) {
		t.Error("what is allocated to a role contains what is not")
	}
	if got := mixed.Allocate("web").Unallocate().String(); got != mixed.String() {
		t.Errorf("allocated and back: %s", got)
	}
}

// Volumes are used whole.
func TestVolumesAreIndivisible(t *testing.T) {
	volume := func(size float64) mesos.Resource {
		r := wire.Scalar("disk", size)
		r.Reservations = []mesos.Resource_ReservationInfo{{Type: mesos.Resource_ReservationInfo_DYNAMIC.Enum(), Role: proto.String("web")}}
		r.Disk = &mesos.Resource_DiskInfo{
			Persistence: &mesos.Resource_DiskInfo_Persistence{ID: "v"},
			Volume:      &mesos.Volume{ContainerPath: "data", Mode: mesos.RW.Enum()},
		}
		return r
	}
	rs := wire.NewResources(volume(100))
	if rs.Contains(volume(50)) || !rs.Contains(volume(100)) || len(rs.Minus(volume(50))) != 1 || len(rs.Minus(volume(100))) != 0 {
		t.Errorf("a volume was divided: %s", rs)
	}
}

// The two formats of reservations convert into one another without loss.
func TestReservationFormats(t *testing.T) {
	static, dynamic := wire.Scalar("cpus", 1), wire.Scalar("cpus", 1)
	static.Role = proto.String("web")
	dynamic.Role = proto.String("web")
	dynamic.Reservation = &mesos.Resource_ReservationInfo{Principal: proto.String("p")}
	free := wire.Scalar("cpus", 1)
	free.Role = proto.String("*")
	for _, old := range []mesos.Resource{static, dynamic, free} {
		back, ok := wire.Downgrade(wire.Upgrade(old))
		if !ok || !proto.Equal(&back, &old) {
			t.Errorf("%v came back as %v", old, back)
		}
	}
	refined := wire.Upgrade(static)
	refined.Reservations = append(refined.Reservations, mesos.Resource_ReservationInfo{
		Type: mesos.Resource_ReservationInfo_DYNAMIC.Enum(), Role: proto.String("web/prod"),
	})
	if _, ok := wire.Downgrade(refined); ok {
		t.Error("a refined reservation was written in the old format")
	}
	if err := wire.Validate(refined); err != nil {
		t.Error(err)
	}
	refined.Reservations[1].Role = proto.String("db")
	if err := wire.Validate(refined); err == nil {
		t.Error("a reservation was refined to a foreign role")
	}
	both := wire.Upgrade(static)
	both.Role = proto.String("web")
	if err := wire.Validate(both); err == nil {
		t.Error("both formats at once are fine")
	}
}

func TestRoles(t *testing.T) {
	for role, ok := range map[string]bool{
		"*": true, "a/b-c": true, "eng": true, "": false, "/a": false, "a/": false, "a//b": false, "-a": false,
		"a/-b": false, "a b": false, ".": false, "a/..": false, "a/*": false, "a\x7f": false,
	} {
		if err := wire.ValidateRole(role); (err == nil) != ok {
			t.Errorf("role %q: %v", role, err)
		}
	}
	for _, c := range []struct {
		role, owner string
		want        bool
	}{{"a", "a", true}, {"a/b", "a", true}, {"a", "a/b", false}, {"ab", "a", false}} {
		if got := wire.RoleWithin(c.role, c.owner); got != c.want {
			t.Errorf("%q may use what is reserved for %q: %v", c.role, c.owner, got)
		}
	}
}

// Ranges behave as sets of integers.
func TestRangesAreSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawRanges(t, "a"), drawRanges(t, "b")
		union, rest := a.Plus(b), a.Minus(b)
		overlap := false
		for i := uint64(0); i < 70; i++ {
			inA, inB := holds(a, i), holds(b, i)
			overlap = overlap || inA && inB
			if holds(union, i) != (inA || inB) || holds(rest, i) != (inA && !inB) {
				t.Fatalf("%d: %s and %s give %s and %s", i, a, b, union, rest)
			}
		}
		if a.Overlaps(b) != overlap || !union.Contains(a) || !union.Contains(b) || a.Contains(b) != (len(b.Minus(a)) == 0) {
			t.Fatalf("%s and %s", a, b)
		}
		for i := 1; i < len(union); i++ {
			if union[i].Begin <= union[i-1].End+1 {
				t.Fatalf("%s is not merged", union)
			}
		}
	})
}

func drawRanges(t *rapid.T, name string) wire.Ranges {
	var intervals []mesos.Value_Range
	for range rapid.IntRange(0, 4).Draw(t, name) {
		begin := rapid.Uint64Range(0, 60).Draw(t, "begin")
		intervals = append(intervals, mesos.Value_Range{Begin: begin, End: begin + rapid.Uint64Range(0, 8).Draw(t, "more")})
	}
	return wire.NewRanges(intervals...)
}

func holds(rs wire.Ranges, i uint64) bool {
	for _, r := range rs {
		if r.Begin <= i && i <= r.End {
			return true
		}
	}
	return false
}

// Adding and taking away again changes nothing.
func TestPlusMinus(t *testing.T) {
	names := []string{"cpus:%", "mem:%", "cpus(web):%"}
	draw := func(t *rapid.T) wire.Resources {
		var all wire.Resources
		for range rapid.IntRange(0, 5).Draw(t, "entries") {
			amount := wire.FormatScalar(wire.Unfixed(rapid.Int64Range(1, 5000).Draw(t, "thousandths")))
			text := strings.Replace(rapid.SampledFrom(names).Draw(t, "name"), "%", amount, 1)
			rs, err := wire.ParseResources(text)
			if err != nil {
				t.Fatal(err)
			}
			all = all.Plus(rs...)
		}
		return all
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw(t), draw(t)
		sum := a.Plus(b...)
		if !sum.Contains(a...) || !sum.Contains(b...) {
			t.Fatalf("%s does not contain %s and %s", sum, a, b)
		}
		back := sum.Minus(b...)
		if !back.Contains(a...) || !a.Contains(back...) {
			t.Fatalf("(%s) + (%s) - (%s) = %s", a, b, b, back)
		}
	})
}

// What the grammar accepts prints as something it accepts again, if no
// reservation is in it (these print in a form nobody reads).
func FuzzParseResources(f *testing.F) {
	for _, seed := range []string{"cpus:4;mem:1024", "ports:[1-2,4-9]", "zones:{a,b}", "disk(web):1", "cpus:1e-3", "a:[0-18446744073709551615]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rs, err := wire.ParseResources(text)
		if err != nil || strings.Contains(text, "(") {
			return
		}
		printed := rs.String()
		if printed == "{}" {
			return
		}
		again, err := wire.ParseResources(printed)
		if err != nil || again.String() != printed {
			t.Fatalf("%q prints as %q, which reads as %q (%v)", text, printed, again, err)
		}
	})
}
