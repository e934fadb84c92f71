package trace

import (
	"strconv"

	"fairlead/allocator"
	"fairlead/drf"
)

func batchFormat() Format {
	return Format{
		Name: "alibaba-batch",
		About: `Batch jobs of Alibaba's cluster-trace-v2017 in the form of CloudSimPy: jobs of many
equal tasks. There are no users: each job is a framework (job-17), as in the DRF paper;
--tenants gives whole jobs to tenants. A line becomes a task group with instances_num
instances that each run for duration, the mean of the recorded ones.
Memory is published as a part of a machine's; here a machine has 100000 MiB, so that
1000 MiB are 1 %. Machines, unless --cluster names others: 20 of 64 cpus and that much
memory; half of the published jobs keep them about two thirds busy.`,
		start:    func() parser { return &batch{} },
		unsorted: true,
		defaults: []Machine{{Name: "machine", Count: 20, Resources: []allocator.Quantity{cpus(units(64)), mem(units(100_000))}}},
	}
}

// batchMemPlaces makes thousandths of a MiB of parts of a machine that has 100,000 MiB.
const batchMemPlaces = 8

// batch reads tasks: a line is a group of many equal instances.
type batch struct{ columns columns }

func (p *batch) parse(r *record, _ *cluster) (Job, bool) {
	if r.first {
		p.columns = r.header("submit_time", "duration", "cpu", "memory", "job_id", "task_id", "instances_num")
		return Job{}, false
	}
	if !r.row() {
		return Job{}, false
	}
	at := p.columns.of
	id := strconv.FormatInt(r.atMost(at("job_id"), maxScaled), 10)
	task := strconv.FormatInt(r.atMost(at("task_id"), maxScaled), 10)
	memory := r.scaled(at("memory"), batchMemPlaces, up)
	if memory < 0 {
		r.impossible("negative memory")
	}
	job := Job{ID: "j" + id + "-t" + task, Framework: "job-" + id, owner: id, ArrivalMillis: r.millis(at("submit_time"))}
	return job.single(Group{
		Instances:      r.whole(at("instances_num")),
		DurationMillis: r.runTime(r.millis(at("duration"))),
		Resources:      quantities(cpus(r.amount(at("cpu"))), mem(drf.Amount(memory))),
	}), r.err == nil
}

func dlrmFormat() Format {
	return Format{
		Name: "alibaba-dlrm",
		About: `Inference services of Alibaba's cluster-trace-gpu-v2025: apps are frameworks, and each
line is one instance with cpus, gpus, mem, disk and rdma (percent of a network card), as
requested. It arrives when it was created, or at 0 if that was before the trace, and
runs from when it was scheduled to when it was deleted, or without end.
There is no list of nodes: --cluster must name one. max_instance_per_node is not
simulated, since it counts the instances of an app that come at different times, which
are task groups of their own, and constraints hold within one; nor is the pairing of
CPU nodes (CN) with GPU nodes (HN).`,
		start:        func() parser { return &dlrm{} },
		endless:      true,
		unsorted:     true,
		needsCluster: true,
	}
}

// dlrm reads instances of services: a line is a group of one instance.
type dlrm struct{ columns columns }

func (p *dlrm) parse(r *record, _ *cluster) (Job, bool) {
	if r.first {
		p.columns = r.header("instance_sn", "role", "app_name", "cpu_request", "gpu_request", "rdma_request", "memory_request",
			"disk_request", "max_instance_per_node", "creation_time", "scheduled_time", "deletion_time")
		return Job{}, false
	}
	if !r.row() {
		return Job{}, false
	}
	at := p.columns.of
	if limit := at("max_instance_per_node"); r.given(limit) && r.whole(limit) > 0 {
		r.ignore("max_instance_per_node")
	}
	app := r.field(at("app_name"))
	job := Job{ID: r.field(at("instance_sn")), Framework: app, owner: app}
	if created := at("creation_time"); r.given(created) {
		job.ArrivalMillis = r.millis(created)
	}
	return job.single(Group{
		Instances:      1,
		DurationMillis: r.span(at("scheduled_time"), at("deletion_time")),
		Resources: quantities(cpus(r.amount(at("cpu_request"))), gpus(r.amount(at("gpu_request"))),
			mem(r.gibibytes(at("memory_request"))), disk(r.gibibytes(at("disk_request"))),
			allocator.Quantity{Name: "rdma", Amount: r.amount(at("rdma_request"))}),
	}), r.err == nil
}

// gibibytes reads field i as GiB, to a millionth of them, and returns MiB.
func (r *record) gibibytes(i int) drf.Amount {
	n := r.scaled(i, 6, up)
	if n < 0 {
		r.impossible("negative " + r.names[i])
		return 0
	}
	return drf.Amount(ceilDiv(n*1_024, 1_000))
}
