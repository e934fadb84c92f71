package drf

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// naive is a second implementation of Tree, written to be obviously right: it
// stores what frameworks hold and computes everything else anew at each
// question, with math/big, recursion and linear scans.
type naive struct {
	total  Vector
	root   *naiveNode
	policy string
}

type naiveNode struct {
	name     string
	parent   *naiveNode
	children []*naiveNode
	leaf     bool
	weight   Amount
	held     Vector // leaves only
	placed   uint64
	running  int64  // leaves only
	arrival  uint64 // leaves only
	wants    bool   // leaves only
	asks     Vector // leaves only
	target   *big.Rat
	past     Vector // leaves only
}

func newNaive(policy string) *naive { return &naive{root: &naiveNode{weight: Unit}, policy: policy} }

func (n *naiveNode) add(name string, leaf bool) *naiveNode {
	c := &naiveNode{name: name, parent: n, leaf: leaf, weight: Unit}
	n.children = append(n.children, c)
	return c
}

func (n *naiveNode) remove() {
	n.parent.children = slices.DeleteFunc(n.parent.children, func(c *naiveNode) bool { return c == n })
}

func (n *naiveNode) charge(v Vector) {
	n.held = n.held.Add(v)
	n.running++
	for at := n; at != nil; at = at.parent {
		at.placed++
	}
}

func (n *naiveNode) allocated() Vector {
	sum := n.held
	for _, c := range n.children {
		sum = sum.Add(c.allocated())
	}
	return sum
}

// counts is allocated, with what was held lately.
func (n *naiveNode) counts() Vector {
	sum := n.held.Add(n.past)
	for _, c := range n.children {
		sum = sum.Add(c.counts())
	}
	return sum
}

func (n *naiveNode) active() bool {
	return n.wants || slices.ContainsFunc(n.children, (*naiveNode).active)
}

func (n *naiveNode) path() string {
	if n.parent == nil || n.parent.parent == nil {
		return n.name
	}
	return n.parent.path() + "/" + n.name
}

// share is the weighted dominant share of a node and its dominant resource.
func (m *naive) share(n *naiveNode) (*big.Rat, Kind) { return m.dominant(n, n.allocated()) }

func (m *naive) dominant(n *naiveNode, v Vector) (*big.Rat, Kind) {
	most, dominant := new(big.Rat), Kind(0)
	for k, a := range v {
		if m.total[k] == 0 {
			continue
		}
		if r := big.NewRat(int64(a), int64(m.total[k])); r.Cmp(most) > 0 {
			most, dominant = r, Kind(k)
		}
	}
	return most.Quo(most, big.NewRat(int64(n.weight), int64(Unit))), dominant
}

// sorted is the pre-order walk of the active frameworks below a node.
func (m *naive) sorted(n *naiveNode) []*naiveNode {
	if n.leaf {
		return []*naiveNode{n}
	}
	order := slices.DeleteFunc(slices.Clone(n.children), func(c *naiveNode) bool { return !c.active() })
	rank := map[*naiveNode]*big.Rat{}
	for _, c := range order {
		rank[c] = m.rank(c)
	}
	slices.SortFunc(order, func(a, b *naiveNode) int {
		return cmp.Or(rank[a].Cmp(rank[b]), cmp.Compare(a.placed, b.placed), strings.Compare(a.name, b.name))
	})
	var leaves []*naiveNode
	for _, c := range order {
		leaves = append(leaves, m.sorted(c)...)
	}
	return leaves
}

// twins runs the same operations on both implementations. Nodes are kept in
// slices with the same index for both.
type twins struct {
	tree   *Tree
	naive  *naive
	fast   []Node
	slow   []*naiveNode
	number int // of names made so far
}

func (p *twins) put(n Node, m *naiveNode) {
	p.fast, p.slow = append(p.fast, n), append(p.slow, m)
}

func (p *twins) drop(i int) {
	p.fast, p.slow = slices.Delete(p.fast, i, i+1), slices.Delete(p.slow, i, i+1)
}

// draw picks a node that meets a condition, or none if none does: actions then
// do nothing, as rapid gives up on fuzzing input that asks for such a thing
// again and again.
func (p *twins) draw(t *rapid.T, meets func(*naiveNode) bool) (int, bool) {
	var found []int
	for i, n := range p.slow {
		if meets(n) {
			found = append(found, i)
		}
	}
	if len(found) == 0 {
		return 0, false
	}
	return rapid.SampledFrom(found).Draw(t, "node"), true
}

func isLeaf(n *naiveNode) bool { return n.leaf }
func isRole(n *naiveNode) bool { return !n.leaf }
func isEmptyRole(n *naiveNode) bool {
	return !n.leaf && n.parent != nil && len(n.children) == 0
}
func notRoot(n *naiveNode) bool { return n.parent != nil }

// amounts draws vectors of few, small values, so that equal shares are common.
func amounts() *rapid.Generator[Vector] {
	return rapid.Custom(func(t *rapid.T) Vector {
		var v Vector
		for _, k := range []Kind{CPUs, Mem, GPUs} {
			v[k] = Amount(rapid.Int64Range(0, 4).Draw(t, "amount")) * 500
		}
		return v
	})
}

