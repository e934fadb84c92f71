package drf

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// division is a fair division as the papers state them: tasks without end in a
// tree of roles, and how many each framework has in the end. A framework is
// named with the roles above it, and so is a role.
type division struct {
	name    string
	total   Vector
	tasks   map[string]Vector
	weights map[string]Amount
	want    map[string]string // tasks, as fractions
}

// endless is a demand for far more tasks than fit.
func endless(task Vector) Vector { return task.Times(1_000_000) }

func units(amounts ...float64) Vector {
	var v Vector
	for k, a := range amounts {
		v[k] = Amount(a * float64(Unit))
	}
	return v
}

// claimsOf lists the claims of a division, and their names.
func (d division) claimsOf() (claims []Claim, names []string) {
	index := map[string]int{}
	var claim func(path string) int
	claim = func(path string) int {
		if i, ok := index[path]; ok {
			return i
		}
		c := Claim{Parent: -1, Demand: endless(d.tasks[path])}
		if cut := strings.LastIndex(path, "/"); cut >= 0 {
			c.Parent = claim(path[:cut])
		}
		if w, ok := d.weights[path]; ok {
			c.Weight, _ = NewWeight(w * Unit)
		}
		index[path], claims, names = len(claims), append(claims, c), append(names, path)
		return index[path]
	}
	for _, path := range slices.Sorted(maps.Keys(d.tasks)) {
		claim(path)
	}
	return claims, names
}

// wantVector is a number of tasks, rounded down to thousandths of resources.
func wantVector(t *testing.T, tasks string, task Vector) (v Vector) {
	n, ok := new(big.Rat).SetString(tasks)
	if !ok {
		t.Fatalf("%q is no fraction", tasks)
	}
	for k, a := range task {
		exact := new(big.Rat).Mul(n, big.NewRat(int64(a), 1))
		v[k] = Amount(new(big.Int).Quo(exact.Num(), exact.Denom()).Int64())
	}
	return v
}

func (d division) check(t *testing.T) {
	claims, names := d.claimsOf()
	for i, got := range FairShares(d.total, claims) {
		tasks, ok := d.want[names[i]]
		if !ok {
			continue
		}
		if want := wantVector(t, tasks, d.tasks[names[i]]); got != want {
			t.Errorf("%s is entitled to %v; want %s tasks, %v", names[i], got, tasks, want)
		}
	}
}

