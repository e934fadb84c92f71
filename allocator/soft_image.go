package allocator

// SoftImage is the soft limits of a group that are under way.
type SoftImage struct {
	Avoided []AvoidedImage
	Until   int64 // preferences hold until then
	Homes   []HomeImage
}

// AvoidedImage is an agent that a group avoids until a time, or did lately.
type AvoidedImage struct {
	Agent    string
	Failures int32
	Until    int64
}

// HomeImage is where an instance ran that is to run again, and until when it
// waits for that agent.
type HomeImage struct {
	Instance int32
	Agent    string
	Until    int64
}

func imageSoft(g *group) SoftImage {
	var m SoftImage
	if g.soft == nil {
		return m
	}
	m.Until = g.soft.until
	for _, v := range g.soft.avoided {
		m.Avoided = append(m.Avoided, AvoidedImage{v.agent, v.failures, v.until})
	}
	for _, h := range g.soft.homes {
		m.Homes = append(m.Homes, HomeImage{h.instance, h.agent, h.until})
	}
	return m
}

// restoreSoft books the soft limits of an Image. The group is in line already, if
// it waits.
func (s *State) restoreSoft(g *group, m *SoftImage) {
	if len(m.Avoided) == 0 && len(m.Homes) == 0 && !g.spec.wishes() {
		return
	}
	sf := s.softOf(g)
	sf.until, sf.prefers = m.Until, s.softUntil(g, m.Until)
	for _, v := range m.Avoided {
		sf.avoided = append(sf.avoided, avoided{v.Agent, v.Failures, v.Until, s.softUntil(g, v.Until)})
	}
	for _, h := range m.Homes {
		sf.homes = append(sf.homes, home{h.Instance, h.Agent, h.Until, s.softUntil(g, h.Until)})
	}
	s.softChanged(g)
}
