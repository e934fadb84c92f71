package sim

import (
	"cmp"
	"fmt"
	"slices"

	"fairlead/allocator"
	"fairlead/internal/strictyaml"
	"fairlead/internal/taskgroup"
)

// cluster reads the agents, one for each of their count.
func cluster(v strictyaml.Value) []Agent {
	o, ok := v.Object()
	if !ok {
		return nil
	}
	defer o.Done()
	list, ok := o.Required("agents")
	if !ok {
		return nil
	}
	var out []Agent
	seen := make(map[string]bool)
	items := list.List(maxAgents)
	if list.IsList() && len(items) == 0 {
		list.Failf("expected at least one agent")
	}
	for _, item := range items {
		o, ok := item.Object()
		if !ok {
			continue
		}
		entry := agents(o)
		o.Done()
		out = append(out, entry...)
		for _, a := range entry {
			if seen[a.Name] && a.Name != "" {
				item.Failf("agent %s is there twice", a.Name)
				break
			}
			seen[a.Name] = true
		}
		if len(out) > maxAgents {
			item.Failf("more than %d agents", maxAgents)
			return nil
		}
	}
	return out
}

// agents reads one entry: a single agent with its name as it is, or several with numbers from 1.
func agents(o *strictyaml.Object) []Agent {
	var a Agent
	count := int64(1)
	if v, ok := o.Required("name"); ok {
		a.Name, _ = v.Matching(namePattern, "the name of an agent: letters, digits and . _ -, at most 100")
	}
	if v, ok := o.Optional("count"); ok {
		count, _ = v.Int(1, maxAgents)
	}
	if v, ok := o.Required("resources"); ok {
		before := v.Problems()
		r, ports := taskgroup.Resources(v)
		a.Resources, a.Ports = quantities(r), ports
		if len(r) == 0 && v.Problems() == before {
			v.Failf("the agent has nothing: expected resources such as {cpus: 8, mem: 16384}")
		}
	}
	if v, ok := o.Optional("attributes"); ok {
		a.Attributes = attributes(v)
	}
	if v, ok := o.Optional("joins"); ok {
		a.JoinsMillis, _ = v.Millis()
	}
	if v, ok := o.Optional("leaves"); ok {
		before := v.Problems()
		if a.LeavesMillis, _ = v.Millis(); a.LeavesMillis <= a.JoinsMillis && v.Problems() == before {
			v.Failf("must be later than the agent joins")
		}
	}
	if count == 1 {
		return []Agent{a}
	}
	out := make([]Agent, count)
	for i := range out {
		out[i] = a
		if a.Name != "" {
			out[i].Name = fmt.Sprintf("%s-%d", a.Name, i+1)
		}
	}
	return out
}

func attributes(v strictyaml.Value) []allocator.Attribute {
	var out []allocator.Attribute
	for _, e := range v.Entries(maxAttributes) {
		if e.Key.Name == "" || len(e.Key.Name) > maxText {
			e.Key.Failf("expected the name of an attribute")
		}
		value, _ := e.Literal(maxText)
		out = append(out, allocator.Attribute{Name: e.Key.Name, Value: value})
	}
	slices.SortFunc(out, func(a, b allocator.Attribute) int { return cmp.Compare(a.Name, b.Name) })
	return out
}
