package trace

import (
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/sim"
	"fairlead/internal/strictyaml"
)

// Machine is some equal machines.
type Machine struct {
	Name       string
	Count      int64 // at least 1; with more, names get numbers
	Resources  []allocator.Quantity
	Ports      uint32
	Attributes []allocator.Attribute
}

// cluster is where a trace is to run.
type cluster struct {
	machines []Machine
	// shapes are what machines have, each once.
	shapes []shape
}

// shape is what some machines are like.
type shape struct {
	resources  []allocator.Quantity
	attributes []allocator.Attribute
	count      int64
}

func (c *cluster) add(machines ...Machine) {
	for _, m := range machines {
		c.machines = append(c.machines, m)
		s := shape{resources: m.Resources, attributes: m.Attributes}
		if m.Ports > 0 {
			s.resources = append(slices.Clone(s.resources), allocator.Quantity{Name: "ports", Amount: drf.Amount(m.Ports) * drf.Unit})
		}
		at := slices.IndexFunc(c.shapes, func(o shape) bool {
			return slices.Equal(o.resources, s.resources) && slices.Equal(o.attributes, s.attributes)
		})
		if at < 0 {
			at, c.shapes = len(c.shapes), append(c.shapes, s)
		}
		c.shapes[at].count += m.Count
	}
}

func amountOf(of []allocator.Quantity, name string) drf.Amount {
	for _, q := range of {
		if q.Name == name {
			return q.Amount
		}
	}
	return 0
}

// most is the largest amount of a resource that a machine has.
func (c *cluster) most(name string) drf.Amount {
	var most drf.Amount
	for _, s := range c.shapes {
		most = max(most, amountOf(s.resources, name))
	}
	return most
}

// has reports whether any machine has an attribute. Where none does, nothing is wanted of it.
func (c *cluster) has(attribute string) bool {
	return slices.ContainsFunc(c.shapes, func(s shape) bool {
		return slices.ContainsFunc(s.attributes, func(a allocator.Attribute) bool { return a.Name == attribute })
	})
}

// values are what machines have of an attribute.
func (c *cluster) values(attribute string) []string {
	var out []string
	for _, s := range c.shapes {
		for _, a := range s.attributes {
			if a.Name == attribute && !slices.Contains(out, a.Value) {
				out = append(out, a.Value)
			}
		}
	}
	return out
}

// meets reports whether a machine of the shape has what is wanted.
func (s *shape) meets(wants []Want) bool {
	return !slices.ContainsFunc(wants, func(w Want) bool { return !w.metBy(s.attributes) })
}

// carries is how many instances an empty machine of the shape holds.
func (s *shape) carries(instance []allocator.Quantity) int64 {
	n := int64(maxInstances)
	for _, q := range instance {
		n = min(n, int64(amountOf(s.resources, q.Name)/q.Amount))
	}
	return n
}

// holds reports whether an empty machine can hold an instance.
func (c *cluster) holds(instance []allocator.Quantity) bool {
	return slices.ContainsFunc(c.shapes, func(s shape) bool { return s.carries(instance) > 0 })
}

// refuses says why an empty cluster can't run a group, "" if it can.
func (c *cluster) refuses(g *Group) string {
	room, some := int64(0), false
	for _, s := range c.shapes {
		if !s.meets(g.Wants) {
			continue
		}
		some = true
		room += min(s.count, maxInstances) * s.carries(g.Resources)
	}
	switch {
	case room >= g.Instances, room > 0 && !g.Gang:
		return ""
	case room > 0:
		return "is a gang that needs more than all machines have"
	case !some:
		return "wants a machine with attributes that none has"
	}
	for _, q := range g.Resources {
		if c.most(q.Name) < q.Amount {
			return "needs more " + q.Name + " than any machine has"
		}
	}
	if len(g.Wants) > 0 {
		return "fits no machine with the attributes that it wants"
	}
	return "fits no machine with all that it needs"
}

// loadCluster reads the machines of a file: the cluster of a scenario if its name ends as those do,
// else the format's own form.
func loadCluster(f *Format, file string, open opener) ([]Machine, error) {
	if slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(file)) {
		return scenarioCluster(file, open)
	}
	if f.machines == nil {
		return nil, fmt.Errorf("--cluster %s: expected a .yaml or .json file with agents", file)
	}
	l := &lines{open: open, files: []string{file}}
	parse := f.machines()
	var out []Machine
	var r record
	for {
		err := l.next(&r)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errors.Join(err, l.close())
		}
		m, ok := parse(&r)
		if r.err != nil {
			return nil, errors.Join(strictyaml.Errors{r.err}, l.close())
		}
		if ok {
			out = append(out, m)
		}
	}
	if len(out) == 0 {
		return nil, strictyaml.Errors{{File: file, Message: "no machine in the file"}}
	}
	return out, nil
}

func scenarioCluster(file string, open opener) (out []Machine, err error) {
	in, err := open(file)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	data, err := io.ReadAll(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	agents, err := sim.ParseCluster(file, data)
	for _, a := range agents {
		m := Machine{Name: a.Name, Count: 1, Resources: a.Resources, Ports: a.Ports, Attributes: a.Attributes}
		if last := len(out) - 1; last < 0 || !out[last].absorb(&m) {
			out = append(out, m)
		}
	}
	return out, err
}

// absorb makes one entry of node-1 and a node-2 that is like it, and so on; false if the other is no such machine.
func (m *Machine) absorb(other *Machine) bool {
	if !slices.Equal(m.Resources, other.Resources) || m.Ports != other.Ports || !slices.Equal(m.Attributes, other.Attributes) {
		return false
	}
	base, first := m.Name, m.Count > 1
	if !first {
		base, first = strings.CutSuffix(m.Name, "-1")
	}
	if !first || other.Name != fmt.Sprintf("%s-%d", base, m.Count+1) {
		return false
	}
	m.Name, m.Count = base, m.Count+1
	return true
}

// checkMachine reports what would make a scenario refuse a machine.
func (r *record) checkMachine(nameField int, m Machine) {
	const most = 1_000_000
	switch {
	case !machineName.MatchString(m.Name):
		r.failf(nameField, "%s is not a name: letters, digits and . _ -, at most 90", short(m.Name))
	case m.Count < 1 || m.Count > most:
		r.failf(nameField, "%d machines: expected 1 to %d", m.Count, most)
	case len(m.Resources) == 0:
		r.failf(nameField, "machine %s has nothing", m.Name)
	}
	if r.reason != "" {
		r.failf(nameField, "machine %s: %s", m.Name, strings.TrimSpace(r.reason))
	}
}
