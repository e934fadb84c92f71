package strictyaml

import "strconv"

// lazyItems are the items of a list that are parsed when they are asked for, and not kept.
type lazyItems struct {
	parser *jsonParser
	items  []lazyItem
}

// lazyItem is where an item begins.
type lazyItem struct{ at, line, column int }

// lazyArray notes where the items of an array are.
func (p *jsonParser) lazyArray(n *node) error {
	n.kind, n.lazy = list, &lazyItems{parser: newJSONParser(p.data)}
	if p.take(']') {
		return nil
	}
	for {
		p.space()
		at := p.position()
		n.lazy.items = append(n.lazy.items, lazyItem{p.at, at.line, at.column})
		if !p.skip() {
			return errSyntax
		}
		if p.take(']') {
			return nil
		}
		if !p.take(',') {
			return errSyntax
		}
	}
}

// skip moves over a value without looking at more than where it ends.
func (p *jsonParser) skip() bool {
	for open := 0; ; {
		p.space()
		if p.at == len(p.data) {
			return false
		}
		switch c := p.data[p.at]; c {
		case '{', '[':
			open++
			p.at++
		case '}', ']':
			open--
			p.at++
		case ',', ':':
			if open == 0 {
				return false
			}
			p.at++
		case '"':
			if _, _, ok := p.quoted(); !ok {
				return false
			}
		default:
			if !p.skipPlain() {
				return false
			}
		}
		if open <= 0 {
			return open == 0
		}
	}
}

// skipPlain moves over a number or a word.
func (p *jsonParser) skipPlain() bool {
	start := p.at
	for p.at < len(p.data) {
		c := p.data[p.at]
		if c != '-' && c != '+' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && c != 'E' {
			break
		}
		p.at++
	}
	return p.at > start
}

// item parses an item. What is wrong with it is reported, and it is null then.
func (l *lazyItems) item(f *File, i int) *node {
	at := l.items[i]
	p := l.parser
	p.at, p.line, p.column, p.columnAt = at.at, at.line, at.column, at.at
	n, err := p.value(2)
	if err != nil {
		f.add(p.problem(at.at, err))
		return &node{kind: null, line: at.line, column: at.column}
	}
	return n
}

// Len is the number of items of a list, and 0 of anything else.
func (v Value) Len() int {
	if v.node.lazy != nil {
		return len(v.node.lazy.items)
	}
	return len(v.node.items)
}

// Item is one item of a list. That of a file read by ParseLarge is parsed each time.
func (v Value) Item(i int) Value {
	out := Value{file: v.file, path: v.path + "[" + strconv.Itoa(i) + "]"}
	if v.node.lazy != nil {
		out.node = v.node.lazy.item(v.file, i)
	} else {
		out.node = v.node.items[i]
	}
	return out
}
