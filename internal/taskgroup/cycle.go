package taskgroup

import (
	"slices"
	"strings"

	"fairlead/internal/strictyaml"
	"fairlead/proto"
)

// FailCycles reports a group that comes after itself by way of others that are there, at its place:
// entry(i) is where the i-th group stands. O(groups and what they come after).
func FailCycles(groups []*proto.TaskGroup, entry func(int) strictyaml.Value) {
	if !slices.ContainsFunc(groups, func(g *proto.TaskGroup) bool { return len(g.After)+len(g.AfterEnd) > 0 }) {
		return
	}
	c := newOrder(groups)
	n := slices.IndexFunc(c.unmet, func(unmet int) bool { return unmet > 0 })
	if n < 0 {
		return
	}
	// What is left comes after something that is left as well, so that the way back never ends.
	var way []int
	for ; !slices.Contains(way, n); n = c.blocker(n) {
		way = append(way, n)
	}
	way = way[slices.Index(way, n):]
	var by []string
	for _, k := range way[1:] {
		by = append(by, groups[k].Name)
	}
	at := entry(n)
	if o, ok := at.Object(); ok {
		at, _ = o.Optional("after")
	}
	g := groups[n]
	at.Failf("task group %s/%s would come after itself, by way of %s", g.Framework, g.Name, strings.Join(by, ", "))
}

// order is which groups come after which, without those that nothing keeps from starting in the end.
type order struct {
	parents [][]int
	unmet   []int // how many of its parents are left
}

func newOrder(groups []*proto.TaskGroup) *order {
	type name struct{ framework, name string }
	index := make(map[name]int)
	for i, g := range groups {
		index[name{g.Framework, g.Name}] = i
	}
	c := &order{make([][]int, len(groups)), make([]int, len(groups))}
	children := make([][]int, len(groups))
	var free []int
	for i, g := range groups {
		for _, parent := range slices.Concat(g.After, g.AfterEnd) {
			if p, ok := index[name{g.Framework, parent}]; ok && p != i {
				c.parents[i], children[p] = append(c.parents[i], p), append(children[p], i)
			}
		}
		if c.unmet[i] = len(c.parents[i]); c.unmet[i] == 0 {
			free = append(free, i)
		}
	}
	for ; len(free) > 0; free = free[1:] {
		for _, child := range children[free[0]] {
			if c.unmet[child]--; c.unmet[child] == 0 {
				free = append(free, child)
			}
		}
	}
	return c
}

// blocker is a group that is left, and that the n-th comes after.
func (c *order) blocker(n int) int {
	i := slices.IndexFunc(c.parents[n], func(p int) bool { return c.unmet[p] > 0 })
	return c.parents[n][i]
}
