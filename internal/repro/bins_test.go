package repro

import (
	"slices"
	"testing"

	"fairlead/allocator"
	"fairlead/internal/sim"
)

// Figure 14 of NSDI 2011: by which part jobs are done sooner under DRF than with slots, by size. Printed for a
// log that is not public: -3, 35, 51, 48, 55, 66 and 53 %. What can be held is the direction: small jobs gain
// nothing to speak of, all others much, and the large ones more than those of a middling size.
func TestFigure14(t *testing.T) {
	s := scenarios(t, "nsdi11/fig-14.yaml")[0]
	sizes := []uint32{500, 1000, 1500, 2000, 2500, 3000}
	drf := run(t, s, sim.Options{Policy: allocator.DRF, Bins: sizes}).SizeBins
	slots := run(t, s, sim.Options{Policy: allocator.Slots, Bins: sizes}).SizeBins
	if len(drf) != 7 || len(slots) != 7 {
		t.Fatalf("%d and %d bins, want 7", len(drf), len(slots))
	}
	var sooner []float64
	for i := range drf {
		gain := 1 - drf[i].Completion.Mean/slots[i].Completion.Mean
		t.Logf("%s instances, %d jobs: %.0f %% sooner", drf[i].Instances, drf[i].Jobs, 100*gain)
		sooner = append(sooner, gain)
	}
	band{-0.06, 0.08}.expect(t, "jobs of up to 500 tasks", sooner[0])
	for i, gain := range sooner[1:] {
		band{0.2, 0.85}.expect(t, drf[i+1].Instances+" tasks", gain)
	}
	if sooner[6] < sooner[1] {
		t.Errorf("the largest jobs gain %.2f, those of 501 to 1000 tasks %.2f", sooner[6], sooner[1])
	}
}

// Figure 13: of the same log, how full the cluster is. Printed, read by eye: under DRF CPUs are in use to 0.95 to 1.0
// while there is much to do and 0.1 to 0.4 when that is done, with slots to 0.5 to 0.77 all the time; memory to
// at most 0.65 under DRF, and to 0.11 to 0.34 with slots.
func TestFigure13(t *testing.T) {
	s := scenarios(t, "nsdi11/fig-14.yaml")[0]
	windows := func(policy allocator.Policy, kind string) []float64 {
		samples := run(t, s, sim.Options{Policy: policy, Samples: true}).Samples
		var out []float64
		for from := 50.0; from < 950; from += 50 { // but for the beginning and the end
			out = append(out, meanOver(samples, samples.Utilization[kind], from, from+50))
		}
		slices.Sort(out)
		t.Logf("%s, %s: %.2f", policy, kind, out)
		return out
	}
	drf, slots := windows(allocator.DRF, "cpus"), windows(allocator.Slots, "cpus")
	last := len(drf) - 1
	band{0.95, 1}.expect(t, "CPUs under DRF, at most", drf[last])
	band{0.95, 1}.expect(t, "CPUs under DRF, in the four fullest windows at least", drf[last-3])
	band{0.1, 0.4}.expect(t, "CPUs under DRF, at least", drf[0])
	band{0.5, 0.77}.expect(t, "CPUs with slots, at least", slots[0])
	band{0.5, 0.77}.expect(t, "CPUs with slots, at most", slots[last])
	drf, slots = windows(allocator.DRF, "mem"), windows(allocator.Slots, "mem")
	band{0.45, 0.7}.expect(t, "memory under DRF, at most", drf[last])
	band{0.1, 0.15}.expect(t, "memory with slots, at least", slots[0])
	band{0.3, 0.45}.expect(t, "memory with slots, at most", slots[last])
}

// DRFH: best-fit uses more of a pool of unequal servers than first-fit, and both more than slots.
func TestUnequalServers(t *testing.T) {
	used := func(scenario int, placement allocator.Placement) (cpus, mem float64) {
		r := run(t, scenarios(t, "drfh/google-like.yaml")[scenario], sim.Options{Placement: placement})
		return r.Utilization["cpus"], r.Utilization["mem"]
	}
	bestCPU, bestMem := used(0, allocator.BestFit)
	firstCPU, firstMem := used(0, allocator.FirstFit)
	slotCPU, slotMem := used(1, allocator.BestFit)
	t.Logf("CPUs %.3f, %.3f, %.3f; memory %.3f, %.3f, %.3f", bestCPU, firstCPU, slotCPU, bestMem, firstMem, slotMem)
	if bestCPU < firstCPU+0.03 || bestMem < firstMem+0.03 || firstCPU < slotCPU+0.03 || firstMem < slotMem+0.03 {
		t.Errorf("CPUs: best-fit %.3f, first-fit %.3f, slots %.3f; memory %.3f, %.3f, %.3f; want each to use clearly less",
			bestCPU, firstCPU, slotCPU, bestMem, firstMem, slotMem)
	}
}
