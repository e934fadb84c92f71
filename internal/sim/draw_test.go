package sim

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/proto"
)

func TestFunctionsAgreeWithMath(t *testing.T) {
	from := rand.NewPCG(1, 2)
	for range 100_000 {
		x := unit(from)
		if got, want := ln(x), math.Log(x); math.Abs(got-want) > 1e-15*max(1, math.Abs(want)) {
			t.Fatalf("ln(%v) = %v, want %v", x, got, want)
		}
		y := 1400*x - 700
		if got, want := exp(y), math.Exp(y); math.Abs(got-want) > 1e-15*want*(1+math.Abs(y)) {
			t.Fatalf("exp(%v) = %v, want %v", y, got, want)
		}
	}
	for _, x := range []float64{0x1p-1022, 1e-300, 0.5, 1, 2, 1e300, math.MaxFloat64} {
		if got, want := ln(x), math.Log(x); math.Abs(got-want) > 1e-15*max(1, math.Abs(want)) {
			t.Errorf("ln(%v) = %v, want %v", x, got, want)
		}
	}
	if exp(1e9) != exp(700) || exp(math.Inf(-1)) != exp(-700) || exp(0) != 1 {
		t.Error("exp is not bounded as it says")
	}
}

// The bits were computed once, on amd64, where the compiler fuses nothing; every machine must agree.
func TestFunctionsHaveTheSameBitsEverywhere(t *testing.T) {
	for _, c := range []struct {
		got, want float64
	}{
		{ln(0.1), -0x1.26bb1bbb55515p+01}, {ln(3), 0x1.193ea7aad030ap+00},
		{exp(0.1), 0x1.1aec7b35a00d4p+00}, {exp(-12.345), 0x1.240572f47cb82p-18},
		{normal(rand.NewPCG(3, 4)), -0x1.7026293f4d8adp-01}, {exponential(rand.NewPCG(3, 4)), 0x1.0234a3269a509p-03},
	} {
		if math.Float64bits(c.got) != math.Float64bits(c.want) {
			t.Errorf("got %x, want %x", c.got, c.want)
		}
	}
}

const draws = 200_000

// Five standard errors leave one chance in a million; the seed is fixed, so the test never changes
// its mind.
func TestDistributionsHaveTheirMoments(t *testing.T) {
	const second = 1_000
	sigma := drf.Amount(1_500)
	for name, c := range map[string]struct {
		d          draw
		of         func(ms int64) float64
		mean, dev  float64 // of a single value
		least, top int64
	}{
		"uniform":     {draw{kind: "uniform", first: 20 * second, second: 40 * second}, identity, 30_000, 20_000 / math.Sqrt(12), 20_000, 40_000},
		"one value":   {draw{kind: "uniform", first: 7, second: 7}, identity, 7, 0, 7, 7},
		"exponential": {draw{kind: "exponential", first: 60 * second}, identity, 60_000, 60_000, 1, longestMillis},
		"lognormal": {draw{kind: "lognormal", first: 60 * second, count: sigma}, func(ms int64) float64 { return math.Log(float64(ms)) },
			math.Log(60_000), 1.5, 1, longestMillis},
	} {
		values := c.d.times(source{5, 6}, draws, 1)
		sum := 0.0
		for _, ms := range values {
			if ms < c.least || ms > c.top {
				t.Fatalf("%s: drew %d ms, want %d to %d", name, ms, c.least, c.top)
			}
			sum += c.of(ms)
		}
		if got := sum / draws; math.Abs(got-c.mean) > 5*c.dev/math.Sqrt(draws) {
			t.Errorf("%s: mean %v of %d, want %v", name, got, draws, c.mean)
		}
	}
}

// times are the first n that a simulation draws.
func (d *draw) times(from source, n int, least int64) []int64 {
	var out []int64
	sum := 0.0
	for k := range n {
		if d.kind == poisson {
			sum += d.gap(from, k)
			out = append(out, whole(sum))
			continue
		}
		out = append(out, d.value(from, k, least))
	}
	return out
}

