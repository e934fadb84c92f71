package trace

import (
	"fmt"
	"strconv"
	"strings"

	"fairlead/allocator"
	"fairlead/drf"
)

func swfFormat() Format {
	return Format{
		Name: "swf",
		About: `Standard Workload Format of the Parallel Workloads Archive: 18 columns, or the 21 of
MetaCentrum logs. Users become frameworks (u12), jobs task groups (j4185). Arrival
is counted from the first job's. The run time is the recorded one, the processors are
those that were got, or asked for where that is not known.
Plain form: machines come from MaxNodes and MaxProcs in the header, unless --cluster
names others; memory is KB per processor as asked, else as used, and counts only if
the machines have any. A job is one instance with all its processors where a machine
can hold it, otherwise a gang of one instance a processor. No room is held for jobs
that wait (reserve_after: never): they run for hours, and so long it would be lost to all.
MetaCentrum form: --cluster names the .machines file; memory is bytes per job, divided
among its nodes; a request for N nodes is a gang of N instances, and one for a cluster
(cl_NAME, ^cl_NAME) a constraint on the attribute cluster. One for a node without others
(#excl) asks for all that the node has, if it can be of one kind only. Other properties
of nodes are not simulated.`,
		start: func() parser { return &swf{} },
		machines: func() func(*record) (Machine, bool) {
			return metaCentrumMachine
		},
		machineFile: "a .machines file (id, name, nodes, cores, speed, KB of memory)",
	}
}

// swfColumns are the names of the columns; the last three are MetaCentrum's.
var swfColumns = []string{
	"job", "submit", "wait", "run", "processors", "cpu time", "memory used", "processors asked", "time asked",
	"memory asked", "status", "user", "group", "executable", "queue", "partition", "preceding job", "think time",
	"nodes", "queue name", "request",
}

// The columns that are read.
const (
	swfJob        = 0
	swfSubmit     = 1
	swfRun        = 3
	swfProcessors = 4
	swfMemory     = 6
	swfAsked      = 7
	swfMemAsked   = 9
	swfStatus     = 10
	swfUser       = 11
	swfRequest    = 20

	plainColumns = 18
	metaColumns  = 21

	swfCancelled = 5
)

// swf reads both forms of a log; which one a line has is told by its number of fields.
type swf struct {
	nodes, processors int64 // of the header
	// begun is true after the first job, which was submitted at base.
	begun bool
	base  int64
	plain bool // its first job has the columns of the plain form
}

func (p *swf) parse(r *record, c *cluster) (Job, bool) {
	if strings.HasPrefix(strings.TrimSpace(r.text), ";") {
		p.comment(r)
		return Job{}, false
	}
	r.splitBlanks()
	r.names = swfColumns
	if len(r.fields) != metaColumns && len(r.fields) != plainColumns {
		r.fail(r.start(plainColumns), "", fmt.Sprintf("expected %d fields, or %d in the form of MetaCentrum, got %d",
			plainColumns, metaColumns, len(r.fields)))
		return Job{}, false
	}
	r.numbers(plainColumns)
	submit := r.millis(swfSubmit)
	if !p.begun {
		p.begun, p.base, p.plain = true, submit, len(r.fields) == plainColumns
		p.machines(r, c)
	}
	processors := p.size(r)
	duration := p.duration(r)
	job := Job{ID: "j" + strconv.FormatInt(r.whole(swfJob), 10), ArrivalMillis: submit - p.base}
	job.Framework, job.owner = "unknown", ""
	if user := r.whole(swfUser); user >= 0 {
		job.owner = strconv.FormatInt(user, 10)
		job.Framework = "u" + job.owner
	}
	if r.err != nil || r.reason != "" {
		return job, r.err == nil
	}
	s := plainSplit(r, c, processors)
	if len(r.fields) == metaColumns {
		s = metaCentrumSplit(r, c, processors)
	}
	return job.single(Group{
		Instances: s.instances, Gang: s.instances > 1, DurationMillis: duration, Resources: s.each, Wants: s.wants,
	}), r.err == nil
}

// comment reads what the header says of the machine.
func (p *swf) comment(r *record) {
	name, value, _ := strings.Cut(strings.TrimLeft(r.text, "; \t"), ":")
	n, err := strconv.ParseInt(digits(strings.TrimSpace(value)), 10, 32)
	if err != nil {
		return
	}
	switch strings.TrimSpace(name) {
	case "MaxNodes":
		p.nodes = n
	case "MaxProcs":
		p.processors = n
	}
}

// machines makes those of the header, unless there are others.
func (p *swf) machines(r *record, c *cluster) {
	if len(c.machines) > 0 {
		return
	}
	nodes, processors := p.nodes, p.processors
	if nodes == 0 {
		nodes = processors
	}
	processors = max(processors, nodes)
	if nodes == 0 {
		r.fail(0, "", "the log has neither MaxNodes nor MaxProcs in a header: give --cluster with the machines")
		return
	}
	// Where processors cannot be shared out evenly, some nodes have one more.
	each, more := processors/nodes, processors%nodes
	c.add(Machine{Name: "node", Count: nodes - more, Resources: []allocator.Quantity{cpus(units(each))}})
	if more > 0 {
		c.add(Machine{Name: "large", Count: more, Resources: []allocator.Quantity{cpus(units(each + 1))}})
	}
}

func (p *swf) size(r *record) int64 {
	processors := r.whole(swfProcessors)
	if processors == -1 {
		processors = r.whole(swfAsked)
	}
	if processors <= 0 {
		r.impossible("no processors")
	}
	return processors
}

func (p *swf) duration(r *record) int64 {
	run := r.millis(swfRun)
	switch {
	case run <= 0 && r.whole(swfStatus) == swfCancelled:
		r.impossible("cancelled before it began")
	case r.field(swfRun) == "-1":
		r.impossible("run time not known")
	}
	return r.runTime(run)
}

// plainSplit reads the memory of a plain log: KB per processor.
func plainSplit(r *record, c *cluster, processors int64) split {
	each := []allocator.Quantity{cpus(drf.Unit)}
	kb := r.whole(swfMemAsked)
	if kb <= 0 {
		kb = r.whole(swfMemory)
	}
	switch hasMemory := c.most("mem") > 0; {
	case hasMemory && kb > 0:
		each = append(each, mem(mebibytes(kb, 1<<10)))
	case hasMemory:
		r.ignore("memory, which is not known")
	case kb > 0:
		r.ignore("memory, since the machines are not known to have any")
	}
	return c.rigid(processors, each)
}

// mebibytes is the amount of n units, of which perMiB make a MiB.
func mebibytes(n, perMiB int64) drf.Amount {
	whole, rest := n/perMiB, n%perMiB
	return units(whole) + drf.Amount(ceilDiv(rest*int64(drf.Unit), perMiB))
}
