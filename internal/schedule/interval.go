package schedule

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// interval is a repeating interval of ISO 8601.
type interval struct {
	start         time.Time
	count         int // how often it is due; 0: for ever
	years, months int
	days          int
	rest          time.Duration
}

const intervalForm = "expected R[n]/START/PERIOD, such as R/2026-01-01T03:00:00Z/P1D"

var (
	periodPattern = regexp.MustCompile(`^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$`)
	startLayouts  = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"}
)

func parseInterval(text string, zone *time.Location) (interval, error) {
	var v interval
	parts := strings.Split(text, "/")
	if len(parts) != 3 {
		return v, fmt.Errorf("%q: %s", text, intervalForm)
	}
	if n := parts[0][1:]; n != "" {
		count, err := strconv.Atoi(n)
		if err != nil || count < 1 {
			return v, fmt.Errorf("%q: R%s: expected R, or R and how often it is due", text, n)
		}
		v.count = count
	}
	err := errors.New("")
	for _, layout := range startLayouts {
		if v.start, err = time.ParseInLocation(layout, parts[1], zone); err == nil {
			break
		}
	}
	if err != nil {
		return v, fmt.Errorf("%q: %q is no time: expected one such as 2026-01-01T03:00:00Z, or without Z in the time zone", text, parts[1])
	}
	v.start = v.start.In(zone)
	return v, v.readPeriod(text, parts[2])
}

func (v *interval) readPeriod(text, period string) error {
	found := periodPattern.FindStringSubmatch(period)
	if found == nil || strings.HasSuffix(period, "T") || period == "P" {
		return fmt.Errorf("%q: %q is no period: expected one such as P1D, PT6H or P1M", text, period)
	}
	var n [8]int
	for i, digits := range found[1:] {
		if digits == "" {
			continue
		}
		var err error
		if n[i], err = strconv.Atoi(digits); err != nil || n[i] > 1_000_000 {
			return fmt.Errorf("%q: %q is too long a period", text, period)
		}
	}
	v.years, v.months, v.days = n[0], n[1], 7*n[2]+n[3]
	v.rest = time.Duration(n[4])*time.Hour + time.Duration(n[5])*time.Minute + time.Duration(n[6])*time.Second
	if v.years+v.months+v.days == 0 && v.rest < time.Second {
		return fmt.Errorf("%q: a period of nothing", text)
	}
	return nil
}

// at is occurrence k, from 0.
func (v *interval) at(k int) time.Time {
	months := int(v.start.Month()) - 1 + k*(12*v.years+v.months)
	year, month := v.start.Year()+months/12, time.Month(months%12+1)
	day := v.start.Day()
	if last := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day(); day > last {
		day = last
	}
	wall := time.Date(year, month, day+k*v.days, v.start.Hour(), v.start.Minute(), v.start.Second(), 0, time.UTC)
	at := v.start
	if v.years+v.months+v.days > 0 {
		at = onTheWall(wall, v.start.Location())
	}
	return at.Add(time.Duration(k) * v.rest)
}

// next is the first occurrence after a time, if there is one. Their order is that
// of their numbers, so it is found by halving.
func (v *interval) next(after time.Time) (time.Time, bool) {
	if after.Before(v.start) {
		return v.start, true
	}
	low, high := 0, 1 // at(low) is not after
	for !v.at(high).After(after) {
		low, high = high, 2*high
	}
	for high-low > 1 {
		if mid := (low + high) / 2; v.at(mid).After(after) {
			high = mid
		} else {
			low = mid
		}
	}
	if v.count > 0 && high >= v.count {
		return time.Time{}, false
	}
	return v.at(high), true
}
