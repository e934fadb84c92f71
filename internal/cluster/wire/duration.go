package wire

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// units of a Mesos duration, largest first, as stout's Duration writes them.
func units() []struct {
	name string
	size time.Duration
} {
	return []struct {
		name string
		size time.Duration
	}{
		{"weeks", week}, {"days", day}, {"hrs", time.Hour}, {"mins", time.Minute},
		{"secs", time.Second}, {"ms", time.Millisecond}, {"us", time.Microsecond}, {"ns", time.Nanosecond},
	}
}

// FormatDuration prints a duration the Mesos way, in the largest unit that
// gives a whole number: 90 s is "90secs", 1.5 s "1500ms".
func FormatDuration(d time.Duration) string {
	for _, u := range units() {
		if d%u.size == 0 && (d != 0 || u.size == time.Nanosecond) {
			return fmt.Sprintf("%d%s", d/u.size, u.name)
		}
	}
	return fmt.Sprintf("%dns", int64(d))
}

// ParseDuration reads a Mesos duration: a decimal number directly followed by
// ns, us, ms, secs, mins, hrs, days or weeks.
func ParseDuration(text string) (time.Duration, error) {
	split := strings.IndexFunc(text, func(r rune) bool {
		return (r < '0' || r > '9') && r != '.' && r != '-'
	})
	if split <= 0 {
		return 0, fmt.Errorf("duration %q: want a number and a unit", text)
	}
	number, err := strconv.ParseFloat(text[:split], 64)
	if err != nil {
		return 0, fmt.Errorf("duration %q: %w", text, err)
	}
	for _, u := range units() {
		if u.name != text[split:] {
			continue
		}
		nanoseconds := number * float64(u.size)
		if math.Abs(nanoseconds) >= math.MaxInt64 {
			return 0, fmt.Errorf("duration %q is out of range", text)
		}
		return time.Duration(nanoseconds), nil
	}
	return 0, fmt.Errorf("duration %q: unknown unit %q", text, text[split:])
}

// Seconds converts a number of seconds as Mesos messages carry it; ok is false
// if it is no duration (NaN or beyond 292 years).
func Seconds(s float64) (d time.Duration, ok bool) {
	nanoseconds := s * float64(time.Second)
	if math.IsNaN(nanoseconds) || math.Abs(nanoseconds) >= math.MaxInt64 {
		return 0, false
	}
	return time.Duration(nanoseconds), true
}
