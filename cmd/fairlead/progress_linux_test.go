package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"fairlead/internal/sim"
)

// A bar is drawn on a terminal that says no size, too, as under script(1).
func TestBarOnATerminalWithoutASize(t *testing.T) {
	person, program := pseudoTerminal(t)
	bar := (&app{err: program}).simProgress(1)
	if bar == nil {
		t.Fatal("no bar on a terminal")
	}
	bar.since = time.Now().Add(-2 * moment)
	bar.of(0)(sim.Progress{Part: 0.25, Events: 3_000_000})
	seen := ""
	for in := bufio.NewReader(person); !strings.Contains(seen, "M events/s"); {
		r, _, err := in.ReadRune()
		if err != nil {
			t.Fatalf("%v after %q", err, seen)
		}
		seen += string(r)
	}
	if !strings.Contains(seen, "simulating") || !strings.Contains(seen, "25 %") {
		t.Errorf("the bar is %q", seen)
	}
	bar.close()
}

// pseudoTerminal returns both ends of one; its size is 0 by 0.
func pseudoTerminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	t.Cleanup(func() { person.Close() })
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err := errors.Join(err, unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0)); err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	t.Cleanup(func() { program.Close() })
	return person, program
}
