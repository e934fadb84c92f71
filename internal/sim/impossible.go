package sim

import (
	"maps"
	"slices"
)

// Impossible is a task group that waits at the end and could not start even if nothing else ran.
type Impossible struct {
	Framework string `json:"framework"`
	Group     string `json:"group"`
	Why       string `json:"why"`
}

// maxImpossible bounds how many groups that wait are looked at, each with all agents.
const maxImpossible = 1000

// impossible are such groups, by name, among the first that wait at the end.
func (e *engine) impossible() []Impossible {
	if e.core == nil {
		return nil
	}
	var out []Impossible
	looked := 0
	for _, k := range slices.SortedFunc(maps.Keys(e.jobs), jobKey.compare) {
		if e.core.Pending(k.framework, k.name) == 0 {
			continue
		}
		if looked++; looked > maxImpossible {
			break
		}
		if why := e.core.Never(k.framework, k.name); why != "" {
			out = append(out, Impossible{k.framework, k.name, why})
		}
	}
	return out
}
