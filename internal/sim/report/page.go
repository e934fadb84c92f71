package report

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"fairlead/internal/sim"
)

// Origin is how a page came about.
type Origin struct {
	Version string // of the program
	Command string // that repeats it
}

//go:embed page.html.tmpl
var pageTemplate string

//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

// page is what the template sees.
type page struct {
	Title       string
	Origin      Origin
	Comparisons []pageComparison
	Several     bool
	Style       template.CSS
	Script      template.JS
	Data        template.JS
}

type pageComparison struct {
	Comparison
	Summaries  []picture
	Runs       []pageRun
	Frameworks []FrameworkRow
	Sizes      []SizeRow
	Several    bool
}

type pageRun struct {
	Run
	Pictures []picture
}

// picture is a chart in the page; the script finds its data by the number.
type picture struct {
	ID  int
	SVG template.HTML
}

// pictureData is what the script knows of a chart.
type pictureData struct {
	Plot       [4]float64      `json:"plot"` // x, y, width, height
	Kind       string          `json:"kind"`
	Until      float64         `json:"until,omitempty"`
	Ends       []float64       `json:"ends,omitempty"`
	Categories []string        `json:"categories,omitempty"`
	Series     []pictureSeries `json:"series"`
	Name       string          `json:"name"`
}

type pictureSeries struct {
	Name   string     `json:"name"`
	Paint  paint      `json:"paint"`
	Values []*float64 `json:"values"`
}

// mostTitles are the scenarios that a title names.
const mostTitles = 3

// WritePage writes one HTML page that needs nothing else: no network, no other file. It shows results,
// with pictures of their Samples where they have any.
func WritePage(w io.Writer, results []*sim.Result, from Origin) error {
	p := page{Origin: from, Style: template.CSS(pageStyle + themes()), Script: template.JS(pageScript)}
	data := struct {
		Charts  []pictureData `json:"charts"`
		Results []*sim.Result `json:"results"`
	}{}
	var names []string
	for _, c := range Compare(results) {
		names = append(names, c.Scenario)
		p.Comparisons = append(p.Comparisons, comparisonPage(c, &data.Charts))
	}
	for _, r := range results {
		bare := *r
		bare.Samples, bare.Placements = nil, nil
		data.Results = append(data.Results, &bare)
	}
	p.Title, p.Several = strings.Join(names, ", "), len(names) > 1
	if len(names) > mostTitles {
		p.Title = plural(len(names), "scenario")
	}
	text, err := json.Marshal(data) // it escapes <, > and &
	if err != nil {
		return err
	}
	p.Data = template.JS(text)
	t, err := template.New("page").Funcs(template.FuncMap{
		"figure": figure, "head": head, "count": plural, "signed": signed, "seconds": Seconds.Format, "part": Part.Format, "ratio": Ratio.Format, "time": duration,
		"join": strings.Join, "amounts": amounts, "class": cellClass, "digest": shortDigest,
	}).Parse(pageTemplate)
	if err != nil {
		return err
	}
	return t.Execute(w, p)
}

// comparisonPage draws the pictures and keeps their data.
func comparisonPage(c Comparison, all *[]pictureData) pageComparison {
	out := pageComparison{Comparison: c, Frameworks: ByFramework(&c), Sizes: BySize(&c), Several: len(c.Runs) > 1}
	add := func(charts []Chart) (pictures []picture) {
		for i := range charts {
			on := &svgCanvas{colour: palette(false)}
			l := charts[i].draw(on)
			svg := fmt.Sprintf(`<svg viewBox="0 0 %d %d" role="img" aria-label="%s">%s</svg>`,
				chartWidth, chartHeight, template.HTMLEscapeString(charts[i].Title+", "+charts[i].Subtitle), on.b.String())
			pictures = append(pictures, picture{len(*all), template.HTML(svg)}) // text is escaped by the canvas
			*all = append(*all, charts[i].data(&l))
		}
		return pictures
	}
	out.Summaries = add(summaries(&c))
	for i, charts := range overTime(&c) {
		out.Runs = append(out.Runs, pageRun{Run: c.Runs[i], Pictures: add(charts)})
	}
	return out
}

// HasTime says that there is something to draw over time.
func (c pageComparison) HasTime() bool {
	return slices.ContainsFunc(c.Runs, func(r pageRun) bool { return len(r.Pictures) > 0 })
}