// TestFairSharesOfOneLevel holds the fluid fair shares, to the thousandth, against
// those of the papers (NSDI 2011 but where it says otherwise), or computed from
// their definition.
func TestFairSharesOfOneLevel(t *testing.T) {
	type tasks = map[string]Vector
	type want = map[string]string
	ab := tasks{"A": units(1, 4), "B": units(3, 1)}
	small, large := units(1, .5), units(2, 2)
	for _, d := range []division{
		{"G02: section 4.1, continuous", units(9, 18), ab, nil, want{"A": "3", "B": "2"}},
		{"G06: Theorem 1", units(30, 30), tasks{"1": units(1, 3), "2": units(1, 1)}, nil, want{"1": "5", "2": "15"}},
		{"G07: Theorem 2", units(21, 21), tasks{"1": units(3, 2), "2": units(4, 1)}, nil, want{"1": "7/2", "2": "21/8"}},
		{"G08: Theorem 3", units(77, 77), tasks{"A": units(4, 2), "B": units(1, 1)}, nil, want{"A": "77/8", "B": "77/2"}},
		{"G08: twice the second", units(77, 154), tasks{"A": units(4, 2), "B": units(1, 1)}, nil, want{"A": "77/8", "B": "77/2"}},
		{"G09: Theorem 4", units(100, 100), tasks{"1": units(16, 1), "2": units(1, 2)}, nil, want{"1": "25/6", "2": "100/3"}},
		{"G09: user 1 lies", units(100, 100), tasks{"1": units(16, 8), "2": units(1, 2)}, nil, want{"1": "25/6", "2": "100/3"}},
		{"G10: Theorem 5", units(100, 100), tasks{"1": units(4, 1), "2": units(1, 16), "3": units(16, 1)}, nil, want{"1": "400/33", "2": "100/33", "3": "100/33"}},
		{"G10: user 3 leaves", units(100, 100), tasks{"1": units(4, 1), "2": units(1, 16)}, nil, want{"1": "20", "2": "5"}},
		{"G11: Theorem 6", units(12, 12), tasks{"A": units(2, 1), "B": units(1, 2)}, nil, want{"A": "4", "B": "4"}},
		{"G11: four times the second", units(12, 48), tasks{"A": units(2, 1), "B": units(1, 2)}, nil, want{"A": "3", "B": "6"}},
		{"G13: one resource saturates first", units(1, 1), tasks{"1": units(1, 0), "2": units(1, .5), "3": units(0, 1)}, nil, want{"1": "1/2", "2": "1/2", "3": "3/4"}},
		{"G14: demands of nothing", units(12, 12), tasks{"1": units(0, 1), "2": units(2, 1), "3": units(1, 0)}, nil, want{"1": "9", "2": "3", "3": "6"}},
		{"G14: user 3 leaves", units(12, 12), tasks{"1": units(0, 1), "2": units(2, 1)}, nil, want{"1": "8", "2": "4"}},
		{"G15: dovetailing", units(100, 100), tasks{"1": units(3, 2), "2": units(2, 3)}, nil, want{"1": "20", "2": "20"}},
		{"G18: A of weight 2", units(9, 18), ab, map[string]Amount{"A": 2}, want{"A": "54/13", "B": "18/13"}},
		{"G20: B of weight 2", units(9, 18), ab, map[string]Amount{"B": 2}, want{"A": "9/5", "B": "12/5"}},
		{"G23: section 7.1, pooled", units(192, 672), tasks{"1": units(1, 10), "2": units(1, 1)}, nil, want{"1": "448/9", "2": "1280/9"}},
		{"G24: the second phase", units(192, 672), tasks{"1": units(2, 4), "2": units(1, 3)}, nil, want{"1": "48", "2": "96"}},
		{"G25: the third phase", units(192, 672), tasks{"1": units(1, 7), "2": units(1, 4)}, nil, want{"1": "48", "2": "84"}},
		{"G27: section 7.2", units(384, 288), tasks{"s1": small, "s2": small, "s3": small, "s4": small, "l1": large, "l2": large, "l3": large, "l4": large},
			nil, want{"s1": "384/7", "s4": "384/7", "l1": "144/7", "l4": "144/7"}},
	} {
		t.Run(d.name, d.check)
	}
}

// TestManyShareOneResource is G12: of ten users one wants the first resource, and
// it does not pay to ask for both.
func TestManyShareOneResource(t *testing.T) {
	tasks := map[string]Vector{"u1": units(1, 0)}
	for i := 2; i <= 10; i++ {
		tasks[fmt.Sprintf("u%d", i)] = units(0, 1)
	}
	d := division{"G12: appendix A.2", units(90, 90), tasks, nil, map[string]string{"u1": "90", "u2": "10", "u10": "10"}}
	t.Run(d.name, d.check)
	tasks["u1"] = units(1, 1)
	d = division{"G12: u1 lies", units(90, 90), tasks, nil, map[string]string{"u1": "9", "u2": "9", "u10": "9"}}
	t.Run(d.name, d.check)
}

