package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlead/internal/api"
)

// printer is an app that prints to a buffer.
func printer(f format) (*app, *bytes.Buffer) {
	out := &bytes.Buffer{}
	return &app{out: out, err: &bytes.Buffer{}, env: noVariables, format: f}, out
}

func theTree() *api.Shares {
	idle := api.Standing{Weight: 1000, ShareDen: 1}
	return &api.Shares{
		Policy: "hdrf",
		Total:  api.Resources{"cpus": 9_000, "mem": 18_432_000, "licences": 5_000},
		Roles: []api.Role{
			{Name: "*", Standing: idle},
			{Name: "eng/dev", Standing: api.Standing{
				Weight: 2000, DominantResource: "cpus", DominantShare: 0.5, ShareNum: 1, ShareDen: 1, FairShare: 0.75, ShareError: 0.25,
				Allocated: api.Resources{"mem": 14_336_000, "cpus": 9_000},
			}},
		},
		Frameworks: []api.Framework{
			{Name: "idle", Role: "*", Standing: idle},
			{Name: "spark-etl", Role: "eng/dev", Running: 3, Pending: 7, Standing: api.Standing{
				Weight: 1500, DominantResource: "mem", DominantShare: 0.4444, ShareNum: 2, ShareDen: 3, FairShare: 0.7, ShareError: -0.0333,
				Allocated: api.Resources{"cpus": 3_500, "mem": 12_288_000},
			}},
		},
	}
}

func TestSharesAsATable(t *testing.T) {
	a, out := printer(asTable)
	a.writeShares(out, theTree())
	want := strings.TrimPrefix(`
ROLE     FRAMEWORK  WEIGHT  DOMINANT  SHARE    RANK  RUNNING  PENDING    FAIR    ERROR  ALLOCATED
*                        1  -             0  0.0000                    0.0000   0.0000  nothing
         idle            1  -             0  0.0000        0        0  0.0000   0.0000  nothing
eng/dev                  2  cpus          1  0.5000                    0.7500  +0.2500  cpus=9 mem=14336
         spark-etl     1.5  mem         2/3  0.4444        3        7  0.7000  -0.0333  cpus=3.5 mem=12288
total: cpus=9 mem=18432 licences=5
policy: hdrf
`, "\n")
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
}

func TestJSONAndYAMLSayTheSame(t *testing.T) {
	a, out := printer(asJSON)
	if err := a.print(theTree(), nil); err != nil {
		t.Fatal(err)
	}
	var back api.Shares
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back.Frameworks[1].Allocated["cpus"] != 3_500 {
		t.Errorf("%v in %s", err, out)
	}
	a, out = printer(asYAML)
	if err := a.print(theTree().Frameworks[1], nil); err != nil {
		t.Fatal(err)
	}
	want := `name: spark-etl
role: eng/dev
weight: 1.5
dominant_resource: mem
dominant_share: 0.4444
share_num: 2
share_den: 3
fair_share: 0.7
share_error: -0.0333
allocated:
  cpus: 3.5
  mem: 12288
running: 3
pending: 7
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
}

func TestWhatUsersWriteCannotSteerTheTerminal(t *testing.T) {
	a, out := printer(asTable)
	table := a.table("NAME", "MESSAGE")
	table.colour = true
	table.add(styled("evil", red), text("\x1b[2Jgone\r\nnext\u009b1m \xff"))
	table.write(out)
	want := "\x1b[1mNAME\x1b[0m  \x1b[1mMESSAGE\x1b[0m\n\x1b[31mevil\x1b[0m  \\x1b[2Jgone\\x0d\\x0anext\\x9b1m \\xfffd\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out, want)
	}
}

func TestColoursAreForTerminalsOnly(t *testing.T) {
	a, out := printer(asTable)
	a.writeExplanation(out, &api.Explanation{Framework: "A", Group: "a", State: "waiting", ShareDen: 1}, "")
	if strings.Contains(out.String(), "\x1b") {
		t.Errorf("colours in a pipe: %q", out)
	}
}

func TestAgesAreInTheirLargestUnit(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", -time.Minute: "0s", 59 * time.Second: "59s", 61 * time.Second: "1m", 90 * time.Minute: "1h", 49 * time.Hour: "2d",
	} {
		if got := age(time.Now().Add(-d)); got != want {
			t.Errorf("%s ago is %s, want %s", d, got, want)
		}
	}
}

func TestEventsAsLines(t *testing.T) {
	a, _ := printer(asTable)
	at := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.Local)
	for want, e := range map[string]api.Event{
		"03:04:05.006  instance.failed       A/a/3  agent-1  exited with status 1": {
			At: at, Type: "instance.failed", Framework: "A", Group: "a", Instance: 3, Agent: "agent-1", Message: "exited with status 1",
		},
		"03:04:05.006  group.submitted       A/a":            {At: at, Type: "group.submitted", Framework: "A", Group: "a"},
		"03:04:05.006  master.connected      127.0.0.1:5050": {At: at, Type: "master.connected", Message: "127.0.0.1:5050"},
	} {
		if got := a.eventLine(e); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

// Output that comes in pieces is cut between characters, wherever the pieces are; what is none is shown
// as such.
func TestOutputIsCutBetweenCharacters(t *testing.T) {
	a, out := printer(asJSON)
	w := &outputWriter{app: a, of: output{Name: "A/a/0", Stream: "stdout"}, pieces: true}
	for _, piece := range []string{"caf\xc3", "\xa9\n\xe2", "\x82", "\xac", "\xff!", "\xe2\x82"} {
		if n, err := w.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		var o output
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		got = append(got, o.Text)
	}
	if want := []string{"caf", "é\n", "€", "\ufffd!", "\ufffd\ufffd"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
