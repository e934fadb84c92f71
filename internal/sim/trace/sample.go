package trace

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strconv"

	"fairlead/drf"
)

// sampled draws jobs as the authors of the FGD paper do: all of them in random order, then any of them
// again and again, until they ask for as much of the cluster as Options.Sample says. They arrive a
// millisecond after each other and stay.
func (t *Reader) sampled() iter.Seq2[Job, error] {
	return func(yield func(Job, error) bool) {
		all, err := t.collect()
		if err != nil {
			yield(Job{}, err)
			return
		}
		resource, target := t.sampleSize()
		if !slices.ContainsFunc(all, func(j Job) bool { return j.asks(resource) > 0 }) {
			yield(Job{}, fmt.Errorf("%w that asks for %s, of which the sample is to ask for a part", ErrEmpty, resource))
			return
		}
		random := rand.New(rand.NewPCG(uint64(t.opts.SampleSeed), 0))
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for asked := drf.Amount(0); asked < target; {
			n := int(t.summary.Jobs)
			job := all[min(n, len(all)-1)]
			if n >= len(all) {
				job = all[random.IntN(len(all))].again(n)
			}
			job.ArrivalMillis = int64(n)
			asked += job.asks(resource)
			t.summary.count(&job)
			if n > maxSampled {
				yield(Job{}, fmt.Errorf("more than %d jobs are needed to ask for that much %s", maxSampled, resource))
				return
			}
			if !yield(job, nil) {
				return
			}
		}
	}
}

// maxSampled bounds the jobs that are drawn.
const maxSampled = 10_000_000

// collect reads all jobs, without times.
func (t *Reader) collect() ([]Job, error) {
	opts := t.opts
	opts.Sample, opts.Fill = 0, true
	source, err := Open(opts)
	if err != nil {
		return nil, err
	}
	var all []Job
	for job, err := range source.Jobs() {
		if err != nil {
			return nil, err
		}
		all = append(all, job)
	}
	t.cluster = source.cluster
	t.summary.Read, t.summary.LeftOut, t.summary.Ignored = source.summary.Read, source.summary.LeftOut, source.summary.Ignored
	return all, nil
}

// sampleSize is how much of which resource is to be asked for: GPUs if there are any, else CPUs.
func (t *Reader) sampleSize() (resource string, target drf.Amount) {
	resource = "cpus"
	if t.cluster.most("gpus") > 0 {
		resource = "gpus"
	}
	total := drf.Amount(0)
	for _, s := range t.cluster.shapes {
		total += amountOf(s.resources, resource) * drf.Amount(s.count)
	}
	return resource, total / drf.Unit * t.opts.Sample
}

// asks is how much of a resource all instances of the job want together.
func (j *Job) asks(resource string) (sum drf.Amount) {
	for _, g := range j.Groups {
		sum += amountOf(g.Resources, resource) * drf.Amount(g.Instances)
	}
	return sum
}

// again is the job under the names that its n-th turn gives it.
func (j Job) again(n int) Job {
	suffix := "." + strconv.Itoa(n)
	j.Groups = slices.Clone(j.Groups)
	for i := range j.Groups {
		g := &j.Groups[i]
		g.Name += suffix
		if g.After != "" {
			g.After += suffix
		}
	}
	return j
}
