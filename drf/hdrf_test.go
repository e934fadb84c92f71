package drf

import (
	"fmt"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// drawTree draws a company of one to four roles, each with one to three
// frameworks, and what the tasks of each want: one or two of three resources.
func drawTree(t *rapid.T) *story {
	s := newStory(HDRF())
	if err := s.tree.SetTotal(Vector{CPUs: 40 * Unit, Mem: 60 * Unit, GPUs: 24 * Unit}); err != nil {
		t.Fatal(err)
	}
	kinds := []Kind{CPUs, Mem, GPUs}
	for r := range rapid.IntRange(1, 4).Draw(t, "roles") {
		for f := range rapid.IntRange(1, 3).Draw(t, "frameworks") {
			path := fmt.Sprintf("r%d/f%d", r, f)
			var task Vector
			for range 2 {
				k := rapid.SampledFrom(kinds).Draw(t, "resource")
				task[k] = Amount(rapid.IntRange(1, 3).Draw(t, "amount")) * Unit
			}
			s.tasks[path] = task
			if err := s.add(path); err != nil {
				t.Fatal(err)
			}
			s.tree.SetWants(s.nodes[path], &task)
			if err := s.tree.SetWeight(s.nodes[path], Amount(rapid.IntRange(1, 3).Draw(t, "weight"))*Unit); err != nil {
				t.Fatal(err)
			}
		}
	}
	return s
}

// TestHDRFStarvesNobody: whatever the tree, and after any number of rounds in which
// tasks end and start, everybody who wants something runs something, or did a
// few rounds ago: where a role has room for fewer tasks than it has frameworks,
// they take turns. The naive walk fails this (testdata/scripts/hdrf.txt).
func TestHDRFStarvesNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawTree(t)
		s.fill(false, true)
		if err := s.churn("30"); err != nil {
			t.Fatal(err)
		}
		before := map[string]uint64{}
		for path, n := range s.nodes {
			before[path] = s.tree.Placements(n)
		}
		if err := s.churn("10"); err != nil {
			t.Fatal(err)
		}
		for path, n := range s.nodes {
			if s.tree.Running(n) == 0 && s.tree.Placements(n) == before[path] {
				t.Fatalf("%s runs nothing, and did not in ten rounds; tasks %v", path, s.tasks)
			}
		}
	})
}

// TestHDRFRunsAreEqual: the same history gives the same choices.
func TestHDRFRunsAreEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawTree(t)
		b := newStory(HDRF())
		b.tasks = a.tasks
		if err := b.tree.SetTotal(a.tree.Total()); err != nil {
			t.Fatal(err)
		}
		for _, path := range a.sortedPaths() {
			if err := b.add(path); err != nil {
				t.Fatal(err)
			}
			wants := b.tasks[path]
			b.tree.SetWants(b.nodes[path], &wants)
			if err := b.tree.SetWeight(b.nodes[path], a.tree.Weight(a.nodes[path]).Amount()); err != nil {
				t.Fatal(err)
			}
		}
		a.fill(false, false)
		b.fill(false, false)
		if a.out.String() != b.out.String() {
			t.Fatalf("one run:\n%s\nthe other:\n%s", a.out.String(), b.out.String())
		}
	})
}

// TestHDRFIsDRFWithoutRoles: between frameworks of one role both serve in the
// same order, task by task.
func TestHDRFIsDRFWithoutRoles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := drawTotal(t)
		users := drawUsers(t, total)
		order := func(policy Policy) string {
			s := newStory(policy)
			if err := s.tree.SetTotal(total); err != nil {
				t.Fatal(err)
			}
			for i, u := range users {
				path := fmt.Sprintf("*/u%d", i)
				s.tasks[path] = u.task
				if err := s.add(path); err != nil {
					t.Fatal(err)
				}
				if err := s.tree.SetWeight(s.nodes[path], u.weight); err != nil {
					t.Fatal(err)
				}
			}
			s.fill(false, false)
			return s.out.String()
		}
		if flat, deep := order(DRF()), order(HDRF()); flat != deep {
			t.Fatalf("drf:\n%shdrf:\n%s", flat, deep)
		}
	})
}

