package schedule

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // time zones are known wherever this runs

	"github.com/robfig/cron/v3"
)

// Schedule says when something is due. It is safe for concurrent use.
type Schedule struct {
	zone     *time.Location
	cron     cron.Schedule // nil for an interval
	fixed    bool          // its hours are times on the wall
	interval interval
}

// Zone finds a time zone by its name in the IANA database; "" is UTC.
func Zone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, fmt.Errorf("no time zone is called %q: expected a name such as Europe/Berlin or UTC", name)
	}
	return zone, nil
}

// Parse reads a schedule. It fails if that is never due.
func Parse(text string, zone *time.Location) (*Schedule, error) {
	s := &Schedule{zone: zone}
	var err error
	if strings.HasPrefix(text, "R") {
		if s.interval, err = parseInterval(text, zone); err != nil {
			return nil, err
		}
		return s, nil
	}
	if strings.Contains(text, "TZ=") || strings.HasPrefix(text, "@every") {
		return nil, fmt.Errorf("%q: expected five fields, such as 0 3 * * *, or R/START/PERIOD; a time zone has a field of its own", text)
	}
	parser := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)
	if s.cron, err = parser.Parse(text); err != nil {
		return nil, fmt.Errorf("%q: %w", text, err)
	}
	if fields := strings.Fields(text); len(fields) > 1 {
		s.fixed = !strings.HasPrefix(fields[1], "*")
	} else {
		s.fixed = text != "@hourly"
	}
	if s.cron.Next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, fmt.Errorf("%q: there is no such day", text)
	}
	return s, nil
}

// Next is the first time after another one at which it is due, and false if there
// is none.
func (s *Schedule) Next(after time.Time) (time.Time, bool) {
	switch {
	case s.cron == nil:
		return s.interval.next(after)
	case !s.fixed:
		next := s.cron.Next(after.In(s.zone))
		return next, !next.IsZero()
	}
	// Times on the wall are looked for as if they were of a zone without changes.
	wall := after.In(s.zone)
	naive := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), time.UTC)
	for {
		if naive = s.cron.Next(naive); naive.IsZero() {
			return time.Time{}, false
		}
		if at := onTheWall(naive, s.zone); at.After(after) {
			return at, true
		}
	}
}

// onTheWall is when the clocks of a zone show a time first. One that they skip is
// as much later as they skip.
func onTheWall(naive time.Time, zone *time.Location) time.Time {
	at := time.Date(naive.Year(), naive.Month(), naive.Day(), naive.Hour(), naive.Minute(), naive.Second(), 0, zone)
	_, before := at.Add(-24 * time.Hour).Zone()
	// With the offset of the day before, a skipped time comes out later, and of one
	// that is there twice the first.
	if early := naive.Add(-time.Duration(before) * time.Second).In(zone); sameWall(early, naive) || !sameWall(at, naive) {
		return early
	}
	return at
}

func sameWall(a, b time.Time) bool {
	return a.Hour() == b.Hour() && a.Minute() == b.Minute() && a.Day() == b.Day()
}
