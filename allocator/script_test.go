package allocator

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"fairlead/drf"
)

// TestScripts runs testdata/scripts; testdata/README.md describes the language.
// After each step the books are checked, a refused fact must have changed
// nothing, and at the end of each file a replay must lead to the same State.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		sc := newScript(t, Config{})
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd != "run" {
				d.Fatalf(t, "unknown directive %q: expected run", d.Cmd)
			}
			return sc.run(t, d.Input)
		})
		sc.journal.mustReplay(t, sc.cfg, sc.s)
	})
}

// script is a State, the clock of a story, and the names used in it.
type script struct {
	cfg     Config
	s       *State
	now     int64
	last    map[string]RunID // the latest run, by framework/group/instance
	names   map[RunID]string
	journal journal
	out     strings.Builder
}

func newScript(tb testing.TB, cfg Config) *script {
	tb.Helper()
	s, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return &script{cfg: cfg, s: s, last: map[string]RunID{}, names: map[RunID]string{}}
}

// run interprets one block: a command on each line; an indented line is a task
// of the group above it.
func (sc *script) run(tb testing.TB, input string) string {
	tb.Helper()
	sc.out.Reset()
	lines := strings.Split(input, "\n")
	for len(lines) > 0 {
		command, tasks := line(lines[0]), []line(nil)
		for lines = lines[1:]; len(lines) > 0 && strings.HasPrefix(lines[0], " "); lines = lines[1:] {
			tasks = append(tasks, line(lines[0]))
		}
		if err := sc.command(tb, command, tasks); err != nil {
			tb.Fatalf("%s: %v", command, err)
		}
	}
	if sc.out.Len() == 0 {
		return "ok\n"
	}
	return sc.out.String()
}

func (sc *script) printf(format string, args ...any) { fmt.Fprintf(&sc.out, format+"\n", args...) }

func (sc *script) command(tb testing.TB, c line, tasks []line) error {
	switch c.word(0) {
	case "config":
		sc.journal.mustReplay(tb, sc.cfg, sc.s)
		*sc = *newScript(tb, c.config())
	case "advance":
		sc.now += c.milliseconds(c.word(1))
	case "tick":
		sc.printActions(sc.tick(tb))
	case "fill":
		sc.tick(tb)
		sc.printCounts()
	case "shares":
		sc.printShares()
	case "fairness":
		sc.printFairness()
	case "policy":
		sc.printf("%s", sc.s.Policy())
	case "view":
		sc.printView(c.word(1))
	case "plan":
		return sc.printPlan(c, tasks)
	case "story":
		return sc.printStory(c.word(1))
	case "explain":
		return sc.printExplanation(c.word(1))
	case "deadline":
		if at, ok := sc.s.NextDeadline(); ok {
			sc.printf("next tick at %d ms", at)
		} else {
			sc.printf("nothing to wait for")
		}
	default:
		f, err := sc.fact(c, tasks)
		if err == nil {
			sc.step(tb, c, f)
		}
		return err
	}
	return nil
}

// step books a fact and prints a refusal.
func (sc *script) step(tb testing.TB, c line, f Fact) {
	tb.Helper()
	before := sc.s.Image()
	before.Now = max(before.Now, sc.now)
	actions, err := sc.s.Step(Event{At: sc.now, Fact: f})
	if len(actions) > 0 {
		tb.Fatalf("%s: a fact decided %v", c, actions)
	}
	if err != nil {
		sc.printf("refused: %v", err)
		if after := sc.s.Image(); !reflect.DeepEqual(before, after) {
			tb.Fatalf("%s: refused, and yet the State changed from\n%+v to\n%+v", c, before, after)
		}
	} else {
		sc.journal.fact(sc.now, f)
	}
	sc.check(tb, c)
}

func (sc *script) check(tb testing.TB, c line) {
	tb.Helper()
	if err := sc.s.Check(); err != nil {
		tb.Fatalf("%s: %v", c, err)
	}
}

// tick decides, and checks that a second tick would have nothing to add.
func (sc *script) tick(tb testing.TB) []Action {
	tb.Helper()
	actions, err := sc.s.Step(Event{At: sc.now, Fact: Tick{}})
	if err != nil {
		tb.Fatal(err)
	}
	sc.journal.decided(sc.now, actions)
	sc.check(tb, "tick")
	for _, a := range actions {
		if a, ok := a.(*Accept); ok {
			for _, l := range a.Launches {
				name := fmt.Sprintf("%s/%s/%d", l.Framework, l.Group, l.Instance)
				sc.last[name], sc.names[l.Run] = l.Run, name
			}
		}
	}
	if sc.s.more {
		return actions // the next Tick goes on where this one stopped
	}
	if again, _ := sc.s.Step(Event{At: sc.now, Fact: Tick{}}); len(again) > 0 {
		tb.Fatalf("a second tick at once decided %v", again)
	}
	return actions
}

