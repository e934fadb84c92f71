package report

import "math"

// Chart is a picture of lines over time, or of bars.
type Chart struct {
	Name     string // in the names of files
	Title    string
	Subtitle string
	XLabel   string
	YLabel   string
	Y        Kind
	// YMax is the least upper end of the y axis.
	YMax float64
	// XMax is the least end of a time axis, in seconds.
	XMax float64
	// Ends are when the spans of a chart over time end, in seconds. Bars have Categories instead.
	Ends       []float64
	Categories []string
	Series     []Series
	// Left is how many more there would be.
	Left int
}

// Series is one line, or the bars of one colour. It has a value for each span or category; NaN where
// there is none.
type Series struct {
	Name   string
	Values []float64
	// Style picks colour and dashes; below 0 it is one of the many that are drawn alike, in the background.
	Style int
	// Thin lines are beside others of their style, without an entry of their own in the legend.
	Thin bool
	// Joined values are drawn as points with lines between them, others as steps.
	Joined bool
}

// Sizes of a chart in pixels, and of its text.
const (
	chartWidth  = 800
	chartHeight = 400
	plotTop     = 80
	titleSize   = 19
	textSize    = 14
	smallSize   = 13
	labelSize   = 11
	keyWidth    = 176 // of the legend, which is beside the data
	keyLine     = 22
)

type point struct{ x, y float64 }

type box struct{ x, y, w, h float64 }

// scale maps values of one axis to pixels.
type scale struct {
	from, to     float64 // values
	fromPx, toPx float64
	ticks        []float64
	format       func(float64) string
	unit         string
	seconds      float64 // to a unit of time
}

func (s *scale) px(v float64) float64 {
	if s.to == s.from {
		return s.fromPx
	}
	return s.fromPx + (v-s.from)/(s.to-s.from)*(s.toPx-s.fromPx)
}

// layout is where the parts of a chart are.
type layout struct {
	plot box
	x, y scale
}

// top is the largest value, and YMax if that is more.
func (c *Chart) top() float64 {
	most := c.YMax
	for _, s := range c.Series {
		for _, v := range s.Values {
			if !math.IsNaN(v) {
				most = max(most, v)
			}
		}
	}
	if most == 0 {
		return 1
	}
	return most
}

func (c *Chart) layout() layout {
	l := layout{y: valueScale(c.Y, c.top())}
	widest := 0.0
	for _, t := range l.y.ticks {
		widest = max(widest, textWidth(l.y.format(t), smallSize))
	}
	left := 52 + widest
	l.plot = box{x: left, y: plotTop, w: chartWidth - keyWidth - left - 12, h: chartHeight - plotTop - 58}
	l.y.fromPx, l.y.toPx = l.plot.y+l.plot.h, l.plot.y
	if c.Categories == nil {
		l.x = timeScale(max(c.XMax, c.Ends[len(c.Ends)-1]))
	} else {
		l.x = scale{to: float64(len(c.Categories))}
	}
	l.x.fromPx, l.x.toPx = l.plot.x, l.plot.x+l.plot.w
	return l
}

// draw puts the chart on a canvas of chartWidth × chartHeight.
func (c *Chart) draw(on canvas) layout {
	l := c.layout()
	on.rect(box{0, 0, chartWidth, chartHeight}, paintBack)
	on.text(point{24, 32}, c.Title, textStyle{size: titleSize, bold: true})
	on.text(point{24, 54}, c.Subtitle, textStyle{size: textSize, paint: paintMuted})
	c.axes(on, &l)
	switch {
	case c.Categories == nil:
		c.lines(on, &l)
	case c.isSweep():
		c.points(on, &l)
	default:
		c.bars(on, &l)
	}
	c.legend(on, &l)
	return l
}

func (c *Chart) axes(on canvas, l *layout) {
	p := l.plot
	for _, t := range l.y.ticks {
		y := l.y.px(t)
		on.line([]point{{p.x, y}, {p.x + p.w, y}}, stroke{paint: paintGrid, width: 1})
		on.text(point{p.x - 8, y + 4.5}, l.y.format(t), textStyle{size: smallSize, anchor: end, paint: paintMuted})
	}
	for _, t := range l.x.ticks {
		x := l.x.px(t)
		on.line([]point{{x, p.y + p.h}, {x, p.y + p.h + 5}}, stroke{paint: paintMuted, width: 1})
		on.text(point{x, p.y + p.h + 20}, l.x.format(t), textStyle{size: smallSize, anchor: middle, paint: paintMuted})
	}
	on.line([]point{{p.x, p.y + p.h}, {p.x + p.w, p.y + p.h}}, stroke{paint: paintMuted, width: 1})
	label := c.XLabel
	if l.x.unit != "" {
		label += " (" + l.x.unit + ")"
	}
	on.text(point{p.x + p.w/2, p.y + p.h + 44}, label, textStyle{size: textSize, anchor: middle})
	label = c.YLabel
	if l.y.unit != "" {
		label += " (" + l.y.unit + ")"
	}
	on.text(point{26, p.y + p.h/2}, label, textStyle{size: textSize, anchor: middle, upwards: true})
}

// lines draws those in the background first.
func (c *Chart) lines(on canvas, l *layout) {
	for _, behind := range []bool{true, false} {
		for i := range c.Series {
			if s := &c.Series[i]; (s.Style < 0) == behind {
				on.begin("series", i)
				c.line(on, l, s)
				on.end()
			}
		}
	}
}

