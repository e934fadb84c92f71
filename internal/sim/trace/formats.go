package trace

import (
	"fmt"
	"strings"

	"fairlead/drf"
)

// Format is a form of traces.
type Format struct {
	Name string
	// About says in a few lines what is read and what is assumed where the trace is silent.
	About string

	start func() parser
	// machines reads a list of machines in the format's own form, if it has one; machineFile is how
	// that is called.
	machines    func() func(*record) (Machine, bool)
	machineFile string
	// needsCluster is true if a trace says nothing of its machines; otherwise it says it itself or
	// defaults are taken.
	needsCluster bool
	defaults     []Machine
	// endless is true if jobs need not end, unsorted if they are not listed by their arrival.
	endless, unsorted bool
}

// Formats are all formats, in the order in which they are listed.
func Formats() []Format {
	return []Format{swfFormat(), openbFormat(), swimFormat(), batchFormat(), dlrmFormat(), csvFormat()}
}

// Lookup finds a format by its name.
func Lookup(name string) (*Format, error) {
	var names []string
	for _, f := range Formats() {
		if f.Name == name {
			return &f, nil
		}
		names = append(names, f.Name)
	}
	return nil, fmt.Errorf("unknown format %q: expected one of %s", name, strings.Join(names, ", "))
}

// clusterHint says what --cluster can name.
func (f *Format) clusterHint() string {
	const scenario = "a .yaml or .json file with agents, as below cluster in a scenario"
	if f.machineFile == "" {
		return scenario
	}
	return f.machineFile + ", or " + scenario
}

func units(n int64) drf.Amount { return drf.Amount(n) * drf.Unit }
