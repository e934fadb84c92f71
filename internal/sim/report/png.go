package report

import (
	"image/png"
	"io"
	"math"

	"git.sr.ht/~sbinet/gg"
	"golang.org/x/image/font"
)

// A picture is sharp on slides: it has so many pixels, pngScale to a unit of the chart.
const (
	pngWidth  = 1920
	pngHeight = 960
	pngScale  = float64(pngWidth) / chartWidth
)

// pngCanvas draws pixels.
type pngCanvas struct {
	on     *gg.Context
	colour []string
	faces  map[textStyle]font.Face
}

// WritePNG writes the chart as a picture for slides, light or dark.
func (c *Chart) WritePNG(w io.Writer, dark bool) error {
	on := &pngCanvas{
		on: gg.NewContext(pngWidth, pngHeight), colour: palette(dark), faces: map[textStyle]font.Face{},
	}
	c.draw(on)
	return png.Encode(w, on.on.Image())
}

func (p *pngCanvas) begin(string, int) {}

func (p *pngCanvas) end() {}

func (p *pngCanvas) line(points []point, look stroke) {
	p.on.SetColor(rgb(p.colour[look.paint]))
	p.on.SetLineWidth(pngScale * look.width)
	var dash []float64
	for _, d := range look.dash {
		dash = append(dash, pngScale*d)
	}
	p.on.SetDash(dash...)
	p.on.SetLineCapButt()
	p.on.SetLineJoinRound()
	for _, at := range points {
		p.on.LineTo(pngScale*at.x, pngScale*at.y)
	}
	p.on.Stroke()
}

func (p *pngCanvas) rect(r box, fill paint) {
	p.on.SetColor(rgb(p.colour[fill]))
	p.on.DrawRectangle(pngScale*r.x, pngScale*r.y, pngScale*r.w, pngScale*r.h)
	p.on.Fill()
}

func (p *pngCanvas) text(at point, s string, t textStyle) {
	key := textStyle{size: t.size, bold: t.bold}
	if p.faces[key] == nil {
		of := regular()
		if t.bold {
			of = bold()
		}
		p.faces[key] = face(of, pngScale*t.size)
	}
	p.on.SetFontFace(p.faces[key])
	p.on.SetColor(rgb(p.colour[t.paint]))
	x, y := pngScale*at.x, pngScale*at.y
	part := map[anchor]float64{middle: 0.5, end: 1}[t.anchor]
	if t.upwards {
		p.on.Push()
		p.on.RotateAbout(-math.Pi/2, x, y)
		defer p.on.Pop()
	}
	p.on.DrawStringAnchored(s, x, y, part, 0)
}
