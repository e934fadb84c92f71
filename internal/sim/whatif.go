package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"fairlead/internal/strictyaml"
)

// Setting is a value that a scenario is to have instead of its own.
type Setting struct {
	// Path names it by the names in the file: until, roles.eng.weight, groups.A/etl.duration.
	Path string
	// Value is written as in the file.
	Value string
}

// String is PATH=VALUE.
func (s Setting) String() string { return s.Path + "=" + s.Value }

// ParseWith is Parse of a file in which each scenario has other values. The error is also a
// strictyaml.Errors if there is nothing that a path names.
func ParseWith(filename string, data []byte, settings []Setting) ([]*Scenario, error) {
	return parse(filename, data, func(doc strictyaml.Value) {
		for _, s := range settings {
			set(doc, s)
		}
	})
}

func set(doc strictyaml.Value, s Setting) {
	f := strictyaml.Parse("", []byte(s.Value))
	if docs := f.Documents(); f.Err() != nil || len(docs) != 1 {
		doc.Failf("%s: %q is no value as in a scenario", s.Path, s.Value)
	} else if doc.IsMapping() {
		mention(doc, s.Path)
		descend(doc, s, s.Path, docs[0].Tree())
	}
}

// descend follows what is left of a path.
func descend(v strictyaml.Value, s Setting, rest string, to strictyaml.Tree) {
	switch {
	case v.IsMapping():
		fields := v.Entries(maxEntries)
		names := make([]string, len(fields))
		for i, f := range fields {
			names[i] = f.Key.Name
		}
		at := longest(names, rest)
		switch {
		case at >= 0 && names[at] != rest:
			descend(fields[at].Value, s, rest[len(names[at])+1:], to)
		case at >= 0 || !strings.Contains(rest, "."):
			v.Put(rest, to) // whoever reads it says if there is no such field
		default:
			first, _, _ := strings.Cut(rest, ".")
			v.Failf("%s: no %s here: expected one of %s", s.Path, first, some(names))
		}
	case v.IsList():
		items := v.List(maxEntries)
		names := make([]string, len(items))
		for i, item := range items {
			names[i] = nameOf(item)
		}
		if at := longest(names, rest); at >= 0 && names[at] != rest {
			descend(items[at], s, rest[len(names[at])+1:], to)
		} else {
			first, _, _ := strings.Cut(rest, ".")
			v.Failf("%s: no %s here: expected the name of %s, and a field of it", s.Path, first, some(names))
		}
	default:
		v.Failf("%s: no %s here, since this has no fields", s.Path, rest)
	}
}

// longest is the place of the longest name that a path begins with, or -1.
func longest(names []string, path string) int {
	out := -1
	for i, name := range names {
		if name != "" && (path == name || strings.HasPrefix(path, name+".")) && (out < 0 || len(name) > len(names[out])) {
			out = i
		}
	}
	return out
}

// nameOf is the name of an item of a list: FRAMEWORK/NAME of a group, NAME of others.
func nameOf(item strictyaml.Value) string {
	name := textOf(item, "name")
	_, tasks := itemField(item, "tasks")
	if framework := textOf(item, "framework"); framework != "" || tasks {
		return cmp.Or(framework, "default") + "/" + name
	}
	return name
}

func itemField(item strictyaml.Value, name string) (strictyaml.Value, bool) {
	if !item.IsMapping() {
		return strictyaml.Value{}, false
	}
	return item.Field(name)
}

func textOf(item strictyaml.Value, field string) string {
	if v, ok := itemField(item, field); ok && v.IsText() {
		s, _ := v.Literal(maxText)
		return s
	}
	return ""
}

// mention adds an entry for a role or a framework that has none of its own, but that others name.
func mention(doc strictyaml.Value, path string) {
	list, rest, _ := strings.Cut(path, ".")
	var known []string
	for _, from := range map[string][][2]string{
		"roles":      {{"frameworks", "role"}, {"groups", "role"}},
		"frameworks": {{"groups", "framework"}},
	}[list] {
		if v, ok := doc.Field(from[0]); ok && v.IsList() {
			for _, item := range v.List(maxEntries) {
				known = append(known, textOf(item, from[1]))
			}
		}
	}
	at := longest(known, rest)
	if at < 0 {
		return
	}
	entries, ok := doc.Field(list)
	if !ok {
		doc.Put(list, strictyaml.List())
		entries, _ = doc.Field(list)
	}
	if !entries.IsList() {
		return
	}
	for _, item := range entries.List(maxEntries) {
		if nameOf(item) == known[at] {
			return
		}
	}
	entry := strictyaml.Mapping().With("name", strictyaml.Text(known[at]))
	if role := roleFor(doc, list, known[at]); role != "" {
		entry = entry.With("role", strictyaml.Text(role))
	}
	entries.Append(entry)
}

// roleFor is the role that the groups of a framework without an entry name themselves.
func roleFor(doc strictyaml.Value, list, framework string) string {
	groups, ok := doc.Field("groups")
	if list != "frameworks" || !ok {
		return ""
	}
	for _, item := range groups.List(maxEntries) {
		if role := textOf(item, "role"); role != "" && textOf(item, "framework") == framework {
			return role
		}
	}
	return ""
}

// some are names for a message.
func some(names []string) string {
	const most = 12
	names = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(names))), func(s string) bool { return s == "" })
	if len(names) > most {
		return fmt.Sprintf("%s or %d more", strings.Join(names[:most], " or "), len(names)-most)
	}
	return strings.Join(names, " or ")
}
