package strictyaml

import (
	"slices"
	"strings"
)

// Object reads a mapping field by field. Every field that it was asked for is a known one; Done
// reports the others.
type Object struct {
	Value
	known []string
}

// Object starts to read a mapping. If the value is none, that is reported and the object has no
// fields and misses none.
func (v Value) Object() (*Object, bool) {
	if v.node.kind != mapping {
		v.wrongType("a mapping")
		return nil, false
	}
	return &Object{Value: v}, true
}

// Optional returns a field and whether it is there.
func (o *Object) Optional(name string) (Value, bool) {
	o.known = append(o.known, name)
	f, found := o.node.lookup(name)
	if !found {
		return Value{}, false
	}
	return Value{file: o.file, path: join(o.path, name), node: f.value}, true
}

// Required is Optional, but reports it if the field is not there.
func (o *Object) Required(name string) (Value, bool) {
	v, found := o.Optional(name)
	if !found {
		missing := Value{file: o.file, path: join(o.path, name), node: o.node}
		missing.Failf("missing")
	}
	return v, found
}

// Done reports every field that was not asked for, with the known one that was probably meant.
func (o *Object) Done() {
	for _, f := range o.node.fields {
		if slices.Contains(o.known, f.name) {
			continue
		}
		unknown := Value{file: o.file, path: join(o.path, f.name), node: f.at()}
		hint := didYouMean(f.name, o.known)
		if hint == "" {
			hint = ": expected " + alternatives(o.known)
		}
		unknown.Failf("unknown field%s", hint)
	}
}

// alternatives is "a, b or c".
func alternatives(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// didYouMean is ": did you mean x?" for the name that is nearest to what was written, or nothing
// if none is near.
func didYouMean(written string, names []string) string {
	if best := Nearest(written, names); best != "" {
		return ": did you mean " + best + "?"
	}
	return ""
}

// Nearest is the name that was meant by what was written, as far as it can be guessed: "" if none is
// near.
func Nearest(written string, names []string) string {
	best, least := "", max(1, len(written)/3)
	for _, name := range names {
		if d := distance(strings.ToLower(written), strings.ToLower(name)); d <= least && d < len(name) {
			best, least = name, d-1
		}
	}
	return best
}

// maxCompared bounds the work for keys that are no names at all.
const maxCompared = 64

// distance is how many bytes must be inserted, removed, replaced or swapped with their neighbour to
// turn a into b.
func distance(a, b string) int {
	if max(len(a), len(b)) > maxCompared {
		return maxCompared
	}
	var d [maxCompared + 1][maxCompared + 1]int // of the first i bytes of a and the first j of b
	for i := range len(a) + 1 {
		for j := range len(b) + 1 {
			switch {
			case i == 0 || j == 0:
				d[i][j] = i + j
			case a[i-1] == b[j-1]:
				d[i][j] = d[i-1][j-1]
			default:
				d[i][j] = 1 + min(d[i-1][j-1], d[i-1][j], d[i][j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], 1+d[i-2][j-2])
			}
		}
	}
	return d[len(a)][len(b)]
}
