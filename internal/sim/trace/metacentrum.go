package trace

import (
	"slices"
	"strconv"
	"strings"

	"fairlead/allocator"
	"fairlead/drf"
)

// clusterAttribute is what machines of MetaCentrum are told apart by.
const clusterAttribute = "cluster"

// metaCentrumSplit reads the memory (bytes of the whole job) and the request of a MetaCentrum log.
func metaCentrumSplit(r *record, c *cluster, cores int64) split {
	q := torqueRequest(r.field(swfRequest), cores, c.values(clusterAttribute))
	if q.more {
		r.ignore("properties of nodes other than their cluster")
	}
	if q.nodes == 1 && units(cores) > c.most("cpus") {
		q.nodes = cores
	}
	s := split{instances: q.nodes, each: []allocator.Quantity{cpus(units(cores / q.nodes))}}
	if len(q.clusters) > 0 {
		s.wants = []Want{{clusterAttribute, q.clusters}}
	}
	bytes := r.whole(swfMemAsked)
	switch hasMemory := c.most("mem") > 0; {
	case hasMemory && bytes > 0:
		s.each = append(s.each, mem(drf.Amount(ceilDiv(int64(mebibytes(bytes, 1<<20)), q.nodes))))
	case hasMemory:
		r.ignore("memory, which is not known")
	case bytes > 0:
		r.ignore("memory, since the machines are not known to have any")
	}
	if q.exclusive {
		s.alone(r, c)
	}
	return s
}

// alone asks for all of a machine, so that nothing else runs there. It takes one kind of machine for that.
func (s *split) alone(r *record, c *cluster) {
	var kinds []shape
	for _, k := range c.shapes {
		if k.carries(s.each) > 0 && k.meets(s.wants) {
			kinds = append(kinds, k)
		}
	}
	switch len(kinds) {
	case 0: // it is refused for that
	case 1:
		s.each = kinds[0].resources
	default:
		r.ignore("exclusive use of a node, of which several kinds would do")
	}
}

// torque is what a request asks for.
type torque struct {
	nodes int64
	// clusters are those that will do, nil if any does.
	clusters []string
	// exclusive is true if nothing else may run on its nodes.
	exclusive bool
	// more is true if there is anything else to it than nodes, cores and clusters.
	more bool
}

// torqueRequest reads nodes:ppn=cores:property...#excl. It is one node if the request does not agree
// with the cores that the job got.
func torqueRequest(request string, cores int64, clusters []string) torque {
	request, exclusive := strings.CutSuffix(request, "#excl")
	parts := strings.Split(request, ":")
	q := torque{exclusive: exclusive}
	perNode := int64(1)
	nodes, err := strconv.ParseInt(parts[0], 10, 32)
	for _, part := range parts[1:] {
		if ppn, is := strings.CutPrefix(part, "ppn="); is {
			perNode, _ = strconv.ParseInt(digits(ppn), 10, 32)
			q.more = q.more || digits(ppn) != ppn
		} else if !q.restrict(part, clusters) {
			q.more = true
		}
	}
	q.nodes, q.more = nodes, q.more || err != nil
	if err != nil || nodes < 1 || nodes*perNode != cores {
		q.nodes = 1
	}
	return q
}

// restrict takes a property that names a cluster, or forbids one; false if it does neither.
func (q *torque) restrict(property string, clusters []string) bool {
	rest, forbidden := strings.CutPrefix(property, "^")
	name, is := strings.CutPrefix(rest, "cl_")
	if !is || !slices.Contains(clusters, name) {
		return false
	}
	if !forbidden {
		q.clusters = []string{name}
		return true
	}
	if q.clusters == nil {
		q.clusters = slices.Clone(clusters)
	}
	q.clusters = slices.DeleteFunc(q.clusters, func(c string) bool { return c == name })
	return len(q.clusters) > 0
}

// metaCentrumMachine reads a line of a .machines file.
func metaCentrumMachine(r *record) (Machine, bool) {
	r.splitBlanks()
	r.names = []string{"id", "name", "nodes", "cores", "speed", "memory"}
	if !r.expect(len(r.names)) {
		return Machine{}, false
	}
	m := Machine{Name: r.field(1), Count: r.whole(2), Resources: quantities(
		cpus(r.amount(3)), mem(mebibytes(r.atMost(5, maxScaled), 1<<10)),
	)}
	m.Attributes = []allocator.Attribute{{Name: clusterAttribute, Value: m.Name}}
	r.checkMachine(1, m)
	return m, true
}
