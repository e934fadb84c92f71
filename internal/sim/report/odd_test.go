package report

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"fairlead/internal/sim"
)

// Whatever comes of a simulation can be drawn: nothing at all, no time, one moment, very long times, names
// that are long or markup.
func TestOddResultsAreDrawn(t *testing.T) {
	const task = "tasks: [{name: t, resources: {cpus: 1}}]"
	for name, rest := range map[string]string{
		"nothing":      "groups: []",
		"nothing, 1 h": "groups: []\nuntil: 1h",
		"never starts": "groups: [{name: g, " + strings.Replace(task, "1", "100", 1) + "}]\nuntil: 1h",
		"one moment":   "groups: [{name: g, " + task + "}]",
		"1 ms":         "groups: [{name: g, duration: 1ms, " + task + "}]\nuntil: 1h",
		"ten years":    "groups: [{name: g, duration: 3650d, " + task + "}]\nuntil: 36500d",
		"for ever":     "groups: [{name: g, " + task + "}]\nuntil: 100d",
		"long names": "groups: [{framework: " + strings.Repeat("x", 60) + ", name: g, role: " + strings.Repeat("r", 40) + ", duration: 1s, " +
			task + "}]\nuntil: 1h",
		"two levels": "mode: offers\ngroups: [{name: g, instances: 9, duration: 1s, " + task + "}]\nuntil: 1h",
	} {
		scenarios, err := sim.Parse("s.yaml", []byte("name: odd\ncluster: {agents: [{name: a, resources: {cpus: 2}}]}\n"+rest+"\n"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var results []*sim.Result
		for _, changes := range [][]string{nil, {"x=<b>&\""}, {"x=2"}, {"x=3"}} {
			r, err := sim.Run(context.Background(), scenarios[0], sim.Options{Samples: true, Changes: changes})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			results = append(results, r)
		}
		var page bytes.Buffer
		if err := WritePage(&page, results, Origin{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if text := strings.ReplaceAll(page.String(), pageScript, ""); strings.Contains(text, "<b>") || strings.Contains(text, "NaN") {
			t.Errorf("%s: markup or NaN in the page", name)
		}
		for _, c := range Compare(results) {
			for _, chart := range Charts(&c) {
				var svg bytes.Buffer
				if err := chart.WriteSVG(&svg); err != nil {
					t.Fatal(err)
				}
				wellFormed(t, svg.Bytes())
				if strings.Contains(svg.String(), "NaN") || strings.Contains(svg.String(), "Inf") {
					t.Errorf("%s: %s has a place that is no number", name, chart.Name)
				}
			}
		}
	}
}
