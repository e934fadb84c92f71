package strictyaml

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxReported bounds how many problems of one file are worth reading.
const maxReported = 100

// Error is one problem of a file.
type Error struct {
	File string
	// Line and Column count from 1; columns count characters. The place of a problem that is the
	// file as a whole is its beginning.
	Line, Column int
	// Field is the path to the offending field, such as tasks[0].resources.cpus. It is empty if
	// the problem is not in a field.
	Field   string
	Message string
}

// Error is "file:line:column: field: message", without the parts that are empty.
func (e *Error) Error() string {
	var where []string
	if e.File != "" {
		where = append(where, e.File)
	}
	if e.Line > 0 {
		where = append(where, strconv.Itoa(e.Line), strconv.Itoa(e.Column))
	}
	parts := []string{e.Message}
	if e.Field != "" {
		parts = []string{e.Field, e.Message}
	}
	if len(where) > 0 {
		parts = append([]string{strings.Join(where, ":")}, parts...)
	}
	return strings.Join(parts, ": ")
}

// Errors are the problems of one file, sorted by position; there is at least one.
type Errors []*Error

// Error is one line for each problem. After the first hundred it only says how many there are.
func (es Errors) Error() string {
	lines := make([]string, 0, len(es))
	for _, e := range es[:min(len(es), maxReported)] {
		lines = append(lines, e.Error())
	}
	if more := len(es) - maxReported; more > 0 {
		lines = append(lines, fmt.Sprintf("%s: and %d more", es[0].File, more))
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find the first *Error.
func (es Errors) Unwrap() []error {
	errs := make([]error, len(es))
	for i, e := range es {
		errs[i] = e
	}
	return errs
}

func (es Errors) sort() {
	slices.SortStableFunc(es, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}
