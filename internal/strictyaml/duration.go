package strictyaml

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

const (
	day     = 24 * time.Hour
	longest = 36500 * day
)

var (
	errDuration  = errors.New("not a duration")
	errLong      = errors.New("more than a hundred years")
	errSubMillis = errors.New("not a whole number of milliseconds")
)

// ParseMillis reads what Value.Millis does: Go's notation, after a number of days if there are any.
func ParseMillis(s string) (int64, error) {
	days, rest, found := strings.Cut(s, "d")
	if !found {
		days, rest = "0", s
	}
	n, err := strconv.ParseUint(days, 10, 16)
	if err != nil || strings.ContainsAny(s, "+-") {
		return 0, errDuration
	}
	total := time.Duration(n) * day
	if rest != "" || !found {
		d, err := time.ParseDuration(rest)
		if err != nil {
			return 0, errDuration
		}
		total += min(d, longest+1)
	}
	switch {
	case total > longest:
		return 0, errLong
	case total%time.Millisecond != 0:
		return 0, errSubMillis
	}
	return total.Milliseconds(), nil
}

// FormatMillis is the shortest text that ParseMillis reads as ms: "1h30m" rather than "1h30m0s".
func FormatMillis(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	if d == 0 {
		return "0s"
	}
	days := ""
	if d >= day {
		days = strconv.FormatInt(int64(d/day), 10) + "d"
		if d %= day; d == 0 {
			return days
		}
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return days + s
}
