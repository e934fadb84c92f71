package allocator

import "slices"

// followGroup counts where instances of the group are that another one wants to be
// near to.
func (s *State) followGroup(g *group) {
	key := groupKey{g.spec.Framework, g.spec.Near}
	g.soft.near = map[string]int32{}
	s.followers[key] = append(s.followers[key], g)
	for r := range s.runs.all() {
		if r.group.spec.Framework == key.framework && r.group.spec.Name == key.name {
			g.soft.near[s.agents[r.agent].id]++
		}
	}
}

func (s *State) unfollow(g *group) {
	if g.soft == nil || g.soft.near == nil {
		return
	}
	key := groupKey{g.spec.Framework, g.spec.Near}
	s.followers[key] = slices.DeleteFunc(s.followers[key], func(f *group) bool { return f == g })
	if len(s.followers[key]) == 0 {
		delete(s.followers, key)
	}
}

// tellFollowers notes that a run of a group is on an agent, or is there no more.
func (s *State) tellFollowers(g *group, a *agent, n int32) {
	if len(s.followers) == 0 {
		return
	}
	for _, f := range s.followers[groupKey{g.spec.Framework, g.spec.Name}] {
		if f.soft.near[a.id] += n; f.soft.near[a.id] == 0 {
			delete(f.soft.near, a.id)
		}
		s.softChanged(f)
	}
}