// TestFairSharesOfTrees holds those of nested roles against the paper on
// hierarchical DRF (SoCC 2013).
func TestFairSharesOfTrees(t *testing.T) {
	type tasks = map[string]Vector
	type want = map[string]string
	cpu, gpu, both := units(1, 0), units(0, 1), units(1, 1)
	figure6 := tasks{"n1/n11": units(3, 2), "n2/n21": units(1, 1), "n2/n22": units(1, 3)}
	for _, d := range []division{
		{"G32, G34: Figure 4", units(10, 10), tasks{"n1/n11": cpu, "n2/n21": cpu, "n2/n22": gpu}, nil, want{"n1/n11": "5", "n2/n21": "5", "n2/n22": "10"}},
		{"G35: the hierarchy collapsed", units(12, 12), tasks{"n11": both, "n21": cpu, "n22": gpu}, map[string]Amount{"n11": 2}, want{"n11": "8", "n21": "4", "n22": "4"}},
		{"G36: n11 wants both", units(10, 10), tasks{"n1/n11": both, "n2/n21": cpu, "n2/n22": gpu}, nil, want{"n1/n11": "5", "n2/n21": "5", "n2/n22": "5"}},
		{"G37: one resource", units(12), tasks{"n1/n11": cpu, "n2/n21": cpu, "n2/n22": cpu}, nil, want{"n1/n11": "6", "n2/n21": "3", "n2/n22": "3"}},
		{"G38: Figure 5", units(30, 30), tasks{"n1/n11": cpu, "n2/n21": cpu, "n3/n31": cpu, "n3/n32": gpu, "n4/n41": gpu}, nil,
			want{"n1/n11": "10", "n2/n21": "10", "n3/n31": "10", "n3/n32": "15", "n4/n41": "15"}},
		{"G41: section 5.1, Figure 9", units(784, 196, 196), tasks{"n1/n11": units(1, 1, 0), "n1/n12": units(1, 0, 1), "n2/n21": units(1, 1, 0), "n2/n22": units(1, 1, 0)},
			map[string]Amount{"n1": 4}, want{"n1/n11": "784/5", "n1/n12": "196", "n2/n21": "98/5", "n2/n22": "98/5"}},
		{"G41: n11 is gone", units(784, 196, 196), tasks{"n1/n12": units(1, 0, 1), "n2/n21": units(1, 1, 0), "n2/n22": units(1, 1, 0)},
			map[string]Amount{"n1": 4}, want{"n1/n12": "196", "n2/n21": "98", "n2/n22": "98"}},
		{"G42: Figure 6", units(900, 900), figure6, nil, want{"n1/n11": "180", "n2/n21": "270", "n2/n22": "90"}},
		{"G42: Figure 7, without n22", units(900, 900), tasks{"n1/n11": units(3, 2), "n2/n21": units(1, 1)}, nil, want{"n1/n11": "150", "n2/n21": "450"}},
		{"G43: section 2.1", units(480), tasks{"n1/n11": cpu, "n2/n21": cpu, "n2/n22": cpu, "n2/n23": cpu}, map[string]Amount{"n2/n22": 2, "n2/n23": 2},
			want{"n1/n11": "240", "n2/n21": "48", "n2/n22": "96", "n2/n23": "96"}},
		{"G43: without n23", units(480), tasks{"n1/n11": cpu, "n2/n21": cpu, "n2/n22": cpu}, map[string]Amount{"n2/n22": 2},
			want{"n1/n11": "240", "n2/n21": "80", "n2/n22": "160"}},
		{"a framework beside roles", units(12), tasks{"a/b/c": cpu, "a/d": cpu, "e": cpu}, nil, want{"a/b/c": "3", "a/d": "3", "e": "6"}},
	} {
		t.Run(d.name, d.check)
	}
}

// TestFairSharesOfWhoWantsLittle gives what some do not want to the others.
func TestFairSharesOfWhoWantsLittle(t *testing.T) {
	got := FairShares(units(12, 12), []Claim{
		{Parent: -1},
		{Parent: 0, Demand: units(1)},
		{Parent: 0, Demand: units(20)},
		{Parent: -1, Demand: units(2, 2)},
		{Parent: -1, Demand: Vector{}},
		{Parent: -1, Demand: Vector{GPUs: Unit, CPUs: Unit}}, // there are none
	})
	for i, want := range []Vector{units(10), units(1), units(9), units(2, 2), {}, {}} {
		if got[i] != want {
			t.Errorf("claim %d is entitled to %v, want %v", i, got[i], want)
		}
	}
}

