package allocator

import (
	"cmp"
	"maps"
	"slices"
)

// modelItem is an item of a set: the resource that counts it, and its name.
type modelItem struct{ resource, name string }

func compareModelItems(a, b modelItem) int {
	return cmp.Or(cmp.Compare(a.resource, b.resource), cmp.Compare(a.name, b.name))
}

func addItems(to map[modelItem]bool, sets []Set) {
	for _, set := range sets {
		for _, name := range set.Items {
			to[modelItem{set.Name + "{}", name}] = true
		}
	}
}

// countItems says how many items of each set there are.
func countItems(in amounts, items map[modelItem]bool) {
	maps.DeleteFunc(in, func(resource string, _ int64) bool {
		_, set := SetOf(resource)
		return set
	})
	for it := range items { // commutes: a sum
		in[it.resource] += 1000
	}
}

// asksOf are the sets that a group asks for, task by task.
func (g *modelGroup) asksOf(each func(task int32, resource string)) {
	for t := range g.Tasks {
		for _, q := range g.Tasks[t].Resources {
			if _, ok := SetOf(q.Name); ok {
				for range q.Amount / 1000 {
					each(int32(t), q.Name)
				}
			}
		}
	}
}

func (r *modelRun) heldItems() map[modelItem]bool {
	held, at := map[modelItem]bool{}, 0
	r.group.asksOf(func(task int32, resource string) {
		if !r.ended[task] {
			held[modelItem{resource, r.Items[at]}] = true
		}
		at++
	})
	return held
}

// freeItems are those that can be given on an agent, in order.
func (m *model) freeItems(a *modelAgent) []modelItem {
	free := maps.Clone(a.items)
	if !a.Owned {
		free = map[modelItem]bool{}
		for _, o := range m.offers {
			if o.Agent == a.Agent {
				addItems(free, o.Sets)
			}
		}
		return slices.SortedFunc(maps.Keys(free), compareModelItems)
	}
	for _, r := range m.runs {
		if r.agent == a.Agent {
			for it := range r.heldItems() { // commutes: a set
				delete(free, it)
			}
		}
	}
	return slices.SortedFunc(maps.Keys(free), compareModelItems)
}

// give hands the first items of each set to the tasks.
func (sp *modelSpare) give(g *modelGroup) []string {
	var out []string
	g.asksOf(func(_ int32, resource string) {
		at := slices.IndexFunc(sp.items, func(it modelItem) bool { return it.resource == resource })
		out = append(out, sp.items[at].name)
		sp.items = slices.Delete(slices.Clone(sp.items), at, at+1)
	})
	return out
}
