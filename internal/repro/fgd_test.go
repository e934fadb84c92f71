package repro

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"fairlead/allocator"
	"fairlead/internal/sim"
	"fairlead/internal/sim/trace"
)

// levels are the requests, as a part of the cluster's GPUs, after which the paper says what is allocated.
var levels = [3]float64{0.8, 1, 1.3}

// allocated are the printed means of ten seeds, in percent of the cluster's GPUs, by placement.
var allocated = map[string]map[allocator.Placement][3]float64{
	"default": {
		allocator.Random:     {78.66, 86.30, 87.47},
		allocator.DotProduct: {80.02, 90.62, 90.85},
		allocator.GPUPacking: {80.02, 91.78, 92.00},
		allocator.GPUBestFit: {80.02, 92.86, 93.08},
		allocator.FGD:        {80.02, 95.23, 95.39},
	},
	// Printed for 130 % only.
	"gpuspec10":  {allocator.GPUBestFit: {2: 93.30}, allocator.FGD: {2: 94.95}},
	"multigpu20": {allocator.GPUBestFit: {2: 93.93}, allocator.FGD: {2: 95.65}},
}

// Weng et al., USENIX ATC 2023: pods of openb in random order, drawn again until they ask for 130 % of
// the GPUs of the nodes that have any; nothing leaves. Two points are allowed for the seeds.
func TestFragmentationOfGPUs(t *testing.T) {
	root := filepath.Join("..", "..", "..", "shared", "traces", "openb-gpu-2023")
	if _, err := os.Stat(root); err != nil {
		t.Skipf("needs the traces in the folder shared beside the repository: %v", err)
	}
	for pods, placements := range allocated {
		for placement, want := range placements {
			got := fill(t, root, pods, placement)
			t.Logf("%s, %s: %.2f", pods, placement, got)
			for i, level := range levels {
				if want[i] > 0 {
					band{want[i] - 2, want[i] + 2}.expect(t, fmt.Sprintf("%s, %s at %.0f %% of requests", pods, placement, 100*level), got[i])
				}
				if possible := min(100*level+0.2, 100); got[i] > possible { // the pod that passes the level may want 8 GPUs
					t.Errorf("%s, %s: %.2f %% allocated after requests of %.0f %%", pods, placement, got[i], 100*level)
				}
			}
		}
	}
}

// fill is what is allocated at each level, the mean of the seeds. One is enough for a test: a seed's
// spread is 0.1 to 0.6 points.
func fill(t *testing.T, root, pods string, placement allocator.Placement) [3]float64 {
	t.Helper()
	const seeds = 1
	var sum [3]float64
	for seed := range int64(seeds) {
		opts := trace.Options{
			Format: "openb", Files: []string{filepath.Join(root, "openb_pod_list_"+pods+".csv")},
			Cluster: filepath.Join(root, "openb_node_list_gpu_node.csv"), Sample: 1300, SampleSeed: seed,
			Open: func(name string) (io.ReadCloser, error) { return os.Open(name) },
		}
		stream, err := trace.OpenStream(opts)
		if err != nil {
			t.Fatal(err)
		}
		r, err := sim.Run(context.Background(), stream.Scenario, sim.Options{Placement: placement, Placements: true, Seed: &seed})
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range atLevels(t, opts, r) {
			sum[i] += x / seeds
		}
	}
	return sum
}

// atLevels adds up what was placed of the pods that had come when their requests reached each level.
func atLevels(t *testing.T, opts trace.Options, r *sim.Result) (out [3]float64) {
	t.Helper()
	pods, err := trace.Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	placed := make(map[string]bool)
	for _, p := range r.Placements {
		placed[p.Group] = true
	}
	total := r.Cluster.Total["gpus"]
	asked, given := 0.0, 0.0
	for job, err := range pods.Jobs() {
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range job.Groups[0].Resources {
			if q.Name == "gpus" {
				asked += q.Amount.Float()
				if placed[job.Groups[0].Name] {
					given += q.Amount.Float()
				}
			}
		}
		for i, level := range levels {
			if out[i] == 0 && asked >= level*total {
				out[i] = 100 * given / total
			}
		}
	}
	return out
}