func (c *Chart) line(on canvas, l *layout, s *Series) {
	look := s.look()
	var way []point
	flush := func() {
		if len(way) > 1 {
			on.line(way, look)
		}
		way = way[:0]
	}
	from := 0.0
	for i, v := range s.Values {
		to := c.Ends[i]
		nothing := math.IsNaN(v) || v == 0 && (i == 0 || s.Values[i-1] == 0) // it would hide the axis
		if s.Joined && !math.IsNaN(v) {
			p := point{l.x.px((from + to) / 2), l.y.px(v)}
			way = append(way, p)
			if s.Style >= 0 {
				on.rect(box{p.x - 2, p.y - 2, 4, 4}, look.paint)
			}
		} else if !s.Joined && nothing {
			flush()
		} else if !s.Joined {
			if i > 0 && s.Values[i-1] == 0 && len(way) == 0 {
				way = append(way, point{l.x.px(from), l.y.px(0)})
			}
			way = append(way, point{l.x.px(from), l.y.px(v)}, point{l.x.px(to), l.y.px(v)})
		}
		from = to
	}
	flush()
}

// look is how a series is drawn.
func (s *Series) look() stroke {
	if s.Style < 0 {
		return stroke{paint: paintOther, width: 0.8}
	}
	if s.Thin {
		return stroke{paint: seriesPaint(s.Style), width: 1, dash: []float64{2, 3}}
	}
	return stroke{paint: seriesPaint(s.Style), width: 2.2, dash: dashes()[s.Style%len(dashes())]}
}

// isSweep says that the categories are values of one thing, so that lines may join them.
func (c *Chart) isSweep() bool { return len(c.Series) > 0 && c.Series[0].Joined && c.Categories != nil }

// points joins the values of each series.
func (c *Chart) points(on canvas, l *layout) {
	slot := l.plot.w / float64(len(c.Categories))
	for i := range c.Series {
		s := &c.Series[i]
		on.begin("series", i)
		var way []point
		for k, v := range s.Values {
			if !math.IsNaN(v) {
				p := point{l.plot.x + slot*(float64(k)+0.5), l.y.px(v)}
				way = append(way, p)
				on.rect(box{p.x - 3, p.y - 3, 6, 6}, s.look().paint)
			}
		}
		if len(way) > 1 {
			on.line(way, s.look())
		}
		on.end()
	}
	c.categories(on, l)
}

// barGap is the part of a category that is left free.
const barGap = 0.25

func (c *Chart) bars(on canvas, l *layout) {
	p := l.plot
	slot := p.w / float64(len(c.Categories))
	width := slot * (1 - barGap) / float64(max(1, len(c.Series)))
	labels := c.labelsFit(l, width)
	for i, s := range c.Series {
		on.begin("series", i)
		for k, v := range s.Values {
			if math.IsNaN(v) {
				continue
			}
			x := p.x + slot*(float64(k)+barGap/2) + width*float64(i)
			y := l.y.px(v)
			on.rect(box{x, y, max(1, width-1), p.y + p.h - y}, seriesPaint(s.Style))
			if labels {
				on.text(point{x + width/2, y - 4}, c.label(l, v), textStyle{size: labelSize, anchor: middle, paint: paintMuted})
			}
		}
		on.end()
	}
	c.categories(on, l)
}

func (c *Chart) categories(on canvas, l *layout) {
	slot := l.plot.w / float64(len(c.Categories))
	for k, name := range c.Categories {
		on.text(point{l.plot.x + slot*(float64(k)+0.5), l.plot.y + l.plot.h + 20}, shorten(name, slot-4, smallSize),
			textStyle{size: smallSize, anchor: middle, paint: paintMuted})
	}
}

// label is the value of a bar, a time in the unit of its axis.
func (c *Chart) label(l *layout, v float64) string {
	if c.Y == Seconds {
		return short(v / l.y.seconds)
	}
	return c.Y.Short(v)
}

// labelsFit says whether each bar has room for its value.
func (c *Chart) labelsFit(l *layout, width float64) bool {
	for _, s := range c.Series {
		for _, v := range s.Values {
			if !math.IsNaN(v) && textWidth(c.label(l, v), labelSize) > width-1 {
				return false
			}
		}
	}
	return true
}

// legend is beside the data.
func (c *Chart) legend(on canvas, l *layout) {
	x, y := l.plot.x+l.plot.w+20, l.plot.y+10
	others, thin := 0, false
	for i := range c.Series {
		s := &c.Series[i]
		if s.Style < 0 {
			others++
		}
		if s.Style < 0 || s.Thin {
			thin = thin || s.Thin
			continue
		}
		on.begin("key", i)
		c.swatch(on, point{x, y}, s)
		on.text(point{x + 38, y + 5}, shorten(s.Name, keyWidth-50, textSize), textStyle{size: textSize})
		on.end()
		y += keyLine
	}
	if thin {
		on.line([]point{{x, y}, {x + 30, y}}, stroke{paint: paintMuted, width: 1, dash: []float64{2, 3}})
		on.text(point{x + 38, y + 5}, "fair share", textStyle{size: textSize, paint: paintMuted})
		y += keyLine
	}
	if others > 0 {
		on.line([]point{{x, y}, {x + 30, y}}, stroke{paint: paintOther, width: 1.5})
		on.text(point{x + 38, y + 5}, plural(others, "other"), textStyle{size: textSize, paint: paintMuted})
		y += keyLine
	}
	if c.Left > 0 {
		on.text(point{x, y + 5}, "and "+plural(c.Left, "more")+", not drawn", textStyle{size: textSize, paint: paintMuted})
	}
}

func (c *Chart) swatch(on canvas, at point, s *Series) {
	if c.Categories != nil && !s.Joined {
		on.rect(box{at.x, at.y - 7, 30, 14}, seriesPaint(s.Style))
		return
	}
	on.line([]point{{at.x, at.y}, {at.x + 30, at.y}}, s.look())
}
