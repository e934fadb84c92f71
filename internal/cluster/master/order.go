package master

import (
	"fmt"

	"fairlead/drf"
	"fairlead/internal/cluster/wire"
)

// order ranks who is offered resources next: roles by dominant share as a
// tree, then frameworks within a role, as Mesos's role and framework sorters
// do. A framework is one leaf in each of its roles; offered resources count as
// its own from the moment of the offer.
type order struct {
	tree   *drf.Tree
	leaves map[leafKey]drf.Node
	owners map[drf.Node]leafKey
}

type leafKey struct{ framework, role string }

func newOrder() *order {
	return &order{tree: drf.NewTree(), leaves: map[leafKey]drf.Node{}, owners: map[drf.Node]leafKey{}}
}

// vector is an amount as the tree counts it; ports count by number. Resources
// of other names do not decide who is next.
func vector(rs wire.Resources) drf.Vector {
	var v drf.Vector
	for kind, name := range map[drf.Kind]string{drf.CPUs: "cpus", drf.Mem: "mem", drf.Disk: "disk", drf.GPUs: "gpus"} {
		sum, _ := rs.Sum(name)
		v[kind] = drf.Amount(sum)
	}
	v[drf.Ports] = drf.Amount(rs.PortCount()) * 1000
	return v
}

// setTotal states what each agent holds.
func (o *order) setTotal(agents []wire.Resources) error {
	var total drf.Vector
	for _, rs := range agents {
		total = total.Add(vector(rs))
	}
	return o.tree.SetTotal(total)
}

// leaf returns the place of a framework in a role and makes it if need be.
func (o *order) leaf(framework, role string) (drf.Node, error) {
	key := leafKey{framework, role}
	if node, ok := o.leaves[key]; ok {
		return node, nil
	}
	parent, err := o.tree.AddRole(role)
	if err != nil {
		return 0, fmt.Errorf("order: %w", err)
	}
	// No level of a role starts with a dash, so the name is free.
	node, err := o.tree.AddFramework(parent, "-"+framework)
	if err != nil {
		return 0, fmt.Errorf("order: %w", err)
	}
	o.leaves[key], o.owners[node] = node, key
	return node, nil
}

// setActive says whether a framework takes part in a role.
func (o *order) setActive(framework, role string, active bool) error {
	node, err := o.leaf(framework, role)
	if err != nil {
		return err
	}
	if active {
		o.tree.Activate(node)
	} else {
		o.tree.Deactivate(node)
	}
	return nil
}

func (o *order) charge(framework, role string, rs wire.Resources) error {
	node, err := o.leaf(framework, role)
	if err == nil {
		o.tree.Charge(node, vector(rs))
	}
	return err
}

func (o *order) refund(framework, role string, rs wire.Resources) {
	if node, ok := o.leaves[leafKey{framework, role}]; ok {
		o.tree.Refund(node, vector(rs))
	}
}

// forget takes a framework out of every role.
func (o *order) forget(framework string) {
	for key, node := range o.leaves {
		if key.framework != framework {
			continue
		}
		_ = o.tree.Remove(node) // cannot fail: a leaf has no children
		delete(o.leaves, key)
		delete(o.owners, node)
	}
}

// sorted lists the active places, the one to serve first first.
func (o *order) sorted() []leafKey {
	nodes := o.tree.Sorted()
	keys := make([]leafKey, len(nodes))
	for i, node := range nodes {
		keys[i] = o.owners[node]
	}
	return keys
}
