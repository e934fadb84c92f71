package taskgroup

import (
	"slices"

	"fairlead/internal/strictyaml"
)

// after reads which groups must have finished well, and which must have ended
// however they did: names, or {group: NAME, on: success or any}.
func after(v strictyaml.Value, self string) (finished, ended []string) {
	for _, item := range v.List(maxAfter) {
		name, any, ok := dependency(item)
		switch {
		case !ok:
		case name == self:
			item.Failf("a group cannot start after itself")
		case slices.Contains(finished, name) || slices.Contains(ended, name):
			item.Failf("%s is there twice", name)
		case any:
			ended = append(ended, name)
		default:
			finished = append(finished, name)
		}
	}
	slices.Sort(finished)
	slices.Sort(ended)
	return finished, ended
}

// dependency reads one group that another comes after, and whether any end of it
// will do.
func dependency(item strictyaml.Value) (name string, any, ok bool) {
	if !item.IsMapping() {
		name, ok = item.Matching(namePattern, nameRule)
		return name, false, ok
	}
	o, _ := item.Object()
	defer o.Done()
	if v, has := o.Required("group"); has {
		name, ok = v.Matching(namePattern, nameRule)
	}
	if v, has := o.Optional("on"); has {
		on := v.OneOf("success", "any")
		any, ok = on == 1, ok && on >= 0
	}
	return name, any, ok
}