// TestHDRFGivesEachRoleItsPart is the hierarchical share guarantee (section
// 2.1, Theorem 2) for whole tasks: a role of weight w among demanding roles of
// weight W has a dominant share of w/W of the cluster, but for the rounding to
// its largest task and the largest of each of the others. All want CPUs most;
// so the dominant share is that of the CPUs.
func TestHDRFGivesEachRoleItsPart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newStory(HDRF())
		if err := s.tree.SetTotal(Vector{CPUs: 240 * Unit, Mem: 480 * Unit}); err != nil {
			t.Fatal(err)
		}
		weights := rapid.SliceOfN(rapid.Int64Range(1, 4), 2, 4).Draw(t, "weights")
		var sum int64
		for r, w := range weights {
			sum += w
			for f := range rapid.IntRange(1, 3).Draw(t, "frameworks") {
				path := fmt.Sprintf("r%d/f%d", r, f)
				s.tasks[path] = Vector{CPUs: Amount(rapid.IntRange(1, 3).Draw(t, "cpus")) * Unit, Mem: Unit}
				if err := s.add(path); err != nil {
					t.Fatal(err)
				}
			}
			role, _ := s.tree.Lookup(fmt.Sprintf("r%d", r))
			if err := s.tree.SetWeight(role, Amount(w)*Unit); err != nil {
				t.Fatal(err)
			}
		}
		s.fill(false, true)
		for r, w := range weights {
			role, _ := s.tree.Lookup(fmt.Sprintf("r%d", r))
			due := Amount(240*w/sum) * Unit
			slack := 3 * Amount(3*len(s.nodes)) * Unit
			if got := s.tree.Allocated(role)[CPUs]; got+slack < due {
				t.Fatalf("role %d of weights %v has %s CPUs; want %s but for %s; tasks %v", r, weights, got, due, slack, s.tasks)
			}
		}
	})
}

// TestHDRFRoundsNextToNothing holds the attributed shares against exact
// fractions, which nothing rounds, in trees three roles deep, for weights whose
// ratio, which multiplies what is rounded, is at most six.
func TestHDRFRoundsNextToNothing(t *testing.T) {
	near := big.NewRat(1, 1<<50)
	rapid.Check(t, func(t *rapid.T) {
		p := &twins{tree: NewTreeOf(HDRF()), naive: newNaive("hdrf")}
		p.put(Root, p.naive.root)
		total := Vector{CPUs: 7_000_001, Mem: 98_765_432_109, GPUs: 9_973}
		if err := p.tree.SetTotal(total); err != nil {
			t.Fatal(err)
		}
		p.naive.total = total
		for range 3 {
			p.addRole(t)
		}
		for range rapid.IntRange(4, 9).Draw(t, "frameworks") {
			i := len(p.fast)
			p.addFramework(t)
			p.chargeTo(t, i)
			p.tree.Activate(p.fast[i])
			p.slow[i].wants = rapid.Bool().Draw(t, "wants")
			if !p.slow[i].wants {
				p.tree.Deactivate(p.fast[i])
			}
			p.slow[i].weight = Amount(rapid.Int64Range(500, 3000).Draw(t, "weight"))
			if err := p.tree.SetWeight(p.fast[i], p.slow[i].weight); err != nil {
				t.Fatal(err)
			}
		}
		p.tree.Next()
		for i, n := range p.slow {
			at := p.tree.policy.(*hierarchical).nodes[p.fast[i]]
			if n.parent == nil || at.stale {
				continue
			}
			want := new(big.Rat).Quo(p.naive.attributed(n, false).share, ratio(n.weight, Unit))
			off := sub(want, exact(at.share))
			if off.Mul(off, ratio(n.weight, Unit)); off.Abs(off).Cmp(near) > 0 {
				t.Fatalf("%s counts with %v; exactly it is %v", n.path(), exact(at.share), want)
			}
		}
	})
}

// TestAttributedVector is the example of section 3.4: n21 holds half of the
// CPUs and n22 all GPUs, so n2 counts as holding half of each.
func TestAttributedVector(t *testing.T) {
	s := newStory(HDRF())
	tree := s.tree
	if err := tree.SetTotal(Vector{CPUs: 20 * Unit, GPUs: 20 * Unit}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"n1/n11", "n2/n21", "n2/n22"} {
		if err := s.add(path); err != nil {
			t.Fatal(err)
		}
	}
	tree.Charge(s.nodes["n2/n21"], Vector{CPUs: 10 * Unit})
	tree.Charge(s.nodes["n2/n22"], Vector{GPUs: 19 * Unit})
	tree.Next()
	n2, _ := tree.Lookup("n2")
	policy := tree.policy.(*hierarchical)
	for _, k := range []Kind{CPUs, GPUs} {
		if got := ratio(int64(policy.nodes[n2].held[k]), int64(policy.unit[k])); got.Cmp(big.NewRat(1, 2)) != 0 {
			t.Errorf("n2 counts with %v of resource %d; want 1/2", got, k)
		}
	}
}

// TestPoliciesFillAlike: whatever the order, no policy leaves room in which
// somebody's task would fit.
func TestPoliciesFillAlike(t *testing.T) {
	for name, policy := range policies() {
		s := newStory(policy)
		if err := s.tree.SetTotal(Vector{CPUs: 50 * Unit, Mem: 70 * Unit}); err != nil {
			t.Fatal(err)
		}
		for i, path := range []string{"a/x", "a/y", "b/z"} {
			s.tasks[path] = Vector{CPUs: Amount(1+i) * Unit, Mem: Amount(3-i) * Unit}
			if err := s.add(path); err != nil {
				t.Fatal(err)
			}
		}
		s.fill(false, true)
		for _, path := range s.sortedPaths() {
			if s.tasks[path].FitsIn(s.free()) {
				t.Errorf("%s: a task of %s would fit in %v", name, path, s.free())
			}
		}
	}
}
