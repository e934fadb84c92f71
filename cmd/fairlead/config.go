package main

import (
	"fmt"
	"os"
	"strings"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/strictyaml"
	"fairlead/internal/taskgroup"
)

// maxEntries bounds the lists of a configuration file.
const maxEntries = 100_000

// treeConfig is the configuration file of a scheduler: the weights and
// quotas of the fairness tree.
type treeConfig struct {
	roles      []allocator.RoleSet
	frameworks []allocator.FrameworkSet
}

// readConfig reads the file of --config; without a name nothing is configured.
func readConfig(name string) (treeConfig, error) {
	var c treeConfig
	if name == "" {
		return c, nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return c, usageError{err}
	}
	f := strictyaml.Parse(name, data)
	for _, doc := range f.Documents() {
		if o, ok := doc.Object(); ok {
			c.read(o)
			o.Done()
		}
	}
	return c, f.Err()
}

func (c *treeConfig) read(o *strictyaml.Object) {
	if list, ok := o.Optional("roles"); ok {
		at := map[string]strictyaml.Value{}
		for _, item := range list.List(maxEntries) {
			if entry, ok := item.Object(); ok {
				r := readRole(entry)
				c.roles, at[r.Role] = append(c.roles, r), item
				entry.Done()
			}
		}
		taskgroup.CheckRoles(c.roles, at)
	}
	if list, ok := o.Optional("frameworks"); ok {
		for _, item := range list.List(maxEntries) {
			if entry, ok := item.Object(); ok {
				c.frameworks = append(c.frameworks, readFramework(entry))
				entry.Done()
			}
		}
	}
}

func readRole(o *strictyaml.Object) allocator.RoleSet {
	r := allocator.RoleSet{Weight: readWeight(o)}
	r.Guarantee, r.Limit = taskgroup.Quota(o)
	if name, ok := o.Required("name"); ok {
		r.Role = taskgroup.Role(name)
	}
	return r
}

func readFramework(o *strictyaml.Object) allocator.FrameworkSet {
	f := allocator.FrameworkSet{Role: "*", Weight: readWeight(o)}
	if name, ok := o.Required("name"); ok {
		f.Framework = taskgroup.FrameworkName(name)
	}
	if role, ok := o.Optional("role"); ok {
		f.Role = taskgroup.Role(role)
	}
	return f
}

func readWeight(o *strictyaml.Object) int64 {
	v, ok := o.Optional("weight")
	if !ok {
		return int64(drf.Unit)
	}
	a, ok := v.Amount()
	if ok && (a == 0 || a > drf.MaxWeight) {
		v.Failf("expected more than 0 and at most %s", drf.MaxWeight)
	}
	return int64(a)
}

// parseQuantities reads "cpus:0.01;mem:32", the text form of Mesos, of scalars.
func parseQuantities(text string) ([]allocator.Quantity, error) {
	var out []allocator.Quantity
	for part := range strings.SplitSeq(text, ";") {
		name, value, found := strings.Cut(strings.TrimSpace(part), ":")
		if !found || name == "" {
			return nil, fmt.Errorf("%q: expected name:amount, several separated by semicolons", part)
		}
		amount, err := drf.ParseAmount(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, allocator.Quantity{Name: name, Amount: amount})
	}
	return out, nil
}
