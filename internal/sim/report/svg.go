package report

import (
	"fmt"
	"html"
	"io"
	"strconv"
	"strings"
)

// svgCanvas writes SVG. Colours are attributes, which every program understands, and classes, by
// which a page or a dark screen changes them.
type svgCanvas struct {
	b      strings.Builder
	colour []string
}

// WriteSVG writes the chart as a file of its own, which is dark where the reader's screen is.
func (c *Chart) WriteSVG(w io.Writer) error {
	on := &svgCanvas{colour: palette(false)}
	c.draw(on)
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="Liberation Sans, Arial, Helvetica, sans-serif" role="img">
<title>%s</title>
<style>@media (prefers-color-scheme: dark) {%s}</style>
%s</svg>
`, chartWidth, chartHeight, chartWidth, chartHeight, html.EscapeString(c.Title+", "+c.Subtitle), classes(palette(true)), on.b.String())
	return err
}

// classes is the style sheet of a palette.
func classes(colours []string) string {
	var b strings.Builder
	for i, c := range colours {
		fmt.Fprintf(&b, ".l%d{stroke:%s}.f%d{fill:%s}", i, c, i, c)
	}
	return b.String()
}

func (s *svgCanvas) begin(what string, series int) {
	fmt.Fprintf(&s.b, "<g class=%q data-s=\"%d\">\n", what, series)
}

func (s *svgCanvas) end() { s.b.WriteString("</g>\n") }

func (s *svgCanvas) line(points []point, look stroke) {
	s.b.WriteString(`<path fill="none" d="`)
	var last point
	for i, p := range points {
		switch {
		case i == 0:
			s.b.WriteString("M" + px(p.x) + " " + px(p.y))
		case px(p.y) == px(last.y):
			s.b.WriteString("H" + px(p.x))
		case px(p.x) == px(last.x):
			s.b.WriteString("V" + px(p.y))
		default:
			s.b.WriteString("L" + px(p.x) + " " + px(p.y))
		}
		last = p
	}
	fmt.Fprintf(&s.b, `" class="l%d" stroke="%s" stroke-width="%s"`, look.paint, s.colour[look.paint], px(look.width))
	if look.dash != nil {
		var parts []string
		for _, d := range look.dash {
			parts = append(parts, px(d))
		}
		fmt.Fprintf(&s.b, ` stroke-dasharray="%s"`, strings.Join(parts, " "))
	}
	s.b.WriteString(` stroke-linejoin="round"/>` + "\n")
}

func (s *svgCanvas) rect(r box, p paint) {
	fmt.Fprintf(&s.b, `<rect x="%s" y="%s" width="%s" height="%s" class="f%d" fill="%s"/>`+"\n", px(r.x), px(r.y), px(r.w), px(r.h), p, s.colour[p])
}

func (s *svgCanvas) text(at point, text string, t textStyle) {
	fmt.Fprintf(&s.b, `<text x="%s" y="%s" font-size="%s" class="f%d" fill="%s"`, px(at.x), px(at.y), px(t.size), t.paint, s.colour[t.paint])
	if t.anchor != start {
		fmt.Fprintf(&s.b, ` text-anchor="%s"`, map[anchor]string{middle: "middle", end: "end"}[t.anchor])
	}
	if t.bold {
		s.b.WriteString(` font-weight="bold"`)
	}
	if t.upwards {
		fmt.Fprintf(&s.b, ` transform="rotate(-90 %s %s)"`, px(at.x), px(at.y))
	}
	s.b.WriteString(">" + html.EscapeString(text) + "</text>\n")
}

// px is a length with one place.
func px(x float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(x, 'f', 1, 64), ".0")
}
