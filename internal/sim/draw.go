package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"

	"fairlead/drf"
	"fairlead/internal/strictyaml"
)

// longestMillis bounds every time that is drawn, as files bound those that are written.
const longestMillis = 36_500 * 24 * 3_600_000

// draw is a distribution of times in milliseconds.
type draw struct {
	kind string // one of generators
	// first and second are: uniform, the least and the largest; exponential, the mean; lognormal, the
	// median; poisson, the time in which count arrivals are expected.
	first, second int64
	// count is that of poisson in thousandths, or lognormal's sigma.
	count drf.Amount
}

// poisson is the kind of draw that is a process: each value follows the one before.
const poisson = "poisson"

// generators are the distributions, and how each is written.
var generators = []struct{ kind, form string }{
	{"uniform", "uniform(20s, 40s), with the least and the largest"},
	{"exponential", "exponential(30s), with the mean"},
	{"lognormal", "lognormal(30s, 1.5), with the median and the standard deviation of the logarithm, at most 10"},
	{poisson, "poisson(10/min)"},
}

var callPattern = regexp.MustCompile(`^\s*([a-z]+)\s*\((.*)\)\s*$`)

// timeOrDraw reads a time, or how one is drawn. Poisson processes are for arrivals only.
func timeOrDraw(v strictyaml.Value, arrival bool) (int64, *draw) {
	if v.IsText() {
		if s, ok := v.Literal(maxText); ok && strings.Contains(s, "(") {
			return 0, readDraw(v, s, arrival)
		}
	}
	ms, _ := v.Millis()
	return ms, nil
}

func readDraw(v strictyaml.Value, s string, arrival bool) *draw {
	call := callPattern.FindStringSubmatch(s)
	if call == nil {
		v.Failf("%q: expected a name and its values in brackets, such as uniform(20s, 40s)", s)
		return nil
	}
	d := &draw{kind: call[1]}
	at := slices.IndexFunc(generators, func(g struct{ kind, form string }) bool { return g.kind == d.kind })
	if at < 0 || d.kind == poisson && !arrival {
		v.Failf("%q: times cannot be drawn from %s: expected %s", s, d.kind, kinds(arrival))
		return nil
	}
	args := strings.Split(call[2], ",")
	for i := range args {
		args[i] = strings.TrimSpace(args[i])
	}
	if !d.read(args) {
		v.Failf("%q: expected %s", s, generators[at].form)
		return nil
	}
	return d
}

func kinds(arrival bool) string {
	var names []string
	for _, g := range generators {
		if arrival || g.kind != poisson {
			names = append(names, g.kind)
		}
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// read takes the values in brackets; it is false if they are wrong.
func (d *draw) read(args []string) bool {
	if d.kind == poisson {
		return len(args) == 1 && d.readRate(args[0])
	}
	var err error
	if d.first, err = strictyaml.ParseMillis(args[0]); err != nil {
		return false
	}
	switch d.kind {
	case "uniform":
		if len(args) == 2 {
			d.second, err = strictyaml.ParseMillis(args[1])
		}
		return len(args) == 2 && err == nil && d.first <= d.second && d.second > 0
	case "exponential":
		return len(args) == 1 && d.first > 0
	default:
		const mostSigma = 10 * drf.Unit
		if len(args) == 2 {
			d.count, err = drf.ParseAmount(args[1])
		}
		return len(args) == 2 && err == nil && d.first > 0 && d.count <= mostSigma
	}
}

// readRate reads 10/min.
func (d *draw) readRate(s string) bool {
	number, unit, _ := strings.Cut(s, "/")
	count, err := drf.ParseAmount(strings.TrimSpace(number))
	d.count = count
	d.first = map[string]int64{"s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}[strings.TrimSpace(unit)]
	return err == nil && count > 0 && d.first > 0
}

// source is where the numbers of one field of one group are drawn from. The k-th one is drawn by itself:
// it depends on the seed, the names and k, and on no other number, so that none has to be kept.
type source struct{ base, stream uint64 }

// stream is the source of one field of one group, so that another group, or another field, changes
// nothing. It depends on the seed and the names only.
func stream(seed int64, field string, g *Group) source {
	return sourceOf(seed, field, g.Spec.Framework, g.Spec.Name)
}

func sourceOf(seed int64, field, framework, name string) source {
	sum := sha256.Sum256(fmt.Appendf(nil, "fairlead draw 2\n%d\n%s\n%s\n%s\n", seed, field, framework, name))
	return source{binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])}
}

// at is the generator for the k-th number. Neighbours begin far apart: k is scrambled (SplitMix64).
func (s source) at(k int) *rand.PCG {
	x := s.base + uint64(k)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return rand.NewPCG(x^x>>31, s.stream)
}

// value is the k-th time, at least least. Poisson processes have gaps instead.
func (d *draw) value(from source, k int, least int64) int64 { return d.valueOf(from.at(k), least) }

// valueOf draws a time of at least least.
func (d *draw) valueOf(r *rand.PCG, least int64) int64 {
	var ms int64
	switch d.kind {
	case "uniform":
		// The bias is below one part in a million even for a range of a hundred years.
		high, _ := bits.Mul64(r.Uint64(), uint64(d.second-d.first+1))
		ms = d.first + int64(high)
	case "exponential":
		ms = whole(exponential(r) * float64(d.first))
	case "lognormal":
		ms = whole(float64(d.first) * exp(float64(normal(r)*d.count.Float())))
	}
	return max(ms, least)
}

// gap is the time in milliseconds from one arrival of a Poisson process to the next.
func (d *draw) gap(from source, k int) float64 {
	// The conversion forbids fusing this with the addition that follows, whose rounding differs by machine.
	return float64(exponential(from.at(k)) * (float64(d.first) * float64(drf.Unit) / float64(d.count)))
}