func (p *twins) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"add role":      p.addRole,
		"add framework": p.addFramework,
		"remove":        p.remove,
		"weight":        p.setWeight,
		"total":         p.setTotal,
		"charge":        p.charge,
		"charge next":   p.chargeNext,
		"refund":        p.refund,
		"finish":        p.finish,
		"arrival":       p.arrive,
		"activate":      p.activate,
		"deactivate":    p.deactivate,
		"policy":        p.setPolicy,
		"wants":         p.setWants,
		"target":        p.setTarget,
		"past":          p.setPast,
		"":              p.compare,
	}
}

func (p *twins) name() string {
	p.number++
	// Not in order of creation, so that a tie by name is no tie by age.
	return fmt.Sprintf("%d-%d", (p.number*7)%10, p.number)
}

func (p *twins) addRole(t *rapid.T) {
	i, _ := p.draw(t, isRole) // the root is one
	parent, name := p.slow[i], p.name()
	path := name
	if parent.parent != nil {
		path = parent.path() + "/" + name
	}
	n, err := p.tree.AddRole(path)
	if err != nil {
		t.Fatal(err)
	}
	p.put(n, parent.add(name, false))
}

func (p *twins) addFramework(t *rapid.T) {
	i, _ := p.draw(t, isRole)
	name := p.name()
	n, err := p.tree.AddFramework(p.fast[i], name)
	if err != nil {
		t.Fatal(err)
	}
	p.put(n, p.slow[i].add(name, true))
	leaf := p.slow[len(p.slow)-1]
	leaf.asks = amounts().Draw(t, "wants")
	p.tree.SetWants(n, &leaf.asks)
}

func (p *twins) remove(t *rapid.T) {
	i, ok := p.draw(t, func(n *naiveNode) bool { return n.leaf || isEmptyRole(n) })
	if !ok {
		return
	}
	if err := p.tree.Remove(p.fast[i]); err != nil {
		t.Fatal(err)
	}
	p.slow[i].remove()
	p.drop(i)
}

func (p *twins) setWeight(t *rapid.T) {
	i, ok := p.draw(t, notRoot)
	if !ok {
		return
	}
	w := rapid.SampledFrom([]Amount{1, 100, 500, 1000, 1500, 2000, 3000, MaxWeight}).Draw(t, "weight")
	if err := p.tree.SetWeight(p.fast[i], w); err != nil {
		t.Fatal(err)
	}
	p.slow[i].weight = w
}

func (p *twins) setTotal(t *rapid.T) {
	total := amounts().Draw(t, "total").Times(10)
	if err := p.tree.SetTotal(total); err != nil {
		t.Fatal(err)
	}
	p.naive.total = total
}

func (p *twins) charge(t *rapid.T) {
	if i, ok := p.draw(t, isLeaf); ok {
		p.chargeTo(t, i)
	}
}

func (p *twins) chargeNext(t *rapid.T) {
	if next, ok := p.tree.Next(); ok {
		p.chargeTo(t, slices.Index(p.fast, next))
	}
}

func (p *twins) chargeTo(t *rapid.T, i int) {
	v := amounts().Draw(t, "charge")
	p.tree.Charge(p.fast[i], v)
	p.slow[i].charge(v)
}

func (p *twins) refund(t *rapid.T) {
	i, ok := p.draw(t, isLeaf)
	if !ok {
		return
	}
	v := p.slow[i].held
	for k := range v {
		v[k] = Amount(rapid.Int64Range(0, int64(v[k])).Draw(t, "refund"))
	}
	p.tree.Refund(p.fast[i], v)
	p.slow[i].held, _ = p.slow[i].held.Sub(v)
}

func (p *twins) finish(t *rapid.T) {
	if i, ok := p.draw(t, func(n *naiveNode) bool { return n.running > 0 }); ok {
		p.tree.Finish(p.fast[i])
		p.slow[i].running--
	}
}

func (p *twins) arrive(t *rapid.T) {
	if i, ok := p.draw(t, isLeaf); ok {
		p.slow[i].arrival = rapid.Uint64Range(0, 20).Draw(t, "arrival")
		p.tree.SetArrival(p.fast[i], p.slow[i].arrival)
	}
}

func (p *twins) activate(t *rapid.T) {
	i, ok := p.draw(t, isLeaf)
	if !ok {
		return
	}
	p.tree.Activate(p.fast[i])
	p.slow[i].wants = true
}

func (p *twins) deactivate(t *rapid.T) {
	i, ok := p.draw(t, isLeaf)
	if !ok {
		return
	}
	p.tree.Deactivate(p.fast[i])
	p.slow[i].wants = false
}

func (p *twins) setWants(t *rapid.T) {
	if i, ok := p.draw(t, isLeaf); ok {
		p.slow[i].asks = amounts().Draw(t, "wants")
		p.tree.SetWants(p.fast[i], &p.slow[i].asks)
	}
}

