package schedule

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"pgregory.net/rapid"
)

// Each case is a schedule, its time zone, a time, and the first times after it:
//
//	next zone=Europe/Berlin after=2026-03-28T12:00:00Z n=3
func TestSchedules(t *testing.T) {
	datadriven.RunTest(t, "testdata/schedules.txt", func(t *testing.T, d *datadriven.TestData) string {
		name, after, n := "", "2026-01-01T00:00:00Z", 3
		d.MaybeScanArgs(t, "zone", &name)
		d.MaybeScanArgs(t, "after", &after)
		d.MaybeScanArgs(t, "n", &n)
		zone, err := Zone(name)
		if err != nil {
			return err.Error() + "\n"
		}
		at, err := time.Parse(time.RFC3339, after)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		for _, text := range strings.Split(d.Input, "\n") {
			s, err := Parse(text, zone)
			if err != nil {
				fmt.Fprintln(&out, err)
				continue
			}
			fmt.Fprintln(&out, text)
			for next, more := s.Next(at); more && n > 0; next, more = s.Next(next) {
				fmt.Fprintln(&out, "   ", next.Format("Mon 2006-01-02 15:04:05 MST"))
				if n--; n == 0 {
					break
				}
			}
			d.MaybeScanArgs(t, "n", &n)
		}
		return out.String()
	})
}

// A schedule with fixed hours is due once on each day, whatever the clocks do; and
// the next time does not depend on how often one asks.
func TestTimesAreInOrderAndOnceADay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone, err := Zone(rapid.SampledFrom([]string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"}).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("%d %d * * *", rapid.IntRange(0, 59).Draw(t, "minute"), rapid.IntRange(0, 22).Draw(t, "hour"))
		s, err := Parse(text, zone)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(rapid.Int64Range(0, 3_000_000_000).Draw(t, "from"), 0)
		for range 400 {
			next, ok := s.Next(at)
			if !ok || !next.After(at) {
				t.Fatalf("%s after %s: got %s, %t", text, at.In(zone), next, ok)
			}
			if between, _ := s.Next(at.Add(next.Sub(at) / 2)); !between.Equal(next) {
				t.Fatalf("%s after half the time from %s to %s: got %s", text, at.In(zone), next, between)
			}
			if following, _ := s.Next(next); following.In(zone).YearDay() == next.In(zone).YearDay() {
				t.Fatalf("%s is due twice a day: %s and %s", text, next, following)
			}
			at = next
		}
	})
}
