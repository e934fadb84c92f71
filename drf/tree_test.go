package drf

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// newTree is a tree over 100 CPUs and 100 MB with active frameworks.
func newTree(tb rapid.TB, paths ...string) (*Tree, map[string]Node) {
	tb.Helper()
	s := story{tree: NewTree(), nodes: map[string]Node{}}
	if err := s.tree.SetTotal(Vector{CPUs: 100 * Unit, Mem: 100 * Unit}); err != nil {
		tb.Fatal(err)
	}
	for _, path := range paths {
		if err := s.add(path); err != nil {
			tb.Fatal(err)
		}
	}
	return s.tree, s.nodes
}

func TestRolesAreMadeOnceWithTheirParents(t *testing.T) {
	tree := NewTree()
	dev, err := tree.AddRole("eng/dev")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := tree.AddRole("eng/dev"); err != nil || again != dev {
		t.Errorf("AddRole a second time = %d, %v; want %d", again, err, dev)
	}
	eng, ok := tree.Lookup("eng")
	if !ok || tree.Parent(dev) != eng || tree.Parent(eng) != Root || tree.Parent(Root) != Root {
		t.Errorf("eng/dev does not stand below eng below the root")
	}
	if tree.Name(dev) != "dev" || tree.Path(dev) != "eng/dev" || tree.IsFramework(dev) {
		t.Errorf("eng/dev is called %q, path %q, framework %v", tree.Name(dev), tree.Path(dev), tree.IsFramework(dev))
	}
	if _, ok := tree.Lookup("eng/ops"); ok {
		t.Error("Lookup finds a role that nobody added")
	}
}

func TestBadRolesLeaveTheTreeAlone(t *testing.T) {
	tree, _ := newTree(t, "eng/spark")
	for _, path := range []string{"", "/", "ops//x", "/ops", "ops/"} {
		if _, err := tree.AddRole(path); err == nil || !strings.Contains(err.Error(), "empty component") {
			t.Errorf("AddRole(%q): %v; want an empty component refused", path, err)
		}
	}
	for _, path := range []string{"eng/spark", "eng/spark/x"} {
		if _, err := tree.AddRole(path); !errors.Is(err, ErrExists) {
			t.Errorf("AddRole(%q): %v; want ErrExists, as spark is a framework", path, err)
		}
	}
	if got := len(tree.Children(Root)); got != 1 {
		t.Errorf("%d roles after the refusals; want eng alone", got)
	}
}

func TestFrameworkNamesAreUniqueInTheirRole(t *testing.T) {
	tree, nodes := newTree(t, "eng/spark", "ops/spark", "eng/dev/x")
	eng, _ := tree.Lookup("eng")
	for _, name := range []string{"spark", "dev"} {
		if _, err := tree.AddFramework(eng, name); !errors.Is(err, ErrExists) {
			t.Errorf("AddFramework(eng, %q): %v; want ErrExists", name, err)
		}
	}
	if _, err := tree.AddFramework(nodes["eng/spark"], "x"); !errors.Is(err, ErrExists) {
		t.Errorf("AddFramework below a framework: %v; want ErrExists", err)
	}
}

func TestChildrenAreInOrderOfName(t *testing.T) {
	tree, nodes := newTree(t, "c", "a", "d", "b")
	if err := tree.Remove(nodes["c"]); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, n := range tree.Children(Root) {
		names = append(names, tree.Name(n))
	}
	if want := []string{"a", "b", "d"}; !slices.Equal(names, want) {
		t.Errorf("Children = %v; want %v", names, want)
	}
}

func TestRemoveTakesWhatIsHeldOffTheBooksAbove(t *testing.T) {
	tree, nodes := newTree(t, "eng/a", "eng/b")
	eng, _ := tree.Lookup("eng")
	tree.Charge(nodes["eng/a"], Vector{CPUs: 7})
	tree.Charge(nodes["eng/b"], Vector{CPUs: 5})
	if err := tree.Remove(eng); !errors.Is(err, ErrInUse) {
		t.Errorf("Remove of a role with children: %v; want ErrInUse", err)
	}
	if err := tree.Remove(nodes["eng/a"]); err != nil {
		t.Fatal(err)
	}
	for _, n := range []Node{Root, eng} {
		if got, want := tree.Allocated(n), (Vector{CPUs: 5}); got != want {
			t.Errorf("%q holds %v after the removal; want %v", tree.Path(n), got, want)
		}
	}
	if next, ok := tree.Next(); !ok || next != nodes["eng/b"] {
		t.Errorf("Next = %d, %v; want eng/b", next, ok)
	}
}

func TestARemovedNodeIsUsedAgainClean(t *testing.T) {
	tree, nodes := newTree(t, "a")
	old := nodes["a"]
	tree.Charge(old, Vector{CPUs: 50 * Unit})
	if err := tree.SetWeight(old, 3*Unit); err != nil {
		t.Fatal(err)
	}
	if err := tree.Remove(old); err != nil {
		t.Fatal(err)
	}
	n, err := tree.AddFramework(Root, "b")
	if err != nil || n != old {
		t.Fatalf("AddFramework = %d, %v; want the free node %d", n, err, old)
	}
	share, _ := tree.Share(n)
	if tree.Active(n) || tree.Placements(n) != 0 || tree.Weight(n) != One || share.Num != 0 || !tree.Allocated(n).IsZero() {
		t.Error("the new framework has something of the old one")
	}
}