// TestGuaranteesAndLimits grants what is promised first, nothing beyond a limit,
// and nothing that is kept for promises.
func TestGuaranteesAndLimits(t *testing.T) {
	for _, c := range []struct {
		name   string
		total  Vector
		claims []Claim
		want   []Vector
	}{
		{"a guarantee above the fair share, and a limit", units(8), []Claim{
			{Parent: -1, Guarantee: units(5)}, {Parent: 0, Demand: units(100)},
			{Parent: -1, Limit: &Vector{CPUs: Unit}}, {Parent: 2, Demand: units(100)},
			{Parent: -1, Demand: units(100)},
		}, []Vector{units(5), units(5), units(1), units(1), units(2)}},
		{"a guarantee below the fair share", units(9), []Claim{
			{Parent: -1, Guarantee: units(1)}, {Parent: 0, Demand: units(100)},
			{Parent: -1, Demand: units(100)}, {Parent: -1, Demand: units(100)},
		}, []Vector{units(3), units(3), units(3), units(3)}},
		{"what is kept for a role that does not want it", units(8), []Claim{
			{Parent: -1, Guarantee: units(5)}, {Parent: 0, Demand: units(1)},
			{Parent: -1, Demand: units(100)},
		}, []Vector{units(1), units(1), units(3)}},
		{"a guarantee of one of two resources", units(8, 8), []Claim{
			{Parent: -1, Guarantee: units(6)}, {Parent: 0, Demand: units(100, 50)},
			{Parent: -1, Demand: units(50, 100)},
		}, []Vector{units(6, 3), units(6, 3), units(2, 4)}},
		{"more of what is kept for the role itself", units(8, 8), []Claim{
			{Parent: -1, Guarantee: units(2, 6)}, {Parent: 0, Demand: units(100, 100)},
			{Parent: -1, Demand: units(0, 100)},
		}, []Vector{units(6, 6), units(6, 6), units(0, 2)}},
		{"nested guarantees, the inner one met last", units(12), []Claim{
			{Parent: -1, Guarantee: units(8)}, {Parent: 0, Guarantee: units(6)}, {Parent: 1, Demand: units(100)},
			{Parent: 0, Demand: units(100)}, {Parent: -1, Demand: units(100)},
		}, []Vector{units(10), units(6), units(6), units(4), units(2)}},
		{"promises beyond what there is", units(4, 8), []Claim{
			{Parent: -1, Guarantee: units(3)}, {Parent: 0, Demand: units(100)},
			{Parent: -1, Guarantee: units(3)}, {Parent: 2, Demand: units(100)},
			{Parent: -1, Demand: units(0, 100)}, {Parent: -1, Demand: units(100, 100)},
		}, []Vector{units(2), units(2), units(2), units(2), units(0, 8), {}}},
		{"a limit for two, of different demands", units(10, 10), []Claim{
			{Parent: -1, Limit: &Vector{Mem: 10 * Unit, CPUs: 4 * Unit}}, {Parent: 0, Demand: units(100)}, {Parent: 0, Demand: units(0, 100)},
			{Parent: -1, Demand: units(100, 100)},
		}, []Vector{units(4, 5), units(4), units(0, 5), units(5, 5)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for i, got := range FairShares(c.total, c.claims) {
				if got != c.want[i] {
					t.Errorf("claim %d is entitled to %v, want %v", i, got, c.want[i])
				}
			}
		})
	}
}