// fact reads the commands that tell the State something.
func (sc *script) fact(c line, tasks []line) (Fact, error) {
	name := c.word(1)
	switch c.word(0) {
	case "agent", "seen":
		return AgentSeen{Agent: name, Host: c.value("host", "host-"+name), Attributes: c.attributes(),
			Total: c.resources(agentOptions...), Ports: c.ports(), Sets: c.sets(), Slots: int32(c.number("slots", 0)), Owned: c.word(0) == "agent"}, nil
	case "lost":
		return AgentLost{name}, nil
	case "offer":
		agent := c.value("agent", "")
		return OfferAdded{Offer: name, Agent: agent, Host: c.value("host", "host-"+agent), Attributes: c.attributes(),
			Resources: c.resources(agentOptions...), Ports: c.ports(), Sets: c.sets(), Slots: int32(c.number("slots", 0))}, nil
	case "rescind":
		return OfferRescinded{name}, nil
	case "connect":
		return Connected{}, nil
	case "disconnect":
		return Disconnected{}, nil
	case "role":
		return RoleSet{name, int64(c.amount("weight")), c.prefixed("guarantee."), c.prefixed("limit.")}, nil
	case "framework":
		return FrameworkSet{name, c.value("role", ""), int64(c.amount("weight"))}, nil
	}
	return sc.groupFact(c, tasks)
}

func (sc *script) groupFact(c line, tasks []line) (Fact, error) {
	name := strings.Split(c.word(1), "/")
	switch {
	case c.word(0) == "update":
		return sc.update(c)
	case len(name) < 2:
		return nil, fmt.Errorf("unknown command, or no framework/group: %q", c.word(1))
	case c.word(0) == "submit":
		return GroupSubmitted{c.group(name[0], name[1], tasks)}, nil
	case c.word(0) == "due":
		at := sc.now
		if ago := c.value("ago", "0"); ago != "never" {
			at -= c.milliseconds(ago)
		}
		f := ScheduleDue{name[0], name[1], at, sc.now + c.milliseconds(c.value("next", "60s"))}
		if c.value("last", "") == "true" {
			f.Next = 0
		}
		if c.value("ago", "") == "never" {
			f.At = 0
		}
		return f, nil
	case c.word(0) == "rerun":
		return GroupRerun{name[0], name[1], c.value("below", "") == "true"}, nil
	case c.word(0) == "forget":
		return GroupForgotten{name[0], name[1]}, nil
	case c.word(0) == "kill" && len(name) == 3:
		n, err := strconv.ParseInt(name[2], 10, 32)
		return InstanceKilled{name[0], name[1], int32(n)}, err
	case c.word(0) == "kill":
		return GroupKilled{name[0], name[1]}, nil
	}
	return nil, fmt.Errorf("unknown command")
}

// update reports a state of one task of the latest run of an instance, or of
// an earlier run by its id.
func (sc *script) update(c line) (Fact, error) {
	id, ok := sc.last[c.word(1)]
	for run := range sc.names {
		if run.String() == c.word(1) {
			id, ok = run, true
		}
	}
	if !ok {
		return nil, fmt.Errorf("no run of %q", c.word(1))
	}
	for st := range TaskLost + 1 {
		if st.String() == c.word(2) {
			return TaskUpdated{Run: id, Task: int32(c.number("task", 0)), State: st, Message: c.value("message", ""), OutOfMemory: c.value("oom", "") == "true"}, nil
		}
	}
	return nil, fmt.Errorf("unknown task state %q", c.word(2))
}

// line is one command: words, and options as key=value in any order.
type line string

func (c line) fields() []string { return strings.Fields(string(c)) }

func (c line) word(n int) string {
	for _, f := range c.fields() {
		if strings.Contains(f, "=") {
			continue
		}
		if n == 0 {
			return f
		}
		n--
	}
	return ""
}

func (c line) value(key, missing string) string {
	for _, f := range c.fields() {
		if k, v, ok := strings.Cut(f, "="); ok && k == key {
			return v
		}
	}
	return missing
}

func (c line) number(key string, missing int64) int64 {
	n, err := strconv.ParseInt(c.value(key, strconv.FormatInt(missing, 10)), 10, 64)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", c, err))
	}
	return n
}

// milliseconds reads "5s" or "250".
func (c line) milliseconds(text string) int64 {
	number, seconds := strings.CutSuffix(text, "s")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", c, err))
	}
	if seconds {
		n *= 1000
	}
	return n
}

// amount reads a decimal, which may be negative to try what is refused.
func (c line) amount(key string) drf.Amount {
	text, negative := strings.CutPrefix(c.value(key, "1"), "-")
	a, err := drf.ParseAmount(text)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", c, err))
	}
	if negative {
		return -a
	}
	return a
}
