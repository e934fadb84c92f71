package allocator

import (
	"math/big"
	"regexp"
	"slices"
	"strconv"
)

// meets says whether every constraint of a group allows an agent, by looking at
// where each of its runs is.
func (m *model) meets(g *modelGroup, a *modelAgent) bool {
	for _, c := range g.Constraints {
		var placed []string
		for _, r := range m.runs {
			if r.group == g {
				placed = append(placed, fieldOf(c.Field, &m.agent(r.agent).AgentSeen))
			}
		}
		if !c.allows(fieldOf(c.Field, &a.AgentSeen), placed) {
			return false
		}
	}
	return true
}

// absent stands for the value of a field that an agent does not have.
const absent = "(absent)"

func fieldOf(field string, a *AgentSeen) string {
	if field == "hostname" || field == "@hostname" {
		return a.Host
	}
	for _, attribute := range a.Attributes {
		if attribute.Name == field {
			return attribute.Value
		}
	}
	return absent
}

// allows is Marathon's rule for one more instance at a value, when others are
// placed at some.
func (c Constraint) allows(value string, placed []string) bool {
	if value == absent {
		return c.Operator == Unlike
	}
	here := occurrences(value, placed)
	switch c.Operator {
	case Unique:
		return here == 0
	case Cluster:
		return value == c.Value || c.Value == "" && here == len(placed)
	case GroupBy:
		return here == 0 || here == fewest(placed) && len(distinct(placed)) >= atoi(c.Value)
	case Like, Unlike:
		whole := regexp.MustCompile(`\A(` + c.Value + `)\z`).MatchString(value)
		return whole == (c.Operator == Like)
	case MaxPer:
		return here < atoi(c.Value)
	}
	return value == c.Value || sameNumber(value, c.Value)
}

func sameNumber(a, b string) bool {
	x, ok := new(big.Rat).SetString(a)
	y, also := new(big.Rat).SetString(b)
	return ok && also && x.Cmp(y) == 0
}

func atoi(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

func occurrences(value string, in []string) int {
	return len(slices.DeleteFunc(slices.Clone(in), func(v string) bool { return v != value }))
}

func distinct(values []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(values)))
}

// fewest is how often the rarest of the values occurs.
func fewest(values []string) int {
	least := len(values)
	for _, v := range values {
		least = min(least, occurrences(v, values))
	}
	return least
}
