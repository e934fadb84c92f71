package sim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"fairlead/allocator"
	"fairlead/drf"
)

// View is what the master knows, without groups, and of agents no more than their names.
func (m *master) View() *allocator.View {
	v := &allocator.View{At: m.now, Policy: m.policy, Total: m.total}
	for k := range m.kinds.Len() {
		v.Kinds = append(v.Kinds, m.kinds.Name(drf.Kind(k)))
	}
	for i := range m.agents {
		if m.agents[i].up {
			v.Agents = append(v.Agents, allocator.AgentView{Agent: m.agents[i].name})
		}
	}
	for _, t := range m.takers {
		f := allocator.FrameworkView{
			Framework: t.framework, Role: t.role, Weight: m.tree.Weight(t.node).Amount(), Allocated: m.tree.Allocated(t.node),
			Placements: m.tree.Placements(t.node), Running: t.live,
		}
		f.Share, f.Dominant = m.share(t.node)
		for _, g := range t.queue {
			f.Pending += int64(g.pending())
		}
		v.Frameworks = append(v.Frameworks, f)
	}
	m.viewRoles(drf.Root, v)
	slices.SortFunc(v.Frameworks, func(a, b allocator.FrameworkView) int {
		return cmp.Or(cmp.Compare(a.Framework, b.Framework), cmp.Compare(a.Role, b.Role))
	})
	slices.SortFunc(v.Roles, func(a, b allocator.RoleView) int { return cmp.Compare(a.Role, b.Role) })
	return v
}

func (m *master) viewRoles(n drf.Node, v *allocator.View) {
	for _, c := range m.tree.Children(n) {
		if !m.tree.IsFramework(c) {
			share, dominant := m.share(c)
			v.Roles = append(v.Roles, allocator.RoleView{
				Role: m.tree.Path(c), Weight: m.tree.Weight(c).Amount(), Share: share, Dominant: dominant, Allocated: m.tree.Allocated(c),
			})
			m.viewRoles(c, v)
		}
	}
}

func (m *master) share(n drf.Node) (drf.Share, string) {
	share, kind := m.tree.Share(n)
	if share.Num == 0 {
		return share, ""
	}
	return share, m.kinds.Name(kind)
}

// Check compares the books: what runs hold is what frameworks and agents have given.
func (m *master) Check() error {
	held, used := make(map[*taker]drf.Vector), make([]drf.Vector, len(m.agents))
	waits := make(map[*offered]int32)
	for _, b := range m.backoffs {
		waits[b.of]++
	}
	live := make(map[*offered]int32)
	for i := range m.runs {
		if r := &m.runs[i]; r.id != 0 {
			held[r.of.of] = held[r.of.of].Add(r.held)
			used[r.agent] = used[r.agent].Add(r.held)
			live[r.of]++
		}
	}
	for i := range m.agents {
		if a := &m.agents[i]; a.up && a.free.Add(used[i]) != a.total {
			return fmt.Errorf("agent %s has %v, but %v is free and %v in use", a.name, a.total, a.free, used[i])
		}
	}
	for _, t := range m.takers {
		if got := m.tree.Allocated(t.node); got != held[t] {
			return fmt.Errorf("framework %s in %s holds %v, but its runs hold %v", t.framework, t.role, got, held[t])
		}
		sizes := make(map[drf.Vector]int)
		for _, g := range t.queue {
			if sizes[g.demand]++; g.pending() <= 0 {
				return fmt.Errorf("task group %s/%s waits with nothing to start", g.spec.Framework, g.spec.Name)
			}
		}
		if !maps.Equal(sizes, t.sizes) {
			return fmt.Errorf("framework %s in %s waits for %v, but counts %v", t.framework, t.role, sizes, t.sizes)
		}
	}
	for key, g := range m.groups {
		if g.live != live[g] || g.waits != waits[g] {
			return fmt.Errorf("task group %s/%s has %d runs and %d waiting to run again, but counts %d and %d",
				key.framework, key.name, live[g], waits[g], g.live, g.waits)
		}
		if inLine := slices.Contains(g.of.queue, g); inLine != (g.pending() > 0 && !g.behind) {
			return fmt.Errorf("task group %s/%s is in line: %t, with %d instances to start", key.framework, key.name, inLine, g.pending())
		}
	}
	return nil
}
