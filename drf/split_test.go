package drf

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawCompany draws roles with frameworks, and what the tasks of each want, as paths
// such as r1/f0. Tasks are small: the cluster holds at least 100 of each.
func drawCompany(t *rapid.T) map[string]Vector {
	tasks := map[string]Vector{}
	kinds := []Kind{CPUs, Mem, GPUs}
	for r := range rapid.IntRange(2, 4).Draw(t, "roles") {
		for f := range rapid.IntRange(1, 3).Draw(t, "frameworks") {
			var task Vector
			for range 2 {
				k := rapid.SampledFrom(kinds).Draw(t, "resource")
				task[k] = Amount(rapid.IntRange(1, 3).Draw(t, "amount")) * Unit
			}
			tasks[fmt.Sprintf("r%d/f%d", r, f)] = task
		}
	}
	return tasks
}

func companyTotal() Vector { return Vector{CPUs: 300 * Unit, Mem: 400 * Unit, GPUs: 350 * Unit} }

func telling(t *rapid.T, policy Policy, tasks map[string]Vector) *story {
	s := newStory(policy)
	s.tasks = tasks
	if err := s.tree.SetTotal(companyTotal()); err != nil {
		t.Fatal(err)
	}
	for _, path := range slices.Sorted(maps.Keys(tasks)) {
		if err := s.add(path); err != nil {
			t.Fatal(err)
		}
		task := tasks[path]
		s.tree.SetWants(s.nodes[path], &task)
	}
	return s
}

// splitRole divides the frameworks of r0 into many, far more than there is room
// for, that want the same.
func splitRole(t *rapid.T, tasks map[string]Vector) map[string]Vector {
	split := maps.Clone(tasks)
	for _, path := range slices.Sorted(maps.Keys(tasks)) {
		if strings.HasPrefix(path, "r0/") {
			for i := range rapid.IntRange(100, 200).Draw(t, "parts") {
				split[fmt.Sprintf("%s-%d", path, i)] = tasks[path]
			}
		}
	}
	return split
}

// TestSplittingARoleDoesNotPay: however many frameworks a role has, each other
// one has its part of the cluster, but for rounding to whole tasks: with n roles
// a dominant share of 1/n.
func TestSplittingARoleDoesNotPay(t *testing.T) {
	for name, policy := range map[string]func() Policy{"drf": DRF, "hdrf": HDRF} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				s := telling(t, policy(), splitRole(t, drawCompany(t)))
				s.fill(false, true)
				expectParts(t, s)
			})
		})
	}
}

// TestSplittingARoleDoesNotPayLater is the same after tasks ended and started.
// All want CPUs: else those of a role may have ended while somebody keeps, until
// its own end, what they need beside them.
func TestSplittingARoleDoesNotPayLater(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tasks := drawCompany(t)
		for path, task := range tasks {
			tasks[path] = Vector{CPUs: max(task[CPUs], Unit)}
		}
		s := telling(t, HDRF(), splitRole(t, tasks))
		s.fill(false, true)
		if err := s.churn("3"); err != nil {
			t.Fatal(err)
		}
		expectParts(t, s)
	})
}

func expectParts(t *rapid.T, s *story) {
	roles := s.tree.Children(Root)
	due := ratio(int64(1), int64(len(roles)))
	for _, r := range roles {
		share, _ := s.tree.Share(r)
		if sub(due, exact(share)).Cmp(ratio(int64(1), 20)) > 0 {
			t.Fatalf("%s has %v of the cluster, one of %d roles; tasks %v", s.tree.Path(r), share, len(roles), s.tasks)
		}
	}
}