func TestNobodyIsNextInAnEmptyTree(t *testing.T) {
	tree, nodes := newTree(t, "eng/dev/a")
	tree.Deactivate(nodes["eng/dev/a"])
	tree.Deactivate(nodes["eng/dev/a"]) // a second time changes nothing
	for _, tr := range []*Tree{tree, NewTree()} {
		if n, ok := tr.Next(); ok {
			t.Errorf("Next = %d; want nobody", n)
		}
		if got := tr.Sorted(); len(got) != 0 {
			t.Errorf("Sorted = %v; want nobody", got)
		}
	}
}

func TestASiblingThatWantsKeepsItsRoleInTheQueue(t *testing.T) {
	tree, nodes := newTree(t, "eng/a", "eng/b", "ops/c")
	tree.Charge(nodes["ops/c"], Vector{CPUs: Unit})
	tree.Deactivate(nodes["eng/a"])
	if next, _ := tree.Next(); next != nodes["eng/b"] {
		t.Errorf("Next = %s; want eng/b", tree.Path(next))
	}
}

func TestAResourceWithoutTotalCountsInNoShare(t *testing.T) {
	tree, nodes := newTree(t, "a")
	tree.Charge(nodes["a"], Vector{CPUs: 10 * Unit, GPUs: 5 * Unit})
	if share, kind := tree.Share(nodes["a"]); share.String() != "1/10" || kind != CPUs {
		t.Errorf("share = %v of %d without GPUs in the total; want 1/10 of the CPUs", share, kind)
	}
	if err := tree.SetTotal(Vector{CPUs: 100 * Unit, GPUs: 10 * Unit}); err != nil {
		t.Fatal(err)
	}
	if share, kind := tree.Share(nodes["a"]); share.String() != "1/2" || kind != GPUs {
		t.Errorf("share = %v of %d with 10 GPUs in the total; want 1/2 of the GPUs", share, kind)
	}
}

func TestSetTotalRefusesNegativeAmounts(t *testing.T) {
	tree, _ := newTree(t)
	before := tree.Total()
	if err := tree.SetTotal(Vector{CPUs: Unit, Mem: -1}); !errors.Is(err, ErrTotal) {
		t.Errorf("SetTotal: %v; want ErrTotal", err)
	}
	if tree.Total() != before {
		t.Error("a refused total was taken")
	}
}

func TestSetWeightRefusesBadWeights(t *testing.T) {
	tree, nodes := newTree(t, "eng/a")
	err := tree.SetWeight(nodes["eng/a"], 0)
	if !errors.Is(err, ErrWeight) || !strings.Contains(err.Error(), "eng/a") {
		t.Errorf("SetWeight to 0: %v; want an ErrWeight that names eng/a", err)
	}
	if tree.Weight(nodes["eng/a"]) != One {
		t.Error("a refused weight was taken")
	}
}

func TestRefundOfMoreThanIsHeldPanicsWithTheNumbers(t *testing.T) {
	tree, nodes := newTree(t, "eng/a")
	tree.Charge(nodes["eng/a"], Vector{CPUs: 3})
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, "eng/a") {
			t.Errorf("panic = %q; want one that names eng/a", got)
		}
	}()
	tree.Refund(nodes["eng/a"], Vector{CPUs: 4})
}

// TestTheQueueStaysInOrderWhoeverLeaves looks into the heap of a role, which
// must hold no child before its parent after each change.
func TestTheQueueStaysInOrderWhoeverLeaves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree, _ := newTree(t)
		for i := range 40 {
			n, err := tree.AddFramework(Root, fmt.Sprint(i))
			if err != nil {
				t.Fatal(err)
			}
			tree.Activate(n)
			tree.Charge(n, Vector{CPUs: Amount(rapid.Int64Range(0, 1000).Draw(t, "share"))})
			inOrder(t, tree)
		}
		for _, n := range rapid.Permutation(tree.Children(Root)).Draw(t, "leaving") {
			tree.Deactivate(n)
			inOrder(t, tree)
		}
		if _, ok := tree.Next(); ok {
			t.Fatal("somebody is next when all have left")
		}
	})
}

func inOrder(t *rapid.T, tree *Tree) {
	t.Helper()
	queue := tree.nodes[Root].queue.items
	for i, n := range queue {
		if tree.compare(queue[max(i-1, 0)/2], n) > 0 {
			t.Fatalf("%s stands below %s", tree.Name(n), tree.Name(queue[max(i-1, 0)/2]))
		}
		if tree.nodes[n].queue.at != int32(i) {
			t.Fatalf("%s stands at %d and believes %d", tree.Name(n), i, tree.nodes[n].queue.at)
		}
	}
}

// TestScalingChangesNothing is a metamorphic relation: shares are relative, so
// ten times the cluster with ten times the tasks, or ten times every weight,
// decides the same.
func TestScalingChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		users := drawUsers(t, Vector{CPUs: 60, Mem: 90})
		plain := fill(t, Vector{CPUs: 60, Mem: 90}, users)
		scaled := slices.Clone(users)
		for i := range scaled {
			scaled[i].task = scaled[i].task.Times(10)
			scaled[i].weight *= 10
		}
		if got := fill(t, Vector{CPUs: 600, Mem: 900}, scaled); !slices.Equal(got.order, plain.order) {
			t.Fatalf("served %v; ten times everything serves %v", plain.order, got.order)
		}
	})
}
