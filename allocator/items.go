package allocator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"fairlead/drf"
)

// Set is a set resource of an agent: things that are told apart by their names, of
// which each is used by one task at a time.
type Set struct {
	Name  string
	Items []string
}

// setMark ends the names of the resources that count the items of sets. No scalar
// has such a name, so that nobody is given a part of an item.
const setMark = "{}"

// SetName is the resource that counts the items of a set: groups ask for it, and it
// counts in shares, guarantees and limits as any other.
func SetName(set string) string { return set + setMark }

// SetOf is the set of which a resource counts the items, and false if of none.
func SetOf(resource string) (string, bool) { return strings.CutSuffix(resource, setMark) }

// item is one thing of a set of a kind.
type item struct {
	kind drf.Kind
	name string
}

func compareItems(a, b item) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name))
}

// itemSet is items of all kinds, in order, each once. Sets share memory: none of the
// methods changes its receiver.
type itemSet []item

// itemsOf interns the names of sets; those that find no room are left out, as in
// knownVector.
func (s *State) itemsOf(sets []Set) itemSet {
	var out itemSet
	for _, set := range sets {
		k, err := s.kinds.Intern(SetName(set.Name))
		if err != nil {
			continue
		}
		for _, name := range set.Items {
			out = append(out, item{k, name})
		}
	}
	return out.tidy()
}

func (x itemSet) tidy() itemSet {
	slices.SortFunc(x, compareItems)
	return slices.Compact(x)
}

// sets is the reverse of itemsOf.
func (s *State) setsOf(x itemSet) []Set {
	var out []Set
	for k := range x {
		if k == 0 || x[k-1].kind != x[k].kind {
			name, _ := SetOf(s.kinds.Name(x[k].kind))
			out = append(out, Set{Name: name})
		}
		last := &out[len(out)-1]
		last.Items = append(last.Items, x[k].name)
	}
	return out
}

// addTo counts the items in a vector that has none of their kinds.
func (x itemSet) addTo(v drf.Vector) drf.Vector {
	for _, it := range x {
		v[it.kind] += drf.Unit
	}
	return v
}

// withoutItems is a vector without the resources that count items.
func (s *State) withoutItems(v drf.Vector) drf.Vector {
	for k := int(drf.Ports) + 1; k < s.kinds.Len(); k++ {
		if _, ok := SetOf(s.kinds.Name(drf.Kind(k))); ok {
			v[k] = 0
		}
	}
	return v
}

func (x itemSet) has(it item) bool {
	_, ok := slices.BinarySearchFunc(x, it, compareItems)
	return ok
}

func (x itemSet) without(some itemSet) itemSet {
	if len(some) == 0 {
		return x
	}
	return slices.DeleteFunc(slices.Clone(x), func(it item) bool { return slices.Contains(some, it) })
}

func (x itemSet) with(some itemSet) itemSet {
	if len(some) == 0 {
		return x
	}
	return append(slices.Clone(x), some...).tidy()
}

// holding is those of some items that the set has.
func (x itemSet) holding(some itemSet) itemSet {
	return slices.DeleteFunc(slices.Clone(some), func(it item) bool { return !x.has(it) })
}

// itemAsk is how many items of a kind a task asks for.
type itemAsk struct {
	task int32
	kind drf.Kind
	n    int
}

// itemAsks lists what tasks ask for of sets, in the order of the tasks, and of the
// resources of each: in this order Launch has their items.
func (s *State) itemAsks(tasks []Task) []itemAsk {
	var out []itemAsk
	for t := range tasks {
		for _, q := range tasks[t].Resources {
			if _, ok := SetOf(q.Name); ok && q.Amount > 0 {
				k, _ := s.kinds.Lookup(q.Name) // it was interned with the demand
				out = append(out, itemAsk{int32(t), k, int(q.Amount / drf.Unit)})
			}
		}
	}
	return out
}

// givenItems reports whether there are as many items as the group asks for.
func (g *group) givenItems(names []string) bool {
	n := 0
	for _, ask := range g.items {
		n += ask.n
	}
	return len(names) == n
}

// pickItems chooses the first free items of an agent for one instance.
func (g *group) pickItems(a *agent) []string {
	if len(g.items) == 0 {
		return nil
	}
	var out []string
	free := a.items
	for _, ask := range g.items {
		var taken itemSet
		for _, it := range free {
			if it.kind == ask.kind && len(taken) < ask.n {
				taken = append(taken, it)
				out = append(out, it.name)
			}
		}
		free = free.without(taken)
	}
	return out
}

// itemsOf is what tasks of a run were given, of those that are wanted.
func (r *run) itemsOf(wanted func(task int32) bool) itemSet {
	if len(r.items) == 0 {
		return nil
	}
	var out itemSet
	at := 0
	for _, ask := range r.group.items {
		for _, name := range r.items[at : at+ask.n] {
			if wanted(ask.task) {
				out = append(out, item{ask.kind, name})
			}
		}
		at += ask.n
	}
	return out.tidy()
}

// heldItems is what the tasks have that are not over.
func (r *run) heldItems() itemSet {
	return r.itemsOf(func(t int32) bool { return !r.states()[t].Final() })
}

// releaseItems puts what a task had back into an owned agent. The agent may have been
// seen with other items since.
func (s *State) releaseItems(r *run, task int32) {
	if a := &s.agents[r.agent]; a.owned && len(r.items) > 0 {
		a.items = a.items.with(a.givenItems.holding(r.itemsOf(func(t int32) bool { return t == task })))
	}
}

// offeredItems are those of all offers of an agent.
func (a *agent) offeredItems() itemSet {
	var out itemSet
	for _, o := range a.offers {
		out = out.with(o.items)
	}
	return out
}

// itemsLack reports whether more items are said to be free than there are.
func (s *State) itemsLack(a *agent) bool {
	there := a.items.addTo(drf.Vector{})
	for k := int(drf.Ports) + 1; k < s.kinds.Len(); k++ {
		if _, ok := SetOf(s.kinds.Name(drf.Kind(k))); ok && there[k] < a.spare.free[k] {
			return true
		}
	}
	return false
}

// checkItems verifies that no item of an agent that is ours alone is held by two
// tasks. What others offer is theirs to see to.
func (s *State) checkItems() error {
	held := map[int32]itemSet{}
	for r := range s.runs.all() {
		if len(r.items) == 0 || !s.agents[r.agent].owned {
			continue
		}
		items := r.heldItems()
		if twice := held[r.agent].holding(items); len(twice) > 0 {
			return fmt.Errorf("agent %s: two runs, of them %s, hold the item %s of %s",
				s.agents[r.agent].id, r.id, twice[0].name, s.kinds.Name(twice[0].kind))
		}
		held[r.agent] = held[r.agent].with(items)
	}
	return nil
}
