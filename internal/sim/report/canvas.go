package report

import (
	"image/color"
	"strconv"
	"strings"
	"sync"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
)

// canvas is what charts are drawn on: SVG and PNG.
type canvas interface {
	line(points []point, s stroke)
	rect(b box, p paint)
	text(at point, s string, t textStyle)
	// begin and end enclose what belongs to one series, for interaction.
	begin(what string, series int)
	end()
}

type stroke struct {
	paint paint
	width float64
	dash  []float64
}

type anchor int

const (
	start anchor = iota
	middle
	end
)

type textStyle struct {
	size    float64
	bold    bool
	upwards bool // turned by 90 degrees
	anchor  anchor
	paint   paint
}

// paint is a colour by its role, so that a picture may be light or dark.
type paint int

const (
	paintText paint = iota
	paintMuted
	paintGrid
	paintBack
	paintOther  // series in the background
	paintSeries // and those after it: the colours of series
)

// colours of Okabe and Ito, which colour-blind people can tell apart. Black, or white, is the last one.
func colours() []string {
	return []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"}
}

// dashes make lines of one colour, or in print, different.
func dashes() [][]float64 {
	return [][]float64{nil, {9, 3}, {3, 3}, {12, 3, 3, 3}, {6, 2}, {2, 2}, {14, 5}, {8, 3, 2, 3, 2, 3}, {5, 5}}
}

func seriesPaint(style int) paint { return paintSeries + paint(style%(len(colours())+1)) }

// palette is the colours of all paints.
func palette(dark bool) []string {
	roles := []string{"#1b1f24", "#57606a", "#e3e6ea", "#ffffff", "#b4bcc6"}
	last := "#1b1f24"
	if dark {
		roles = []string{"#e6e9ee", "#9aa4b1", "#2d333b", "#14171b", "#59626d"}
		last = "#e6e9ee"
	}
	return append(append(roles, colours()...), last)
}

// rgb reads #rrggbb.
func rgb(s string) color.Color {
	n, _ := strconv.ParseUint(strings.TrimPrefix(s, "#"), 16, 32)
	return color.RGBA{R: uint8(n >> 16), G: uint8(n >> 8), B: uint8(n), A: 255}
}

// The fonts are as wide as Arial, so that text fits in SVG as it does in PNG.
var (
	regular = sync.OnceValue(func() *opentype.Font { return parsed(liberationsansregular.TTF) })
	bold    = sync.OnceValue(func() *opentype.Font { return parsed(liberationsansbold.TTF) })
)

func parsed(ttf []byte) *opentype.Font {
	f, err := opentype.Parse(ttf)
	if err != nil {
		panic("report: " + err.Error()) // it is part of the program
	}
	return f
}

func face(of *opentype.Font, size float64) font.Face {
	f, err := opentype.NewFace(of, &opentype.FaceOptions{Size: size, DPI: 72})
	if err != nil {
		panic("report: " + err.Error()) // of a size above 0, there is none
	}
	return f
}

func textWidth(s string, size float64) float64 {
	return float64(font.MeasureString(face(regular(), size), s)) / 64
}

// shorten cuts a text so that it is not wider than that: its end, or the beginning of a path with a value.
func shorten(s string, width, size float64) string {
	if textWidth(s, size) <= width {
		return s
	}
	runes := []rune(s)
	if strings.Contains(s, "=") {
		for len(runes) > 1 && textWidth("…"+string(runes), size) > width {
			runes = runes[1:]
		}
		return "…" + string(runes)
	}
	for len(runes) > 1 && textWidth(string(runes)+"…", size) > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}
