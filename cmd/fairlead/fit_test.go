package main

import (
	"strings"
	"testing"
)

// A table that is wider than the terminal loses columns in the order that it is told, and says so; where there is
// no terminal it keeps them all.
func TestTablesFitTheTerminal(t *testing.T) {
	write := func(width int) string {
		tab := &table{header: []string{"FRAMEWORK", "WAIT", "P95", "COMPLETION", "P95"}}
		tab.add(text("etl"), number("1.0s"), number("2.0s"), number("3.0s"), number("4.0s"))
		tab.fit(width, "P95", "WAIT")
		var out strings.Builder
		tab.write(&out)
		return out.String()
	}
	for width, want := range map[int]string{
		0:  "FRAMEWORK  WAIT   P95  COMPLETION   P95\netl        1.0s  2.0s        3.0s  4.0s\n",
		39: "FRAMEWORK  WAIT   P95  COMPLETION   P95\netl        1.0s  2.0s        3.0s  4.0s\n",
		33: "FRAMEWORK  WAIT  COMPLETION   P95\netl        1.0s        3.0s  4.0s\nno room for: p95\n",
		30: "FRAMEWORK  WAIT  COMPLETION\netl        1.0s        3.0s\nno room for: p95\n",
		5:  "FRAMEWORK  COMPLETION\netl              3.0s\nno room for: p95, wait\n",
	} {
		if got := write(width); got != want {
			t.Errorf("%d columns:\n%swant:\n%s", width, got, want)
		}
	}
}