// TestFairSharesAgreeWithFilling holds the fair shares of random users against
// progressive filling in exact fractions.
func TestFairSharesAgreeWithFilling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := drawTotal(t)
		users := drawUsers(t, total)
		for i := range users { // some want nothing of the first resource
			if rapid.Bool().Draw(t, "none") {
				users[i].task[0] = 0
			}
		}
		var claims []Claim
		for _, u := range users {
			w, _ := NewWeight(u.weight)
			claims = append(claims, Claim{Parent: -1, Weight: w, Demand: endless(u.task)})
		}
		exact := fluid(total, users)
		for i, got := range FairShares(total, claims) {
			for k, a := range users[i].task {
				n := new(big.Rat).Mul(exact[i], big.NewRat(int64(a), 1))
				if want := new(big.Int).Quo(n.Num(), n.Denom()); want.Int64() != int64(got[k]) {
					t.Fatalf("user %d is entitled to %v; exactly it is %v tasks of %v", i, got, exact[i], users[i].task)
				}
			}
		}
	})
}

// TestHDRFComesToFairShares fills trees of random roles with small tasks under
// H-DRF: everybody ends near the fair share. Tasks hold one unit of some
// resources, so that nothing is left over that somebody could not use.
func TestHDRFComesToFairShares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := Vector{600, 800, 1000}
		tree, leaves, claims := drawClaims(t, total)
		fillLeaves(tree, leaves, claims)
		fair := FairShares(total, claims)
		for n, l := range leaves {
			held := tree.Allocated(n)
			for k := range total[:3] {
				if off := held[k] - fair[l.claim][k]; off < -12 || off > 12 {
					t.Fatalf("%s holds %v; fair are %v", tree.Path(n), held, fair[l.claim])
				}
			}
		}
	})
}

// fillLeaves serves whoever is next until nobody's task fits.
func fillLeaves(tree *Tree, leaves map[Node]drawnLeaf, claims []Claim) {
	for n, l := range leaves {
		tree.Activate(n)
		tree.SetWants(n, &l.task)
	}
	for {
		free, _ := tree.Total().Sub(tree.Allocated(Root))
		for n, l := range leaves {
			if held := tree.Allocated(n); held == claims[l.claim].Demand || !l.task.FitsIn(free) {
				tree.Deactivate(n)
			}
		}
		n, ok := tree.Next()
		if !ok {
			return
		}
		tree.Charge(n, leaves[n].task)
	}
}

// TestHDRFReturnsToFairShares: whoever comes later comes near the fair share too once
// a tenth of what everybody runs has ended often enough, and nobody is starved. The
// naive walk fails this. Mostly near is all of it, but see
// TestHDRFMaySettleBelowFairShares; half of it is what is asserted.
func TestHDRFReturnsToFairShares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := Vector{600, 800, 1000}
		tree, all, claims := drawClaims(t, total)
		early := map[Node]drawnLeaf{}
		for _, n := range slices.Sorted(maps.Keys(all)) {
			tree.Deactivate(n)
			if rapid.Bool().Draw(t, "early") {
				early[n] = all[n]
			}
		}
		fillLeaves(tree, early, claims)
		refillLeaves(tree, all, claims)
		fair := FairShares(total, claims)
		for n, l := range all {
			held := tree.Allocated(n)
			for k := range total[:3] {
				if held[k]+12 < fair[l.claim][k]/2 {
					t.Fatalf("%s holds %v; fair are %v", tree.Path(n), held, fair[l.claim])
				}
			}
		}
	})
}

// refillLeaves lets a tenth of what everybody runs end, again and again.
func refillLeaves(tree *Tree, all map[Node]drawnLeaf, claims []Claim) {
	for range 60 {
		for n, l := range all {
			for range tree.Running(n) / 10 {
				tree.Refund(n, l.task)
				tree.Finish(n)
			}
		}
		fillLeaves(tree, all, claims)
	}
}

