package sim

// Bounds of a timeline.
const (
	mostSpans = 2_000
	fewSpans  = 100
	// mostValues bounds what all tracks of a timeline hold together.
	mostValues = 1 << 21
)

// timeline is what some figures were over time, as spans that follow one another. A span is first the
// time between two changes, so that nothing is lost. When there are too many, neighbours are merged
// and short spans are no longer begun: then a figure is its mean over each span.
type timeline struct {
	ends   []int64 // when each span ended
	width  int64   // a span that is shorter goes on
	tracks []*track
}

// track is one figure of a timeline: one that holds until it changes, or the mean of what is counted.
type track struct {
	value float64 // now
	since int64   // when area was brought up to date
	// area is the sum over the current span: of value × time, or of what was counted, weight of them.
	area, weight float64
	counted      bool
	means        []float64 // by span
	weights      []float64 // by span, if counted
}

// add begins a track, which was 0 until now.
func (l *timeline) add(counted bool, now int64) *track {
	t := &track{since: now, counted: counted, means: make([]float64, len(l.ends))}
	if counted {
		t.weights = make([]float64, len(l.ends))
	}
	l.tracks = append(l.tracks, t)
	return t
}

// set changes a figure from now on.
func (t *track) set(now int64, value float64) {
	t.pass(now)
	t.value = value
}

func (t *track) pass(now int64) {
	// The conversion forbids fusing the two operations, whose rounding differs by machine.
	t.area += float64(t.value * float64(now-t.since))
	t.since = now
}

// count adds one value to those that the span's mean is of.
func (t *track) count(value float64) {
	t.area += value
	t.weight++
}

// begin is when the current span began.
func (l *timeline) begin() int64 {
	if len(l.ends) == 0 {
		return 0
	}
	return l.ends[len(l.ends)-1]
}

// pass says that the figures of now held until then. It is cheap unless a span ends.
func (l *timeline) pass(then int64) {
	if then-l.begin() > l.width {
		l.cut(then)
	}
}

// cut ends the current span, if it has any length.
func (l *timeline) cut(then int64) {
	length := then - l.begin()
	if length <= 0 {
		return
	}
	for _, t := range l.tracks {
		if t.counted {
			t.means, t.weights = append(t.means, ratio(t.area, t.weight)), append(t.weights, t.weight)
		} else {
			t.pass(then)
			t.means = append(t.means, t.area/float64(length))
		}
		t.area, t.weight = 0, 0
	}
	l.ends = append(l.ends, then)
	if len(l.ends) >= 2*l.bound() {
		l.thin()
	}
}

// bound is how many spans are left by thinning, at most.
func (l *timeline) bound() int {
	return max(fewSpans, min(mostSpans, mostValues/(1+len(l.tracks)))) / 2
}

// thin merges neighbours that together are not longer than a span is to be from now on.
func (l *timeline) thin() {
	// Two neighbours are longer than width then, so that there are at most 2 × time / width.
	l.width = max(1, 2*l.begin()/int64(l.bound()-1))
	var first []int // of the spans that become one
	from := int64(0)
	for i, end := range l.ends {
		if i == 0 || end-from > l.width {
			first = append(first, i)
			from = l.start(i)
		}
	}
	for _, t := range l.tracks {
		t.merge(l, first)
	}
	var ends []int64
	for _, i := range first[1:] {
		ends = append(ends, l.start(i))
	}
	l.ends = append(ends, l.begin())
}

// start is when a span began.
func (l *timeline) start(span int) int64 {
	if span == 0 {
		return 0
	}
	return l.ends[span-1]
}

// merge makes one span of those from each of first to before the next.
func (t *track) merge(l *timeline, first []int) {
	for k, from := range first {
		next := len(t.means)
		if k+1 < len(first) {
			next = first[k+1]
		}
		area, weight := 0.0, 0.0
		for i := from; i < next; i++ {
			w := float64(l.ends[i] - l.start(i))
			if t.counted {
				w = t.weights[i]
			}
			area += float64(t.means[i] * w)
			weight += w
		}
		t.means[k] = ratio(area, weight)
		if t.counted {
			t.weights[k] = weight
		}
	}
	t.means = t.means[:len(first)]
	if t.counted {
		t.weights = t.weights[:len(first)]
	}
}

// ratio is a/b, and 0 of nothing.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
