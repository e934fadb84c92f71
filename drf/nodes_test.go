package drf

import "testing"

// G26: the paper's Theorem 7 fills node by node, always with a task of whoever has the least dominant share, and leaves a
// node once the largest task might not fit. So everybody's next task always fits, and nobody is passed over.
func TestFillingNodeByNode(t *testing.T) {
	const nodes = 48 // of 4 CPUs and 14 GB
	for phase, c := range []struct{ j1, j2 Vector }{
		{units(1, 10), units(1, 1)},
		{units(2, 4), units(1, 3)},
		{units(1, 7), units(1, 4)},
	} {
		tree := NewTree()
		if err := tree.SetTotal(units(4*nodes, 14*nodes)); err != nil {
			t.Fatal(err)
		}
		demands, tasks := map[Node]Vector{}, map[string]int{}
		for name, d := range map[string]Vector{"J1": c.j1, "J2": c.j2} {
			n, err := tree.AddFramework(Root, name)
			if err != nil {
				t.Fatal(err)
			}
			tree.Activate(n)
			demands[n] = d
		}
		for range nodes {
			cpus, mem := 4*Unit, 14*Unit
			for cpus >= max(c.j1[CPUs], c.j2[CPUs]) && mem >= max(c.j1[Mem], c.j2[Mem]) {
				n, _ := tree.Next()
				tree.Charge(n, demands[n])
				cpus, mem = cpus-demands[n][CPUs], mem-demands[n][Mem]
				tasks[tree.Name(n)]++
			}
		}
		want := []map[string]int{{"J1": 48, "J2": 135}, {"J1": 48, "J2": 94}, {"J1": 35, "J2": 61}}[phase]
		if tasks["J1"] != want["J1"] || tasks["J2"] != want["J2"] {
			t.Errorf("phase %d: got %v, want %v", phase+1, tasks, want)
		}
	}
}