func (p *twins) setTarget(t *rapid.T) {
	if i, ok := p.draw(t, isLeaf); ok {
		v := Vector{CPUs: amounts().Draw(t, "target")[CPUs]}
		p.tree.SetTarget(p.fast[i], &v)
		billionths := big.NewInt(1)
		if total := p.naive.total[CPUs]; total > 0 && v[CPUs] > 0 {
			billionths.Mul(big.NewInt(int64(min(v[CPUs], total))), big.NewInt(1e9))
			billionths.Quo(billionths, big.NewInt(int64(total)))
		}
		p.slow[i].target = new(big.Rat).SetFrac(billionths, big.NewInt(1e3))
	}
}

func (p *twins) setPast(t *rapid.T) {
	if i, ok := p.draw(t, isLeaf); ok {
		for k, a := range amounts().Draw(t, "past") {
			p.slow[i].past[k] = a / 8 // so that all together is less than four times a total
		}
		p.tree.SetPast(p.fast[i], p.slow[i].past)
	}
}

func (p *twins) setPolicy(t *rapid.T) {
	p.naive.policy = rapid.SampledFrom(slices.Sorted(maps.Keys(policies()))).Draw(t, "policy")
	p.tree.SetPolicy(policies()[p.naive.policy])
}

// compare runs after every operation and asks both everything.
func (p *twins) compare(t *rapid.T) {
	sorted := p.naive.sorted(p.naive.root)
	nested := slices.ContainsFunc(p.slow, func(n *naiveNode) bool { return !n.leaf && n.parent != nil && n.parent.parent != nil })
	if got := p.tree.Nested(); got != nested {
		t.Fatalf("Nested = %v; want %v", got, nested)
	}
	if got, want := len(p.tree.Sorted()), len(sorted); got != want {
		t.Fatalf("Sorted has %d frameworks; want %d", got, want)
	}
	for i, n := range p.tree.Sorted() {
		if got, want := p.tree.Path(n), sorted[i].path(); got != want {
			t.Fatalf("Sorted[%d] = %s; want %s", i, got, want)
		}
	}
	next, ok := p.tree.Next()
	if ok != (len(sorted) > 0) || ok && p.tree.Path(next) != sorted[0].path() {
		t.Fatalf("Next = %s, %v; want the first of %d sorted", p.tree.Path(next), ok, len(sorted))
	}
	for i := range p.slow {
		p.compareNode(t, i)
	}
}

func (p *twins) compareNode(t *rapid.T, i int) {
	n, m := p.fast[i], p.slow[i]
	share, kind := p.tree.Share(n)
	wantShare, wantKind := p.naive.share(m)
	if exact(share).Cmp(wantShare) != 0 || wantShare.Sign() > 0 && kind != wantKind {
		t.Fatalf("Share(%s) = %v of %d; want %v of %d", m.path(), exact(share), kind, wantShare, wantKind)
	}
	if got, want := p.tree.Allocated(n), m.allocated(); got != want {
		t.Fatalf("Allocated(%s) = %v; want %v", m.path(), got, want)
	}
	if got := p.tree.Running(n); int64(got) != m.runs() {
		t.Fatalf("Running(%s) = %d; want %d", m.path(), got, m.runs())
	}
	if got := p.tree.Placements(n); got != m.placed {
		t.Fatalf("Placements(%s) = %d; want %d", m.path(), got, m.placed)
	}
	if got := p.tree.Active(n); got != m.active() && m.parent != nil {
		t.Fatalf("Active(%s) = %v; want %v", m.path(), got, m.active())
	}
	if p.tree.Path(n) != m.path() || p.tree.Name(n) != m.name || p.tree.IsFramework(n) != m.leaf {
		t.Fatalf("node %s is %s, name %s, framework %v", m.path(), p.tree.Path(n), p.tree.Name(n), p.tree.IsFramework(n))
	}
	if got := p.tree.Weight(n).Amount(); got != m.weight {
		t.Fatalf("Weight(%s) = %s; want %s", m.path(), got, m.weight)
	}
	if got, want := len(p.tree.Children(n)), len(m.children); got != want {
		t.Fatalf("%s has %d children; want %d", m.path(), got, want)
	}
}

func agreeWithNaive(t *rapid.T, policy string) {
	p := &twins{tree: NewTreeOf(policies()[policy]), naive: newNaive(policy)}
	p.put(Root, p.naive.root)
	p.setTotal(t)
	// Start with some siblings: the deeper paths of a heap need a dozen.
	for range rapid.IntRange(0, 12).Draw(t, "frameworks at the start") {
		i := len(p.fast)
		p.addFramework(t)
		p.chargeTo(t, i)
		p.tree.Activate(p.fast[i])
		p.slow[i].wants = true
	}
	t.Repeat(p.actions())
}

// TestTreeAgreesWithNaive runs the same operations on both, for every policy.
func TestTreeAgreesWithNaive(t *testing.T) {
	for policy := range policies() {
		t.Run(policy, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { agreeWithNaive(t, policy) })
		})
	}
}

// FuzzTreeAgreesWithNaive lets the fuzzer look for the sequence of operations.
func FuzzTreeAgreesWithNaive(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) {
		agreeWithNaive(t, rapid.SampledFrom(slices.Sorted(maps.Keys(policies()))).Draw(t, "policy"))
	}))
}