// TestHDRFMaySettleBelowFairShares: the dynamic algorithm is not the static one. In a
// tree in which a/b/f1 gets all that it asks for, and counts in full only when it has,
// a/f3 comes to rest an eighth below its fair share, however small the tasks are.
func TestHDRFMaySettleBelowFairShares(t *testing.T) {
	tree, all := NewTreeOf(HDRF()), map[Node]drawnLeaf{}
	total := Vector{600, 800, 1000}
	if err := tree.SetTotal(total); err != nil {
		t.Fatal(err)
	}
	var claims []Claim
	index := map[Node]int{Root: -1}
	put := func(n Node, weight Amount) {
		if err := tree.SetWeight(n, weight*Unit); err != nil {
			t.Fatal(err)
		}
		index[n] = len(claims)
		claims = append(claims, Claim{Parent: index[tree.Parent(n)], Weight: tree.Weight(n)})
	}
	for _, role := range []struct {
		path   string
		weight Amount
	}{{"a", 2}, {"a/b", 1}, {"b", 1}, {"b/a", 1}, {"c", 2}} {
		n, _ := tree.AddRole(role.path)
		put(n, role.weight)
	}
	var short Node
	for _, f := range []struct {
		role, name string
		weight     Amount
		task       Vector
		tasks      int64
	}{
		{"b", "f0", 1, Vector{0, 0, 1}, 300}, {"a/b", "f1", 2, Vector{1, 0, 1}, 100}, {"b/a", "f2", 1, Vector{1, 0, 1}, 2000},
		{"a/b", "f4", 1, Vector{1, 1, 0}, 2000}, {"c", "f5", 3, Vector{0, 0, 1}, 2000}, {"a", "f3", 1, Vector{0, 1, 1}, 300},
	} {
		role, _ := tree.Lookup(f.role)
		short, _ = tree.AddFramework(role, f.name)
		put(short, f.weight)
		all[short] = drawnLeaf{index[short], f.task}
		claims[index[short]].Demand = f.task.Times(f.tasks)
	}
	fair := FairShares(total, claims)[index[short]][2]
	fillLeaves(tree, all, claims)
	before := tree.Allocated(short)[2]
	refillLeaves(tree, all, claims)
	if after := tree.Allocated(short)[2]; before != 254 || fair != 254 || after != 226 {
		t.Errorf("a/f3 holds %d when the cluster is filled, and %d in the end; fair are %d; want 254, 226 and 254", before, after, fair)
	}
}

// drawnLeaf is a framework of drawClaims.
type drawnLeaf struct {
	claim int
	task  Vector
}

// drawClaims draws roles, roles below some of them, and frameworks, all active.
func drawClaims(t *rapid.T, total Vector) (*Tree, map[Node]drawnLeaf, []Claim) {
	tree, leaves := NewTreeOf(HDRF()), map[Node]drawnLeaf{}
	if err := tree.SetTotal(total); err != nil {
		t.Fatal(err)
	}
	var claims []Claim
	index := map[Node]int{Root: -1}
	put := func(n Node) {
		w := Amount(rapid.SampledFrom([]int64{1, 1, 2, 3}).Draw(t, "weight")) * Unit
		if err := tree.SetWeight(n, w); err != nil {
			t.Fatal(err)
		}
		index[n] = len(claims)
		claims = append(claims, Claim{Parent: index[tree.Parent(n)], Weight: tree.Weight(n)})
	}
	roles := []Node{}
	for _, path := range []string{"a", "a/a", "a/b", "b", "b/a", "c"}[:rapid.IntRange(1, 6).Draw(t, "roles")] {
		n, _ := tree.AddRole(path)
		roles = append(roles, n)
		put(n)
	}
	for i := range rapid.IntRange(2, 9).Draw(t, "frameworks") {
		n, _ := tree.AddFramework(rapid.SampledFrom(roles).Draw(t, "role"), fmt.Sprint("f", i))
		put(n)
		var task Vector
		for task.IsZero() {
			for k := range 3 {
				task[k] = Amount(rapid.Int64Range(0, 1).Draw(t, "demand"))
			}
		}
		demand := task.Times(rapid.SampledFrom([]int64{100, 300, 2000}).Draw(t, "tasks"))
		leaves[n], claims[index[n]].Demand = drawnLeaf{index[n], task}, demand
		tree.Activate(n)
	}
	return tree, leaves, claims
}
