package scheduler

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	mesossched "github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"pgregory.net/rapid"

	"fairlead/allocator"
	"fairlead/drf"
)

// recorded reads a file of what was recorded from a real master, and skips the test where there is none.
func recorded(t testing.TB, name string) []byte {
	t.Helper()
	dir := filepath.Join("..", "..", "shared", "fixtures", "mesos-1.12")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the recordings of a real master are not here: %v", err)
	}
	content, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// recordedOffers decodes the offers of a recorded event stream.
func recordedOffers(t testing.TB, name string) (offers []mesos.Offer) {
	t.Helper()
	stream := bytes.NewReader(recorded(t, name))
	for {
		var length int64
		if _, err := fmt.Fscanf(stream, "%d\n", &length); err == io.EOF {
			return offers
		} else if err != nil {
			t.Fatal(err)
		}
		record := make([]byte, length)
		if _, err := io.ReadFull(stream, record); err != nil {
			t.Fatal(err)
		}
		var event mesossched.Event
		if err := event.Unmarshal(record); err != nil {
			t.Fatal(err)
		}
		offers = append(offers, event.GetOffers().GetOffers()...)
	}
}

func TestAmountsAreRoundedAsMesosDoes(t *testing.T) {
	cases := []struct {
		value float64
		want  drf.Amount
	}{
		{0, 0}, {1, 1000}, {0.1 + 0.2, 300}, {1.0004, 1000}, {1.0005, 1001}, {0.0005, 1}, {0.0004999, 0}, {7.695, 7695}, {8031, 8031000},
		{-0.001, 0}, {-5, 0}, {math.NaN(), 0}, {math.Inf(1), 0}, {math.Inf(-1), 0}, {1e300, 0}, {math.MaxFloat64, 0},
	}
	for _, c := range cases {
		if got := amountOf(c.value); got != c.want {
			t.Errorf("%v is %s, want %s", c.value, got, c.want)
		}
	}
}

// Above 2^51 thousandths a double no longer tells neighbours apart. The allocator's own bound is far below that.
func TestEveryAmountSurvivesTheWayToMesosAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drf.Amount(rapid.Int64Range(0, 1<<51).Draw(t, "amount"))
		if back := amountOf(a.Float()); back != a {
			t.Fatalf("%s came back as %s", a, back)
		}
	})
}

