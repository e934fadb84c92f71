package trace

import (
	"strings"

	"fairlead/allocator"
	"fairlead/drf"
)

func openbFormat() Format {
	return Format{
		Name: "openb",
		About: `Pods of Alibaba's openb GPU cluster (2023); --cluster names the list of nodes. There are
no users: the class of service (qos) is the framework, unless --tenants is given.
A pod is one instance that arrives when it was created and runs from when it was
scheduled until it was deleted; one that never was, from creation to deletion. A file
of the first five columns has no times: its pods are there from the start and stay.
A pod that wants a part of a GPU gets it of a single one (docs/placement.md). Models
of GPUs are attributes of agents (gpu_model), and gpu_spec is a constraint on them.
The recorded times load the cluster by about 1 %; --fill leaves them out, as the authors do.`,
		start: func() parser { return &openb{} },
		machines: func() func(*record) (Machine, bool) {
			var p openbNodes
			return p.parse
		},
		machineFile:  "the list of nodes (sn,cpu_milli,memory_mib,gpu,model)",
		needsCluster: true,
		endless:      true,
	}
}

// gpuModel is the attribute of machines that says which GPUs they have.
const gpuModel = "gpu_model"

// maxMilli bounds counts and thousandths of GPUs, whose product is an amount.
const maxMilli = 1_000_000

// openb reads pods: a line is a group of one instance.
type openb struct{ columns columns }

func (p *openb) parse(r *record, c *cluster) (Job, bool) {
	if r.first {
		p.columns = r.header("name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli")
		return Job{}, false
	}
	if !r.row() {
		return Job{}, false
	}
	at := p.columns.of
	created, scheduled, deleted := at("creation_time"), at("scheduled_time"), at("deletion_time")
	job := Job{ID: r.field(at("name")), Framework: "default"}
	if qos := at("qos"); r.given(qos) {
		job.Framework = r.field(qos)
	}
	if r.given(created) {
		job.ArrivalMillis = r.millis(created)
	}
	from := scheduled
	if !r.given(scheduled) {
		from = created
		if r.given(created) && !r.untimed {
			r.ignore("that a pod was never scheduled")
		}
	}
	var wants []Want
	if spec := at("gpu_spec"); r.given(spec) && c.has(gpuModel) {
		wants = []Want{{gpuModel, strings.Split(r.field(spec), "|")}}
	} else if r.given(spec) {
		r.ignore("gpu_spec, since no machine has the attribute " + gpuModel)
	}
	share := r.atMost(at("num_gpu"), maxMilli) * r.atMost(at("gpu_milli"), maxMilli)
	return job.single(Group{Instances: 1, Wants: wants, DurationMillis: r.span(from, deleted), Resources: quantities(
		cpus(drf.Amount(r.atMost(at("cpu_milli"), maxScaled))), mem(r.amount(at("memory_mib"))), gpus(drf.Amount(share)),
	)}), r.err == nil
}

// openbNodes reads the list of nodes.
type openbNodes struct{ columns columns }

func (p *openbNodes) parse(r *record) (Machine, bool) {
	if r.first {
		p.columns = r.header("sn", "cpu_milli", "memory_mib", "gpu", "model")
		return Machine{}, false
	}
	if !r.row() {
		return Machine{}, false
	}
	at := p.columns.of
	m := Machine{Name: r.field(at("sn")), Count: 1, Resources: quantities(
		cpus(drf.Amount(r.atMost(at("cpu_milli"), maxScaled))), mem(r.amount(at("memory_mib"))), gpus(r.amount(at("gpu"))),
	)}
	if model := r.field(at("model")); model != "" {
		m.Attributes = []allocator.Attribute{{Name: gpuModel, Value: model}}
	}
	r.checkMachine(at("sn"), m)
	return m, true
}
