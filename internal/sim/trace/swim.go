package trace

import (
	"fairlead/allocator"
	"fairlead/drf"
)

func swimFormat() Format {
	return Format{
		Name: "swim",
		About: `SWIM's samples of Facebook's Hadoop jobs (2009): six columns, with arrivals and bytes
but no users, tasks, resources or run times. All of those are this model: one map task
for each 128 MiB of input (at least one), and, if there is anything to shuffle, one
reduce task for each GiB of it, once all maps have finished. A task needs 1 cpu and
1024 MiB; it starts in 5 s and then works at 8 MiB/s, a map through its part of the
input, a reduce through its part of shuffle and output.
All jobs belong to the framework swim, unless --tenants is given. Machines, unless
--cluster names others: 20 of 8 cpus and 16384 MiB, which the model keeps half busy.`,
		start:    func() parser { return swim{} },
		defaults: []Machine{{Name: "node", Count: 20, Resources: []allocator.Quantity{cpus(units(8)), mem(units(16_384))}}},
	}
}

// The model of a task, which is ours: the trace has bytes only.
const (
	bytesPerMap      = 128 << 20
	bytesPerReduce   = 1 << 30
	startUpMillis    = 5_000
	bytesPerSecond   = 8 << 20
	taskMem          = 1_024
	millisPerSecond  = 1_000
	maxBytesPerTasks = maxScaled / 2
)

// swim makes tasks of bytes, by the model of the constants above.
type swim struct{}

func (swim) parse(r *record, _ *cluster) (Job, bool) {
	r.splitAt('\t')
	r.names = []string{"job", "submit time", "gap", "map input bytes", "shuffle bytes", "reduce output bytes"}
	if !r.expect(len(r.names)) {
		return Job{}, false
	}
	r.scaled(2, 0, nearest) // a number, though nobody needs it
	job := Job{ID: r.field(0), Framework: "swim", ArrivalMillis: r.millis(1)}
	input, shuffle, output := r.atMost(3, maxBytesPerTasks), r.atMost(4, maxBytesPerTasks), r.atMost(5, maxBytesPerTasks)
	job.Groups = []Group{swimTasks(max(1, ceilDiv(input, bytesPerMap)), input)}
	job.Groups[0].Name = job.ID
	if shuffle > 0 {
		reduce := swimTasks(ceilDiv(shuffle, bytesPerReduce), shuffle+output)
		reduce.Name, reduce.After = job.ID+"-reduce", job.ID
		job.Groups = append(job.Groups, reduce)
	}
	return job, r.err == nil
}

// swimTasks are n tasks that share some bytes equally.
func swimTasks(n, bytes int64) Group {
	each := ceilDiv(bytes, n)
	return Group{
		Instances:      n,
		DurationMillis: startUpMillis + each/bytesPerSecond*millisPerSecond + ceilDiv(each%bytesPerSecond*millisPerSecond, bytesPerSecond),
		Resources:      []allocator.Quantity{cpus(drf.Unit), mem(units(taskMem))},
	}
}
