package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"fairlead/drf"
	"fairlead/internal/strictyaml"
	"fairlead/internal/taskgroup"
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

// generators are the distributions, and how each is written.
var generators = []struct{ kind, form string }{
	{"uniform", "uniform(20s, 40s), with the least and the largest"},
	{"exponential", "exponential(30s), with the mean"},
	{"lognormal", "lognormal(30s, 1.5), with the median and the standard deviation of the logarithm, at most 10"},
	{"poisson", "poisson(10/min)"},
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
	if at < 0 || d.kind == "poisson" && !arrival {
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
		if arrival || g.kind != "poisson" {
			names = append(names, g.kind)
		}
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// read takes the values in brackets; it is false if they are wrong.
func (d *draw) read(args []string) bool {
	if d.kind == "poisson" {
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

// stream is a source of random numbers of its own for one field of one group, so that another group,
// or another field, changes nothing. It depends on the seed and the names only.
func stream(seed int64, field string, g *Group) *rand.PCG {
	sum := sha256.Sum256(fmt.Appendf(nil, "fairlead draw 1\n%d\n%s\n%s\n%s\n", seed, field, g.Spec.Framework, g.Spec.Name))
	return rand.NewPCG(binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16]))
}

// times draws n times of at least least. Those of a Poisson process are its arrivals, in order.
func (d *draw) times(from *rand.PCG, n int, least int64) []int64 {
	out := make([]int64, n)
	sum := 0.0
	for i := range out {
		switch d.kind {
		case "uniform":
			// The bias is below one part in a million even for a range of a hundred years.
			high, _ := bits.Mul64(from.Uint64(), uint64(d.second-d.first+1))
			out[i] = d.first + int64(high)
		case "exponential":
			out[i] = whole(exponential(from) * float64(d.first))
		case "lognormal":
			out[i] = whole(float64(d.first) * exp(float64(normal(from)*d.count.Float())))
		case "poisson":
			// The conversion forbids fusing the two operations, whose rounding differs by machine.
			sum += float64(exponential(from) * (float64(d.first) * float64(drf.Unit) / float64(d.count)))
			out[i] = whole(sum)
		}
		out[i] = max(out[i], least)
	}
	return out
}

// drawn are the groups with everything drawn that is to be. Instances that arrive one by one become
// groups of their own, with the number of the instance in their names.
func drawn(groups []Group, seed int64) []Group {
	out := make([]Group, 0, len(groups))
	for i := range groups {
		g := groups[i]
		n := int(g.Spec.Instances)
		if g.duration != nil {
			g.durations = g.duration.times(stream(seed, "duration", &g), n, 1)
		}
		if g.arrival == nil {
			out = append(out, g)
			continue
		}
		for k, at := range g.arrival.times(stream(seed, "arrival", &g), n, 0) {
			one := g
			spec := *g.Spec
			spec.Name, spec.Instances = instanceName(spec.Name, k), 1
			one.Spec, one.ArrivalMillis = &spec, at
			if g.durations != nil {
				one.durations = g.durations[k : k+1]
			}
			out = append(out, one)
		}
	}
	return out
}

// separate checks the groups whose instances arrive one by one, and what that means for the others.
// The values are those that the groups were read from.
func separate(values []strictyaml.Value, groups []Group) {
	apart := make(map[string]uint32) // instances by framework/name
	total := 0
	for i, g := range groups {
		n := g.Spec.Instances
		total++
		if g.arrival == nil {
			continue
		}
		apart[g.Spec.Framework+"/"+g.Spec.Name] = n
		if last := instanceName(g.Spec.Name, int(n)-1); g.Spec.Name != "" && !taskgroup.IsName(last) {
			values[i].Failf("its instances arrive one by one, but %s is too long for the name of one", last)
		}
		if total += int(n) - 1; total > maxEntries {
			values[i].Failf("more than %d task groups, with instances that arrive one by one", maxEntries)
			return
		}
	}
	for i, g := range groups {
		for _, name := range g.Spec.After {
			if _, ok := apart[g.Spec.Framework+"/"+name]; ok {
				values[i].Failf("the instances of %s arrive one by one, so that nothing can come after it", name)
			}
		}
		if dot := strings.LastIndexByte(g.Spec.Name, '.'); dot >= 0 {
			n := apart[g.Spec.Framework+"/"+g.Spec.Name[:dot]]
			k, err := strconv.ParseUint(g.Spec.Name[dot+1:], 10, 31)
			if err == nil && uint32(k) < n && instanceName(g.Spec.Name[:dot], int(k)) == g.Spec.Name {
				values[i].Failf("%s is also an instance of %s that arrives by itself", g.Spec.Name, g.Spec.Name[:dot])
			}
		}
	}
}

// instanceName is the group that an instance becomes which arrives by itself.
func instanceName(group string, instance int) string { return fmt.Sprintf("%s.%d", group, instance) }

// lasts is how long an instance runs, 0 if it never ends.
func (g *Group) lasts(instance int32) int64 {
	if g.durations != nil {
		return g.durations[instance]
	}
	return g.DurationMillis
}