// An offer of the recording shows an agent with reserved resources, a custom scalar, ranges and a set.
func TestARecordedOfferIsCounted(t *testing.T) {
	offers := recordedOffers(t, "scheduler/command-tasks/protobuf/01-subscribe.stream")
	i := slices.IndexFunc(offers, func(o mesos.Offer) bool { return o.Hostname == "agent0.local" })
	offer := offers[i]
	has := holdings(offer.Resources)
	qs, ports := has.scalars, has.ports
	if len(has.sets) != 1 || len(has.sets[0].Items) == 0 {
		t.Errorf("sets %v, want one", has.sets)
	}
	slices.SortFunc(qs, func(a, b allocator.Quantity) int { return strings.Compare(a.Name, b.Name) })
	if got, want := fmt.Sprint(qs), "[{cpus 9} {disk 10000} {licenses 3} {mem 8448}]"; got != want {
		t.Errorf("quantities %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(ports), "[{31000 31999}]"; got != want {
		t.Errorf("ports %s, want %s", got, want)
	}
	for _, a := range attributes(offer.Attributes) {
		if a.Name == "" || a.Value == "" {
			t.Errorf("attribute %+v", a)
		}
	}
}

func TestAttributesArePrintedAsMesosPrintsThem(t *testing.T) {
	in := []mesos.Attribute{
		{Name: "rack", Type: mesos.TEXT, Text: &mesos.Value_Text{Value: "r1"}},
		{Name: "cores", Type: mesos.SCALAR, Scalar: &mesos.Value_Scalar{Value: 32}},
		{Name: "ghz", Type: mesos.SCALAR, Scalar: &mesos.Value_Scalar{Value: 2.6}},
		{Name: "rows", Type: mesos.RANGES, Ranges: &mesos.Value_Ranges{Range: []mesos.Value_Range{{Begin: 1, End: 3}, {Begin: 7, End: 7}}}},
	}
	if got, want := fmt.Sprint(attributes(in)), "[{rack r1} {cores 32} {ghz 2.6} {rows [1-3, 7-7]}]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func scalar(name string, value float64, reservedFor ...string) mesos.Resource {
	r := mesos.Resource{Name: name, Type: mesos.SCALAR.Enum(), Scalar: &mesos.Value_Scalar{Value: value},
		AllocationInfo: &mesos.Resource_AllocationInfo{Role: ptr("eng")}}
	for _, role := range reservedFor {
		r.Reservations = append(r.Reservations, mesos.Resource_ReservationInfo{
			Type: mesos.Resource_ReservationInfo_STATIC.Enum(), Role: ptr(role)})
	}
	return r
}

func portRange(begin, end uint64, reservedFor ...string) mesos.Resource {
	r := scalar(portsName, 0, reservedFor...)
	r.Type, r.Scalar = mesos.RANGES.Enum(), nil
	r.Ranges = &mesos.Value_Ranges{Range: []mesos.Value_Range{{Begin: begin, End: end}}}
	return r
}

// text prints resources as "cpus(eng):1.5", a reservation's role in brackets.
func text(rs []mesos.Resource) string {
	var parts []string
	for _, r := range rs {
		part := r.Name
		if len(r.Reservations) > 0 {
			part += "(" + r.Reservations[len(r.Reservations)-1].GetRole() + ")"
		}
		value := strconv.FormatFloat(r.GetScalar().GetValue(), 'f', -1, 64)
		if r.GetType() == mesos.RANGES {
			value = fmt.Sprint(r.Ranges.Range)
		}
		if r.GetType() == mesos.SET {
			value = fmt.Sprint(r.Set.Item)
		}
		parts = append(parts, part+":"+value)
	}
	return strings.Join(parts, " ")
}

func TestResourcesThatTaskGroupsCannotUseAreLeftAside(t *testing.T) {
	volume, revocable, shared := scalar("disk", 1, "eng"), scalar("cpus", 1), scalar("disk", 1, "eng")
	volume.Disk = &mesos.Resource_DiskInfo{Persistence: &mesos.Resource_DiskInfo_Persistence{ID: "v"}}
	revocable.Revocable = &mesos.Resource_RevocableInfo{}
	shared.Shared = &mesos.Resource_SharedInfo{}
	offered := []mesos.Resource{volume, revocable, shared, scalar("cpus", 2)}
	if has := holdings(offered); fmt.Sprint(has.scalars) != "[{cpus 2}]" || len(has.ports)+len(has.sets) > 0 {
		t.Errorf("counted %v, want 2 cpus", has)
	}
	from := newPool(offered)
	if got, err := from.scalar("cpus", 2*drf.Unit); err != nil || text(got) != "cpus:2" {
		t.Errorf("dealt %s, %v; want the 2 cpus that are not revocable", text(got), err)
	}
	if got, err := from.scalar("disk", 1); err == nil {
		t.Errorf("dealt %s of a volume", text(got))
	}
}

// 1 cpu reserved and 4 not do not satisfy an entry of 2 cpus: a task must list both kinds, and uses up what is
// reserved first, which nobody else could use.
func TestReservedResourcesAreDealtFirstAndListedApart(t *testing.T) {
	from := newPool([]mesos.Resource{scalar("cpus", 4)}, []mesos.Resource{scalar("cpus", 1, "eng"), scalar("mem", 64)})
	steps := []struct {
		want  drf.Amount
		dealt string
	}{
		{700, "cpus(eng):0.7"}, {1300, "cpus(eng):0.3 cpus:1"}, {3000, "cpus:3"},
	}
	for _, s := range steps {
		got, err := from.scalar("cpus", s.want)
		if err != nil || text(got) != s.dealt {
			t.Errorf("%s cpus are dealt as %s, %v; want %s", s.want, text(got), err, s.dealt)
		}
		for _, r := range got {
			if r.GetAllocationInfo().GetRole() != "eng" {
				t.Errorf("%s lost its allocation role", text([]mesos.Resource{r}))
			}
		}
	}
	if got, err := from.scalar("cpus", 1); err == nil {
		t.Errorf("dealt %s although nothing is left", text(got))
	}
}

func TestPortsAreDealtByNumberFromTheEntriesThatHoldThem(t *testing.T) {
	offered := []mesos.Resource{portRange(31000, 31009), portRange(32000, 32001, "eng")}
	from := newPool(offered)
	got, err := from.ports([]uint64{31001, 32000, 31000, 31003})
	if want := "ports(eng):[{32000 32000}] ports:[{31000 31001} {31003 31003}]"; err != nil || text(got) != want {
		t.Errorf("dealt %s, %v; want %s", text(got), err, want)
	}
	if got, err := from.ports([]uint64{31010}); err == nil {
		t.Errorf("dealt %s, which was not offered", text(got))
	}
	if got, err := from.ports(nil); err != nil || len(got) > 0 {
		t.Errorf("no ports are dealt as %s, %v", text(got), err)
	}
}

// The items of a set are dealt by name, from the entries that have them.
func TestItemsAreDealtByName(t *testing.T) {
	from := newPool([]mesos.Resource{itemsOf("zones", "a", "b"), itemsOf("keys", "a")}, []mesos.Resource{itemsOf("zones", "c")})
	from.entries[2].Reservations = scalar("zones", 0, "eng").Reservations
	got, err := from.items("zones", []string{"c", "a"})
	if want := "zones:[a] zones(eng):[c]"; err != nil || text(got) != want {
		t.Errorf("dealt %s, %v; want %s", text(got), err, want)
	}
	if got, err := from.items("zones", []string{"d"}); err == nil {
		t.Errorf("dealt %s, which was not offered", text(got))
	}
	if got := holdings(from.entries).sets; fmt.Sprint(got) != "[{zones [a b c]} {keys [a]}]" {
		t.Errorf("counted %v", got)
	}
}

func itemsOf(name string, items ...string) mesos.Resource {
	return mesos.Resource{Name: name, Type: mesos.SET.Enum(), Set: &mesos.Value_Set{Item: items}}
}

func TestDealingLeavesTheOfferAsItWas(t *testing.T) {
	offered := []mesos.Resource{scalar("cpus", 4), scalar("cpus", 1, "eng"), portRange(1, 9)}
	before := text(offered)
	from := newPool(offered)
	if _, err := from.scalar("cpus", 4500); err != nil {
		t.Fatal(err)
	}
	if _, err := from.ports([]uint64{3}); err != nil {
		t.Fatal(err)
	}
	if text(offered) != before {
		t.Errorf("the offer was %s and is %s", before, text(offered))
	}
}

// Whatever is offered and asked for: what is dealt adds up to what was asked, no entry gives more than it has, and
// nothing unreserved is given away while something reserved is left.
func TestDealingAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amounts := rapid.SliceOfN(rapid.Int64Range(0, 5000), 1, 6).Draw(t, "offered")
		var offered []mesos.Resource
		var total, reserved drf.Amount
		for i, milli := range amounts {
			a := drf.Amount(milli)
			total += a
			if i%2 == 1 {
				reserved += a
				offered = append(offered, scalar("cpus", a.Float(), "eng"))
				continue
			}
			offered = append(offered, scalar("cpus", a.Float()))
		}
		from := newPool(offered)
		for total > 0 {
			want := drf.Amount(rapid.Int64Range(1, int64(total)).Draw(t, "want"))
			got, err := from.scalar("cpus", want)
			if err != nil {
				t.Fatalf("%s of %s: %v", want, total, err)
			}
			var sum, ofReserved drf.Amount
			for _, r := range got {
				a := amountOf(r.GetScalar().GetValue())
				sum += a
				if len(r.Reservations) > 0 {
					ofReserved += a
				}
			}
			if sum != want || ofReserved != min(want, reserved) {
				t.Fatalf("asked for %s (%s reserved are left), dealt %s", want, reserved, text(got))
			}
			total, reserved = total-sum, reserved-ofReserved
		}
		if _, err := from.scalar("cpus", 1); err == nil {
			t.Fatal("more was dealt than offered")
		}
	})
}
