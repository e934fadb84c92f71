package strictyaml

import "slices"

// Field is a field of a mapping, for readers that change a document rather than check it.
func (v Value) Field(name string) (Value, bool) {
	f, ok := v.node.lookup(name)
	return Value{file: v.file, path: join(v.path, name), node: f.value}, ok
}

// Put sets a field of a mapping. What is put there stands, in messages, where the field stood, or where
// the mapping begins.
func (v Value) Put(name string, to Tree) {
	at := field{name: name, line: v.node.line, column: v.node.column}
	for i := range v.node.fields {
		if f := &v.node.fields[i]; f.name == name {
			f.value = to.n.moved(f.value.line, f.value.column)
			return
		}
	}
	at.value = to.n.moved(at.line, at.column)
	v.node.fields = append(v.node.fields, at)
}

// Append adds an item to a list and returns it.
func (v Value) Append(item Tree) Value {
	v.node.items = append(v.node.items, item.n.moved(v.node.line, v.node.column))
	items := v.List(len(v.node.items))
	return items[len(items)-1]
}

// moved is a copy that stands somewhere else.
func (n *node) moved(line, column int) *node {
	out := *n
	out.line, out.column = line, column
	out.items, out.fields = slices.Clone(n.items), slices.Clone(n.fields)
	for i, item := range out.items {
		out.items[i] = item.moved(line, column)
	}
	for i, f := range out.fields {
		out.fields[i] = field{f.name, line, column, f.value.moved(line, column)}
	}
	return &out
}

// Tree is the value as something to be written, or put elsewhere.
func (v Value) Tree() Tree { return Tree{v.node} }
