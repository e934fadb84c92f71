package repro

import (
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
