package sim

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// However many changes there are, the spans follow one another without a gap, are not too many, and
// a figure's integral is kept. While there are few, each span has the value of its time.
func TestTimelineKeepsIntegrals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l timeline
		held, counted := l.add(false, 0), l.add(true, 0)
		var late *track
		n := rapid.SampledFrom([]int{1, 10, 1_999, 2_500, 9_000}).Draw(t, "changes")
		longest := rapid.SampledFrom([]int64{1, 3, 1_000_000}).Draw(t, "longest")
		seed := rapid.Uint64().Draw(t, "seed")
		now, area, lateArea, sum := int64(0), 0.0, 0.0, 0.0
		var values []float64
		for i := range n {
			seed = seed*6364136223846793005 + 1442695040888963407
			v := float64(seed >> 60)
			held.set(now, v)
			counted.count(v)
			if i == n/2 {
				late = l.add(false, now)
			}
			if late != nil {
				late.set(now, v)
			}
			then := now + 1 + int64(seed>>33)%longest
			area += v * float64(then-now)
			if late != nil {
				lateArea += v * float64(then-now)
			}
			sum += v
			l.pass(then)
			now = then
			values = append(values, v)
		}
		l.cut(now)
		if l.begin() != now || len(l.ends) > mostSpans {
			t.Fatalf("%d spans up to %d, want at most %d up to %d", len(l.ends), l.begin(), mostSpans, now)
		}
		if n < mostSpans {
			for i, v := range values {
				if held.means[i] != v {
					t.Fatalf("span %d: %g, want %g", i, held.means[i], v)
				}
			}
		}
		for name, c := range map[string]struct{ got, want float64 }{
			"held": {integral(&l, held), area}, "late": {integral(&l, late), lateArea}, "counted": {integral(&l, counted), sum},
		} {
			if math.Abs(c.got-c.want) > 1e-9*(1+c.want) {
				t.Fatalf("%s: the integral is %g, want %g", name, c.got, c.want)
			}
		}
	})
}

func integral(l *timeline, of *track) (sum float64) {
	for i, end := range l.ends {
		if of.counted {
			sum += of.means[i] * of.weights[i]
		} else {
			sum += of.means[i] * float64(end-l.start(i))
		}
	}
	return sum
}
