package allocator

import "slices"

func (g *modelGroup) over() bool { return g.closed && g.live == 0 }

// meets reports whether a parent has ended as it must.
func (g *modelGroup) meets(parent *modelGroup) bool {
	return parent.finished || parent.over() && slices.Contains(g.AfterEnd, parent.Name)
}

// rerun starts a group again, and what comes after it.
func (m *model) rerun(f GroupRerun) {
	set := []*modelGroup{m.group(f.Framework, f.Name)}
	for k := 0; f.Below && k < len(set); k++ {
		for _, g := range m.groups {
			if g.Framework == f.Framework && slices.Contains(slices.Concat(g.After, g.AfterEnd), set[k].Name) && !slices.Contains(set, g) {
				set = append(set, g)
			}
		}
	}
	for _, g := range slices.Clone(m.groups) {
		if !slices.Contains(set, g) {
			continue
		}
		met, anew := map[string]bool{}, g.over() || g.periodic.idle
		for _, name := range slices.Concat(g.After, g.AfterEnd) {
			parent := m.group(g.Framework, name)
			switch {
			case slices.Contains(set, parent):
			case parent == nil:
				met[name] = g.over() || g.met[name]
			default:
				met[name] = g.meets(parent) || !anew && g.met[name]
			}
		}
		if g.met = met; !anew {
			continue
		}
		m.again(g, met)
	}
}
