package report

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"fairlead/internal/sim"
)

// simulated runs a scenario of so many frameworks under two policies.
func simulated(t *testing.T, frameworks int, until string) []*sim.Result {
	t.Helper()
	var b strings.Builder
	b.WriteString("name: many\ncluster: {agents: [{name: a, count: 4, resources: {cpus: 8, mem: 8192}}]}\ngroups:\n")
	for i := range frameworks {
		fmt.Fprintf(&b, "  - {framework: f%02d, name: g, instances: 20, arrival: poisson(1/s), duration: exponential(10s), "+
			"tasks: [{name: t, resources: {cpus: %d, mem: 512}}]}\n", i, 1+i%3)
	}
	b.WriteString("until: " + until + "\n")
	scenarios, err := sim.Parse("s.yaml", []byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	var out []*sim.Result
	for _, o := range []sim.Options{{Policy: "drf", Samples: true}, {Policy: "fifo", Samples: true}} {
		r, err := sim.Run(context.Background(), scenarios[0], o)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

// A page must work without a network: it names no other place, and its data can be read.
func TestPageNeedsNothingElse(t *testing.T) {
	for _, n := range []int{2, 10, 130} {
		results := simulated(t, n, "10m")
		results[1].Scenario = "many" // one comparison
		var b bytes.Buffer
		from := Origin{Version: "1.0", Command: "fairlead simulate '</script>.yaml'"}
		if err := WritePage(&b, results, from); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		const namespace = "http://www.w3.org/2000/svg" // never fetched
		if at := regexp.MustCompile(`(?i)(https?:)?//[a-z0-9]|\bsrc\s*=|@import|\burl\(|<link\b|\bfetch\(`).FindString(strings.ReplaceAll(text, namespace, "")); at != "" {
			t.Errorf("%d frameworks: the page refers to something: %s", n, at)
		}
		data := regexp.MustCompile(`(?s)<script type="application/json" id="data">(.*?)</script>`).FindStringSubmatch(text)
		var parsed struct {
			Charts []struct {
				Ends   []float64
				Series []struct {
					Name   string
					Values []*float64
				}
			}
			Results []sim.Result
		}
		if err := json.Unmarshal([]byte(data[1]), &parsed); err != nil {
			t.Fatal(err)
		}
		if figures := strings.Count(text, "<figure data-chart="); len(parsed.Charts) != figures || len(parsed.Results) != 2 {
			t.Errorf("%d charts and %d results in the data, %d in the page", len(parsed.Charts), len(parsed.Results), figures)
		}
		for _, digest := range []string{results[0].Digest, results[1].Digest} {
			if !strings.Contains(text, digest) {
				t.Errorf("the page lacks digest %s", digest)
			}
		}
		if strings.Contains(text, "'</script>.yaml'") || !strings.Contains(text, "&lt;/script&gt;.yaml") {
			t.Error("the command is not escaped")
		}
	}
}

// Each picture is well-formed, has a title, labelled axes, and each series once in the data and once in
// the legend; those that are too many for colours are summed up there.
func TestPicturesAreWhole(t *testing.T) {
	for _, n := range []int{2, 10, 130} {
		c := Compare(simulated(t, n, "10m"))[0]
		for _, chart := range Charts(&c) {
			var b bytes.Buffer
			if err := chart.WriteSVG(&b); err != nil {
				t.Fatal(err)
			}
			texts := wellFormed(t, b.Bytes())
			for _, want := range []string{chart.Title, chart.Subtitle} {
				if !slices.Contains(texts, want) {
					t.Errorf("%s: no text %q", chart.Name, want)
				}
			}
			if !slices.ContainsFunc(texts, func(s string) bool { return strings.HasPrefix(s, chart.YLabel) }) {
				t.Errorf("%s: the y axis lacks its label", chart.Name)
			}
			if many := fmt.Sprintf("Framework (the %d largest of %d)", mostLines, n); n > mostLines && strings.HasPrefix(chart.XLabel, "Framework") && !slices.Contains(texts, many) {
				t.Errorf("%s: the x axis does not say %q", chart.Name, many)
			}
			styled := 0
			for _, s := range chart.Series {
				if s.Style >= 0 && !s.Thin {
					styled++
				}
			}
			keys, series := strings.Count(b.String(), `<g class="key"`), strings.Count(b.String(), `<g class="series"`)
			if keys != styled || series != len(chart.Series) || keys > mostLines {
				t.Errorf("%s: %d keys and %d series, want %d and %d", chart.Name, keys, series, styled, len(chart.Series))
			}
			if others := fmt.Sprintf("%d others", min(n-mostLines, mostOthers)); n > mostLines && series > mostLines && !slices.Contains(texts, others) {
				t.Errorf("%s: the legend does not say %q", chart.Name, others)
			}
		}
	}
}

func TestPicturesArePNG(t *testing.T) {
	c := Compare(simulated(t, 2, "1m"))[0]
	for _, dark := range []bool{false, true} {
		var b bytes.Buffer
		if err := Charts(&c)[0].WritePNG(&b, dark); err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(&b)
		if err != nil {
			t.Fatal(err)
		}
		if size := picture.Bounds(); size.Dx() != pngWidth || size.Dy() != pngHeight {
			t.Errorf("got %v, want %d × %d", size, pngWidth, pngHeight)
		}
		if r, _, _, _ := picture.At(0, 0).RGBA(); dark != (r < 0x8000) {
			t.Errorf("dark %t: the corner has %x of red", dark, r)
		}
	}
}

// wellFormed reads XML and returns its texts.
func wellFormed(t *testing.T, data []byte) (texts []string) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(data)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return texts
		}
		if err != nil {
			t.Fatalf("%v in %s", err, data)
		}
		if c, ok := token.(xml.CharData); ok {
			texts = append(texts, strings.TrimSpace(string(c)))
		}
	}
}

// The picture of the DRF paper's example is in testdata; `go test -rewrite` draws it again, to be looked at.
func TestThePaperIsDrawnAsBefore(t *testing.T) {
	text, err := os.ReadFile("../../../examples/paper/paper.yaml")
	if err != nil {
		t.Fatal(err)
	}
	scenarios, err := sim.Parse("paper.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	r, err := sim.Run(context.Background(), scenarios[0], sim.Options{Samples: true})
	if err != nil {
		t.Fatal(err)
	}
	c := Compare([]*sim.Result{r})[0]
	datadriven.RunTest(t, "testdata/paper.txt", func(t *testing.T, _ *datadriven.TestData) string {
		var b bytes.Buffer
		for _, chart := range Charts(&c) {
			if err := chart.WriteSVG(&b); err != nil {
				t.Fatal(err)
			}
		}
		return b.String()
	})
}