// Changed says that there are differences to tell.
func (c pageComparison) Changed() bool {
	return slices.ContainsFunc(c.Frameworks, func(r FrameworkRow) bool { return r.Result.Difference != nil })
}

// signed prints a difference of a kind by its name.
func signed(kind string, x any) string {
	switch x := x.(type) {
	case float64:
		return map[string]Kind{"part": Part, "seconds": Seconds}[kind].Signed(x)
	case int64:
		return Count.Signed(float64(x))
	}
	return ""
}

// Exact says that nothing was averaged.
func (c pageComparison) Exact() bool {
	return !slices.ContainsFunc(c.Runs, func(r pageRun) bool {
		s := r.Result.Samples
		return s != nil && (!s.Exact || len(s.AtS) > drawnSpans)
	})
}

func (c *Chart) data(l *layout) pictureData {
	d := pictureData{
		Plot: [4]float64{l.plot.x, l.plot.y, l.plot.w, l.plot.h}, Ends: c.Ends, Categories: c.Categories, Name: c.Name,
		Kind: map[Kind]string{Count: "count", Seconds: "seconds", Part: "part", Ratio: "ratio"}[c.Y],
	}
	if c.Categories == nil {
		d.Until = l.x.to
	}
	for i := range c.Series {
		s := &c.Series[i]
		out := pictureSeries{Name: s.Name, Paint: paintOther, Values: make([]*float64, len(s.Values))}
		if s.Style >= 0 {
			out.Paint = seriesPaint(s.Style)
		}
		for k, v := range s.Values {
			if !math.IsNaN(v) {
				rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64) // was a number before
				out.Values[k] = &rounded
			}
		}
		d.Series = append(d.Series, out)
	}
	return d
}

// themes are the colours of pictures in a light and in a dark page.
func themes() string {
	scoped := func(scope string, dark bool) string {
		var b strings.Builder
		for i, c := range palette(dark) {
			fmt.Fprintf(&b, "%s .l%d{stroke:%s}%s .f%d{fill:%s}%s .b%d{background:%s}\n", scope, i, c, scope, i, c, scope, i, c)
		}
		return b.String()
	}
	return scoped("html[data-theme=light]", false) + scoped("html[data-theme=dark]", true) +
		"@media (prefers-color-scheme:dark){" + scoped("html:not([data-theme])", true) + "}\n" +
		"@media not (prefers-color-scheme:dark){" + scoped("html:not([data-theme])", false) + "}\n"
}

// head is the title of a column in a page, with the unit of its times.
func head(c Column) string {
	title := strings.ToLower(c.Title)
	if c.Kind == Seconds {
		title += " (" + c.unit().unit + ")"
	}
	return title
}

func (c *Column) unit() scale {
	most := 0.0
	for _, v := range c.Values {
		most = max(most, v)
	}
	return valueScale(Seconds, most)
}

func figure(c Column, run int) string {
	switch {
	case !c.Known[run]:
		return "–"
	case c.Kind == Seconds:
		return strconv.FormatFloat(c.Values[run]/c.unit().seconds, 'f', 2, 64)
	}
	return c.Kind.Format(c.Values[run])
}

func cellClass(c Column, run int) string {
	if c.Best[run] {
		return "best"
	}
	return ""
}

// amounts prints what there is of each resource.
func amounts(of map[string]float64) string {
	var names, parts []string
	for name := range of {
		names = append(names, name)
	}
	for _, name := range SortResources(names) {
		switch {
		case of[name] <= 0:
		case name == "mem" || name == "disk":
			parts = append(parts, mebibytes(of[name])+" "+name)
		default:
			parts = append(parts, short(of[name])+" "+name)
		}
	}
	return strings.Join(parts, ", ")
}

// shortDigest is enough of a digest to see whether two are equal.
func shortDigest(s string) string { return s[:min(len(s), len("sha256:")+16)] }

// mebibytes prints an amount of MiB.
func mebibytes(mib float64) string {
	for _, u := range []struct {
		of   float64
		name string
	}{{1 << 30, "PiB"}, {1 << 20, "TiB"}, {1 << 10, "GiB"}} {
		if mib >= u.of {
			return strconv.FormatFloat(mib/u.of, 'g', 4, 64) + " " + u.name
		}
	}
	return strconv.FormatFloat(mib, 'g', 4, 64) + " MiB"
}
