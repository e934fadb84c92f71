package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// width is how many columns the terminal of standard output has; 0 if that is none.
func (a *app) width() int {
	f, ok := a.out.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// fit leaves columns out, those with the first title first, until the table is not wider than the
// terminal. A width of 0 is enough for everything.
func (t *table) fit(width int, spare ...string) {
	for _, title := range spare {
		for at := slices.Index(t.header, title); at >= 0; at = slices.Index(t.header, title) {
			if width == 0 || t.wide() <= width {
				return
			}
			t.header = slices.Delete(slices.Clone(t.header), at, at+1)
			for i, row := range t.rows {
				t.rows[i] = slices.Delete(slices.Clone(row), at, at+1)
			}
			if !slices.Contains(t.left, title) {
				t.left = append(t.left, title)
			}
		}
	}
}

// wide is how wide the table is.
func (t *table) wide() int {
	sum := 2 * (len(t.header) - 1)
	for _, w := range t.widths(append([][]cell{t.head()}, t.rows...)) {
		sum += w
	}
	return sum
}

// widths are those of the columns.
func (t *table) widths(rows [][]cell) []int {
	widths := make([]int, len(t.header))
	for _, row := range rows {
		for i := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(printable(row[i].text)))
		}
	}
	return widths
}

// writeLeft says which columns had no room.
func (t *table) writeLeft(w io.Writer) {
	if len(t.left) > 0 {
		note := fmt.Sprintf("no room for: %s", strings.ToLower(strings.Join(t.left, ", ")))
		fmt.Fprintln(w, paint(styled(note, dim), t.colour))
	}
}
