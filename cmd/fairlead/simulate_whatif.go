package main

import (
	"strings"

	"fairlead/internal/sim"
)

// variation is a scenario as it is, or with some values changed.
type variation struct {
	scenario *sim.Scenario
	changes  []string // none of the base
}

// settings are the sets of changes to simulate beside the scenarios as they are: those of --set, with each
// combination of the values of --sweep.
func (s *simulation) settings() ([][]sim.Setting, error) {
	var all []sim.Setting
	for _, text := range s.sets {
		path, value, ok := strings.Cut(text, "=")
		if !ok || path == "" || value == "" {
			return nil, usagef("--set %q: expected PATH=VALUE, such as roles.eng.weight=3", text)
		}
		all = append(all, sim.Setting{Path: path, Value: value})
	}
	out := [][]sim.Setting{all}
	for _, text := range s.sweeps {
		path, values, ok := strings.Cut(text, "=")
		if !ok || path == "" || values == "" {
			return nil, usagef("--sweep %q: expected PATH=VALUE,VALUE, such as roles.eng.weight=1,2,4", text)
		}
		var next [][]sim.Setting
		for _, before := range out {
			for _, value := range splitValues(values) {
				next = append(next, append(before[:len(before):len(before)], sim.Setting{Path: path, Value: value}))
			}
		}
		out = next
	}
	if len(out) == 1 && len(out[0]) == 0 {
		return nil, nil
	}
	return out, nil
}

// splitValues splits at commas that stand in no brackets and no quotes.
func splitValues(s string) []string {
	var out []string
	depth, from, quote := 0, 0, rune(0)
	for i, r := range s {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		case strings.ContainsRune("([{", r):
			depth++
		case strings.ContainsRune(")]}", r):
			depth--
		case r == ',' && depth == 0:
			out = append(out, strings.TrimSpace(s[from:i]))
			from = i + 1
		}
	}
	return append(out, strings.TrimSpace(s[from:]))
}

// bases are scenarios without changes.
func bases(scenarios ...*sim.Scenario) [][]variation {
	out := make([][]variation, len(scenarios))
	for i, s := range scenarios {
		out[i] = []variation{{scenario: s}}
	}
	return out
}

// vary reads the scenarios of a file with each set of changes, behind the base of each.
func vary(file string, data []byte, base []*sim.Scenario, settings [][]sim.Setting) ([][]variation, error) {
	out := bases(base...)
	for _, set := range settings {
		var changes []string
		for _, s := range set {
			changes = append(changes, s.String())
		}
		changed, err := sim.ParseWith(file, data, set)
		if err != nil {
			return nil, usagef("with %s: %s", strings.Join(changes, " "), err.Error())
		}
		for i, s := range changed {
			out[i] = append(out[i], variation{s, changes})
		}
	}
	return out, nil
}

// compareToBase says of each result with changes what they changed: the base is the run before it that has
// none.
func compareToBase(results []*sim.Result) {
	var base *sim.Result
	for _, r := range results {
		if r != nil && len(r.Changes) == 0 {
			base = r
		} else if r != nil && base != nil {
			r.CompareTo(base)
		}
	}
}
