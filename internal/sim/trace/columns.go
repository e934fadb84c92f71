package trace

import (
	"slices"
	"strings"
)

// columns are those of a file with a header line, by name.
type columns map[string]int

// header reads the header line of a file; other columns than the required ones are welcome.
func (r *record) header(required ...string) columns {
	r.splitCommas()
	r.names = nil
	c := make(columns)
	for i := range r.fields {
		name := r.field(i)
		if _, twice := c[name]; twice && name != "" {
			r.failf(i, "column %s is there twice", short(name))
		}
		c[name] = i
		r.names = append(r.names, name)
	}
	missing := slices.DeleteFunc(slices.Clone(required), func(name string) bool { _, ok := c[name]; return ok })
	if len(missing) > 0 {
		r.fail(0, "", "the header lacks "+strings.Join(missing, ", "))
	}
	return c
}

// row cuts a line into as many fields as the header has.
func (r *record) row() bool {
	r.splitCommas()
	return r.expect(len(r.names))
}

// of is where a column is; beyond all fields, which read as empty, if there is none.
func (c columns) of(name string) int {
	if i, ok := c[name]; ok {
		return i
	}
	return 1 << 30
}

// given reports whether a row has something in a column.
func (r *record) given(i int) bool { return r.field(i) != "" }

// atMost reads field i as a whole number that is not negative, and not too large to count with.
func (r *record) atMost(i int, most int64) int64 {
	n := r.whole(i)
	if n < 0 {
		r.impossible("negative " + r.names[i])
		return 0
	}
	if n > most {
		r.failf(i, "%d is too large: at most %d", n, most)
	}
	return n
}

// span is the time from field from to field to, as a run time; 0, which is without end, if to is empty.
func (r *record) span(from, to int) int64 {
	if !r.given(to) {
		return 0
	}
	start := int64(0)
	if r.given(from) {
		start = r.millis(from)
	}
	return r.runTime(r.millis(to) - start)
}
