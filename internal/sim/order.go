package sim

import (
	"slices"

	"fairlead/allocator"
	"fairlead/proto"
)

// comesAfter reports whether a group that arrives has to wait for the end of another one, and remembers
// that it does.
func (e *engine) comesAfter(s *submission, spec *proto.TaskGroup) bool {
	unmet := e.unmet(spec)
	if unmet == "" {
		return false
	}
	parent := jobKey{spec.Framework, unmet}
	e.after[parent] = append(e.after[parent], s)
	return true
}

// unmet names a group that has not ended as one that comes after it needs; "" if there is none.
func (e *engine) unmet(spec *proto.TaskGroup) string {
	for _, name := range slices.Concat(spec.After, spec.AfterEnd) {
		how, _ := e.state.Outcome(spec.Framework, name)
		if how != allocator.Finished && (how == allocator.Unfinished || slices.Contains(spec.After, name)) {
			return name
		}
	}
	return ""
}

// followed lets those into line that come after a group which has ended, and after nothing else that
// has not.
func (e *engine) followed(s *submission) {
	if len(e.after) == 0 {
		return
	}
	waiting := e.after[s.key]
	delete(e.after, s.key)
	for _, next := range waiting {
		if next.left > 0 && !e.comesAfter(next, next.job.group.Spec) {
			e.stats.follows(next.job)
		}
	}
}
