package trace

import (
	"strconv"
	"strings"

	"fairlead/allocator"
	"fairlead/drf"
)

// metaCentrumSplit reads the memory (bytes of the whole job) and the request of a MetaCentrum log.
func metaCentrumSplit(r *record, c *cluster, cores int64) split {
	nodes, more := torqueNodes(r.field(swfRequest), cores)
	if more {
		r.ignore("properties of nodes, or their exclusive use")
	}
	if nodes == 1 && units(cores) > c.most("cpus") {
		nodes = cores
	}
	each := []allocator.Quantity{cpus(units(cores / nodes))}
	bytes := r.whole(swfMemAsked)
	switch hasMemory := c.most("mem") > 0; {
	case hasMemory && bytes > 0:
		each = append(each, mem(drf.Amount(ceilDiv(int64(mebibytes(bytes, 1<<20)), nodes))))
	case hasMemory:
		r.ignore("memory, which is not known")
	case bytes > 0:
		r.ignore("memory, since the machines are not known to have any")
	}
	return split{nodes, each}
}

// torqueNodes reads nodes:ppn=cores:property...#excl, and says whether there is more to it than
// nodes and cores. It is 1 if the request does not agree with the cores that the job got.
func torqueNodes(request string, cores int64) (nodes int64, more bool) {
	parts := strings.Split(request, ":")
	nodes, err := strconv.ParseInt(parts[0], 10, 32)
	perNode := int64(1)
	if len(parts) > 1 {
		ppn, isPPN := strings.CutPrefix(parts[1], "ppn=")
		number := digits(ppn)
		more = len(parts) > 2 || !isPPN || number != ppn
		if perNode, _ = strconv.ParseInt(number, 10, 32); !isPPN {
			perNode = 1
		}
	}
	if err != nil || nodes < 1 || nodes*perNode != cores {
		return 1, more || err != nil
	}
	return nodes, more
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
	r.checkMachine(1, m)
	return m, true
}
