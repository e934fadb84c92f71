package report

import (
	"math"
	"strconv"
	"strings"
)

// mostTicks are the steps of an axis, at most.
const mostTicks = 7

// timeScale is an axis from 0 to a time in seconds, in the unit that suits it.
func timeScale(until float64) scale {
	units := []struct {
		name    string
		seconds float64
		steps   []float64
	}{
		{"d", 86_400, []float64{1, 2, 5, 10}},
		{"h", 3_600, []float64{0.5, 1, 2, 3, 4, 6, 12}},
		{"min", 60, []float64{0.5, 1, 2, 5, 10, 15, 20, 30}},
		{"s", 1, []float64{0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30}},
	}
	unit := units[len(units)-1]
	for _, u := range units {
		if until >= 3*u.seconds {
			unit = u
			break
		}
	}
	step := 0.0
	for _, s := range unit.steps {
		if step == 0 && until/unit.seconds/s <= mostTicks+1 {
			step = s
		}
	}
	if step == 0 {
		step = niceStep(until/unit.seconds, mostTicks)
	}
	out := scale{to: until, unit: unit.name, format: func(t float64) string { return trim(t / unit.seconds) }}
	for k := 0.0; k*step*unit.seconds <= until*(1+1e-9); k++ {
		out.ticks = append(out.ticks, k*step*unit.seconds)
	}
	return out
}

// valueScale is an axis from 0 to at least a value. Times have the unit that suits them.
func valueScale(k Kind, most float64) scale {
	if k == Seconds {
		unit, seconds := "s", 1.0
		for _, u := range []struct {
			name    string
			seconds float64
		}{{"min", 60}, {"h", 3_600}, {"d", 86_400}} {
			if most >= 3*u.seconds {
				unit, seconds = u.name, u.seconds
			}
		}
		s := linear(most/seconds, func(v float64) string { return trim(v / seconds) })
		for i := range s.ticks {
			s.ticks[i] *= seconds
		}
		s.to, s.unit, s.seconds = s.to*seconds, unit, seconds
		return s
	}
	if k == Part {
		s := linear(100*most, func(v float64) string { return trim(100 * v) })
		for i := range s.ticks {
			s.ticks[i] /= 100
		}
		s.to, s.unit = s.to/100, "%"
		return s
	}
	return linear(most, short)
}

func linear(most float64, format func(float64) string) scale {
	step := niceStep(most, 5)
	s := scale{format: format}
	for k := 0.0; ; k++ {
		s.ticks = append(s.ticks, k*step)
		if s.to = k * step; s.to >= most*(1-1e-9) {
			return s
		}
	}
}

// niceStep is 1, 2 or 5 times a power of ten, of which at most so many make up a value.
func niceStep(most float64, steps int) float64 {
	raw := most / float64(steps)
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= raw*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// trim is a number without needless zeros.
func trim(x float64) string {
	return strconv.FormatFloat(math.Round(x*1e6)/1e6, 'f', -1, 64)
}

// short is a count such as 1.5k.
func short(x float64) string {
	for _, u := range []struct {
		of   float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if x >= u.of {
			return strconv.FormatFloat(x/u.of, 'g', 3, 64) + u.name
		}
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}

// Short prints a figure other than a time where there is little room.
func (k Kind) Short(x float64) string {
	if k == Part {
		return short(100*x) + "%"
	}
	return short(x)
}

// duration is a time in the unit that suits it, with three digits.
func duration(s float64) string {
	for _, u := range []struct {
		of   float64
		name string
	}{{86_400, "d"}, {3_600, "h"}, {60, "min"}} {
		if s >= 2*u.of {
			return strconv.FormatFloat(s/u.of, 'g', 3, 64) + u.name
		}
	}
	return strconv.FormatFloat(math.Round(s*10)/10, 'g', 3, 64) + "s"
}

func plural(n int, what string) string {
	if n == 1 || strings.HasSuffix(what, "more") {
		return strconv.Itoa(n) + " " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
