package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"fairlead/internal/taskgroup"
)

// separate checks the groups that are submitted under other names than their own, and what that means for
// the others.
func (l *groupList) separate() {
	groups := l.groups
	numbered := make(map[string]int) // how many parts have numbers for names, by framework/name
	stages := make(map[string]bool)  // framework/name, and framework/name.stage
	total := 0
	for i := range groups {
		g := &groups[i]
		key := g.Spec.Framework + "/" + g.Spec.Name
		if n := g.numbers(); n > 0 {
			numbered[key] = n
		}
		for k := range g.stages {
			stages[key], stages[key+"."+g.stages[k].Spec.Name] = true, true
		}
		if last := g.longestName(); g.Spec.Name != "" && !taskgroup.IsName(last) {
			l.at(i).Failf("it is submitted in parts, but %s is too long for the name of one", last)
		}
		if total++; g.arrival != nil {
			total += int(g.Spec.Instances) - 1
		}
		if total > maxEntries {
			l.at(i).Failf("more than %d task groups, with instances that arrive one by one", maxEntries)
			return
		}
	}
	for i := range groups {
		l.checkNames(i, numbered, stages)
	}
}

// checkNames refuses a group that comes after one that is submitted in parts, or has the name of a part.
func (l *groupList) checkNames(i int, numbered map[string]int, stages map[string]bool) {
	g := &l.groups[i]
	for _, name := range slices.Concat(g.Spec.After, g.Spec.AfterEnd) {
		if g.replaces {
			break // its first phase has said it
		}
		key := g.Spec.Framework + "/" + name
		if isStage := stages[key] && strings.Contains(name, "."); numbered[key] > 0 || stages[key] && !isStage {
			l.at(i).Failf("%s is submitted in parts, so that nothing can come after it", name)
		}
	}
	if g.stages == nil && stages[g.Spec.Framework+"/"+g.Spec.Name] {
		l.at(i).Failf("%s is also a stage of another task group", g.Spec.Name)
	}
	base := g.Spec.Name
	for dot := strings.LastIndexByte(base, '.'); dot >= 0; dot = strings.LastIndexByte(base, '.') {
		of, part := base[:dot], base[dot+1:]
		n := numbered[g.Spec.Framework+"/"+of]
		if k, err := strconv.ParseUint(part, 10, 31); err == nil && int(k) < n && strconv.FormatUint(k, 10) == part {
			l.at(i).Failf("%s is also a part of %s that is submitted by itself", g.Spec.Name, of)
		}
		base = of
	}
}

// numbers is how many parts of the group have numbers in their names: instances that arrive by
// themselves, or repetitions.
func (g *Group) numbers() int {
	switch {
	case g.arrival != nil:
		return int(g.Spec.Instances)
	case g.repeat != nil:
		return g.repeat.times
	}
	return 0
}

// longestName is the longest name under which a part of the group is submitted.
func (g *Group) longestName() string {
	name := g.Spec.Name
	if n := g.numbers(); n > 0 {
		name = instanceName(name, min(n, 1_000_000_000)-1)
	}
	longest := name
	for i := range g.stages {
		if full := name + "." + g.stages[i].Spec.Name; len(full) > len(longest) {
			longest = full
		}
	}
	return longest
}

// instanceName is the group that an instance becomes which arrives by itself, a repetition, or a phase.
func instanceName(group string, instance int) string { return fmt.Sprintf("%s.%d", group, instance) }
