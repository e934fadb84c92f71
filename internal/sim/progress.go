package sim

// Progress is how far a simulation is.
type Progress struct {
	// Part of the work that is done, as far as that can be known, from 0 to 1.
	Part float64
	// AtS is the virtual time in seconds, Events what happened so far.
	AtS    float64
	Events int64
}

// farNow guesses from the time that is left, or from the instances, whichever is further: many scenarios
// have more time than they need.
func (e *engine) farNow() Progress {
	p := Progress{AtS: seconds(e.now), Events: e.steps}
	p.Part = ratio(float64(e.now), float64(e.scenario.UntilMillis))
	if e.instances > 0 {
		p.Part = max(p.Part, float64(e.stats.firsts+e.stats.overs)/float64(2*e.instances))
	}
	p.Part = min(p.Part, 1)
	return p
}

// countInstances is how many there will be, 0 if nobody can say.
func countInstances(s *Scenario) int64 {
	if s.Arrivals != nil {
		return 0
	}
	n := int64(0)
	for i := range s.Groups {
		if s.Groups[i].Spec.PerAgent {
			return 0
		}
		n += int64(s.Groups[i].Spec.Instances)
	}
	return n
}