func identity(ms int64) float64 { return float64(ms) }

// Of a Poisson process with rate 10/min, 10 n minutes see 100 n arrivals, give or take a few roots of
// that, and the numbers in each minute vary as much as their mean.
func TestPoissonArrivals(t *testing.T) {
	d := draw{kind: "poisson", first: 60_000, count: 10 * drf.Unit}
	at := d.times(source{7, 8}, draws, 0)
	if !slices.IsSorted(at) || at[0] < 0 {
		t.Fatal("arrivals are not in order")
	}
	if got, want := float64(at[draws-1]), draws*6_000.0; math.Abs(got-want) > 5*6_000*math.Sqrt(draws) {
		t.Errorf("the last of %d arrivals is at %v ms, want about %v", draws, got, want)
	}
	minutes := make([]float64, at[draws-1]/60_000)
	for _, ms := range at {
		if m := int(ms / 60_000); m < len(minutes) {
			minutes[m]++
		}
	}
	variance := 0.0
	for _, n := range minutes {
		variance += (n - 10) * (n - 10) / float64(len(minutes))
	}
	if variance < 9 || variance > 11 {
		t.Errorf("arrivals in a minute have the variance %v, want about 10", variance)
	}
}

func TestTimesThatAreTooLongAreBounded(t *testing.T) {
	d := draw{kind: "lognormal", first: longestMillis, count: 10 * drf.Unit}
	if got := slices.Max(d.times(source{1, 1}, 1_000, 1)); got != longestMillis {
		t.Errorf("the longest of many is %d, want %d", got, int64(longestMillis))
	}
	if got := slices.Min(d.times(source{1, 1}, 1_000, 1)); got < 1 {
		t.Errorf("the shortest is %d, want at least 1", got)
	}
}

// What is drawn for one field of one group depends on the seed and the names alone.
func TestStreamsAreIndependent(t *testing.T) {
	g := func(framework, name string) *Group {
		return &Group{Spec: &proto.TaskGroup{Framework: framework, Name: name}}
	}
	seen := map[uint64]string{}
	for _, seed := range []int64{-1, 0, 1} {
		for _, field := range []string{"arrival", "duration"} {
			for _, group := range []*Group{g("a", "b"), g("a", "c"), g("b", "b")} {
				first := stream(seed, field, group).at(0).Uint64()
				if first != stream(seed, field, group).at(0).Uint64() {
					t.Fatal("a stream does not repeat itself")
				}
				if other, twice := seen[first]; twice {
					t.Errorf("%v begins like %s", group.Spec, other)
				}
				seen[first] = group.Spec.String()
			}
		}
	}
}

// A seed from outside draws what the same seed in the file draws; another policy changes no arrival.
func TestDrawnTimesFollowTheSeed(t *testing.T) {
	const file = `
name: s
cluster: {agents: [{name: a, resources: {cpus: 2}}]}
groups: [{framework: A, name: g, instances: 20, arrival: "poisson(10/min)", duration: "exponential(20s)",
  tasks: [{name: t, resources: {cpus: 1}}]}]
until: 1h
`
	seven := int64(7)
	inside := runOne(t, file+"seed: 7\n", Options{})
	outside := runOne(t, file, Options{Seed: &seven})
	if inside.Digest != outside.Digest {
		t.Error("the seed of the options draws other times than that of the file")
	}
	if runOne(t, file, Options{}).Digest == inside.Digest {
		t.Error("seeds 1 and 7 draw the same times")
	}
	literal := runOne(t, file+"seed: 7\n", Options{Policy: allocator.DRFLiteral})
	if literal.MakespanS != inside.MakespanS || literal.Frameworks[0].MeanWaitS != inside.Frameworks[0].MeanWaitS {
		t.Error("with a single framework, another policy changes when its instances start")
	}
}
