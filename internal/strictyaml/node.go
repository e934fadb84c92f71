package strictyaml

// kind is what a piece of a document is, in the words used in messages.
type kind string

const (
	null    kind = "null"
	text    kind = "text"
	number  kind = "a number"
	boolean kind = "a boolean"
	list    kind = "a list"
	mapping kind = "a mapping"
)

// node is a piece of a parsed document. YAML and JSON end up the same here.
type node struct {
	kind   kind
	line   int
	column int
	// text is the decoded text, or a number or boolean exactly as it was written.
	text   string
	items  []*node
	lazy   *lazyItems // in place of items, if they are not parsed yet
	fields []field
}

// field is one entry of a mapping; line and column are those of its key.
type field struct {
	name         string
	line, column int
	value        *node
}

// lookup returns the entry called name. Mappings are small, so a scan does.
func (n *node) lookup(name string) (field, bool) {
	for _, f := range n.fields {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}
