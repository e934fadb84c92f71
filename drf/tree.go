package drf

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Node names one role or framework of a Tree. Nodes are reused after Remove.
type Node int32

// Root is the node above all roles. It has no siblings and so no rank.
const Root Node = 0

// noNode marks the end of a path upwards.
const noNode Node = -1

// Errors of Tree; messages name the node.
var (
	ErrExists = errors.New("already there")
	ErrInUse  = errors.New("still has children")
	ErrTotal  = errors.New("bad total")
)

// Tree is a weighted tree whose inner nodes are roles and whose leaves are
// frameworks. It ranks siblings by its Policy, then by how often they were
// chosen, then by name.
//
// A node takes part in Next and Sorted while it is active, that is, while it
// wants more than it has; its allocation counts either way. A Tree is not
// safe for concurrent use.
type Tree struct {
	nodes  []node
	free   []Node
	total  Vector
	kinds  []Kind // of which there is any
	policy Policy
	plain  bool // the policy is DRF, which is not asked: see byPolicy
	nested int  // roles below roles
	lately bool // some node has a past
}

// node has first what each decision looks at, so that it comes into the cache together.
type node struct {
	share      Share
	placements uint64
	queue      heap // the active ones below it
	parent     Node
	leaf       bool
	active     bool
	dominant   Kind
	weight     Weight
	allocated  Vector
	running    uint64
	arrival    uint64
	name       string
	path       string
	past       Vector // see SetPast
	wants      Vector // what the next placement of a framework asks for
	target     Weight // see SetTarget
	children   []Node // all of them, in order of name
}

// NewTree returns a tree under DRF that holds the root only, with nothing to
// share.
func NewTree() *Tree { return NewTreeOf(DRF()) }

// NewTreeOf is NewTree for a policy, which must not be in use for another tree.
func NewTreeOf(policy Policy) *Tree {
	t := &Tree{nodes: []node{{parent: noNode, weight: One, queue: heap{at: -1}}}, policy: policy, plain: policy == DRF()}
	t.rerank(Root)
	return t
}

// SetTotal states what the whole cluster holds. It recomputes every share,
// O(nodes); a resource whose total is zero does not count in any share.
func (t *Tree) SetTotal(total Vector) error {
	for _, a := range total {
		if a < 0 {
			return fmt.Errorf("%w: negative amount %s", ErrTotal, a)
		}
	}
	if total == t.total {
		return nil
	}
	t.total, t.kinds = total, t.kinds[:0]
	for k, a := range total {
		if a > 0 {
			t.kinds = append(t.kinds, Kind(k))
		}
	}
	for n := range t.nodes {
		t.rerank(Node(n))
	}
	t.reorder(Root)
	return nil
}

// Total is what SetTotal stated last.
func (t *Tree) Total() Vector { return t.total }

// AddRole returns the node of a role such as "eng/dev" and creates it and its
// parents, with weight 1, where they are missing.
func (t *Tree) AddRole(path string) (Node, error) {
	names := strings.Split(path, "/")
	if slices.Contains(names, "") {
		return 0, fmt.Errorf("role %q: empty component", path)
	}
	at := Root
	for _, name := range names {
		next, ok := t.child(at, name)
		if !ok {
			next = t.add(at, name, false)
		} else if t.nodes[next].leaf {
			return 0, fmt.Errorf("role %q: %w as a framework", path, ErrExists)
		}
		at = next
	}
	return at, nil
}

// AddFramework adds a leaf below a role. It is inactive and holds nothing.
func (t *Tree) AddFramework(role Node, name string) (Node, error) {
	if t.nodes[role].leaf {
		return 0, fmt.Errorf("framework %q below %q: %w as a framework", name, t.nodes[role].path, ErrExists)
	}
	if _, ok := t.child(role, name); ok {
		return 0, fmt.Errorf("framework %q in role %q: %w", name, t.nodes[role].path, ErrExists)
	}
	return t.add(role, name, true), nil
}

// Admits reports whether AddRole and AddFramework would accept a framework of
// a role, or find it there already.
func (t *Tree) Admits(role, framework string) error {
	at := Root
	for _, name := range strings.Split(role, "/") {
		next, ok := t.child(at, name)
		if !ok {
			return nil
		}
		if t.nodes[next].leaf {
			return fmt.Errorf("role %q: %w as a framework", role, ErrExists)
		}
		at = next
	}
	if c, ok := t.child(at, framework); ok && !t.nodes[c].leaf {
		return fmt.Errorf("framework %q in role %q: %w as a role", framework, role, ErrExists)
	}
	return nil
}

// Lookup finds a role by its path.
func (t *Tree) Lookup(path string) (Node, bool) {
	at, ok := Root, true
	for _, name := range strings.Split(path, "/") {
		if at, ok = t.child(at, name); !ok {
			return 0, false
		}
	}
	return at, true
}

func (t *Tree) child(parent Node, name string) (Node, bool) {
	i, ok := t.place(parent, name)
	if !ok {
		return 0, false
	}
	return t.nodes[parent].children[i], true
}

// place is where a name stands, or would stand, among a role's children.
func (t *Tree) place(parent Node, name string) (int, bool) {
	return slices.BinarySearchFunc(t.nodes[parent].children, name,
		func(c Node, name string) int { return strings.Compare(t.nodes[c].name, name) })
}

func (t *Tree) add(parent Node, name string, leaf bool) Node {
	path := name
	if parent != Root {
		path = t.nodes[parent].path + "/" + name
	}
	fresh := node{name: name, path: path, parent: parent, leaf: leaf, weight: One, queue: heap{at: -1}}
	var n Node
	if k := len(t.free); k > 0 {
		n, t.free = t.free[k-1], t.free[:k-1]
		t.nodes[n] = fresh
	} else {
		n = Node(len(t.nodes))
		t.nodes = append(t.nodes, fresh)
	}
	t.nested += t.nestedBy(&fresh)
	t.rerank(n)
	i, _ := t.place(parent, name)
	t.nodes[parent].children = slices.Insert(t.nodes[parent].children, i, n)
	return n
}

// Remove takes out a framework, or a role without children. What it still
// holds leaves the books of the nodes above it.
func (t *Tree) Remove(n Node) error {
	if len(t.nodes[n].children) > 0 {
		return fmt.Errorf("role %q: %w", t.nodes[n].path, ErrInUse)
	}
	t.Deactivate(n)
	held, parent := t.nodes[n].allocated, t.nodes[n].parent
	t.nested -= t.nestedBy(&t.nodes[n])
	t.SetPast(n, Vector{})
	t.finish(n, t.nodes[n].running)
	t.Refund(n, held)
	i, _ := t.place(parent, t.nodes[n].name)
	t.nodes[parent].children = slices.Delete(t.nodes[parent].children, i, i+1)
	t.nodes[n] = node{parent: noNode, queue: heap{at: -1}}
	t.free = append(t.free, n)
	return nil
}

// SetWeight changes a node's weight among its siblings; it takes effect at the
// next decision.
func (t *Tree) SetWeight(n Node, weight Amount) error {
	w, err := NewWeight(weight)
	if err != nil {
		return fmt.Errorf("%q: %w", t.nodes[n].path, err)
	}
	t.nodes[n].weight = w
	t.rerank(n)
	t.fix(n)
	t.repair(t.nodes[n].parent)
	return nil
}

// Charge books v on n and on every node above it, and counts one placement,
// which runs until Finish.
func (t *Tree) Charge(n Node, v Vector) {
	for at := n; at != noNode; at = t.nodes[at].parent {
		d := &t.nodes[at]
		d.allocated.Gain(&v)
		d.placements++
		d.running++
		t.restore(at)
	}
}

// restore ranks a node again whose allocation changed.
func (t *Tree) restore(n Node) {
	if n == Root && t.plain {
		return // nothing is ranked by its share: see Share
	}
	t.rerank(n)
	t.fix(n)
}

// Refund takes v off n and every node above it. It panics if n does not hold
// that much: the caller's books are broken then.
func (t *Tree) Refund(n Node, v Vector) {
	for at := n; at != noNode; at = t.nodes[at].parent {
		if d := &t.nodes[at]; !d.allocated.Lose(&v) {
			panic(fmt.Sprintf("drf: refund of %v to %q, which holds %v", v, d.path, d.allocated))
		}
		t.restore(at)
	}
}

// Finish tells that one placement of n runs no more. What it held is given back
// by Refund. It panics if none runs: the caller's books are broken then.
func (t *Tree) Finish(n Node) {
	if t.nodes[n].running == 0 {
		panic(fmt.Sprintf("drf: %q finishes what does not run", t.nodes[n].path))
	}
	t.finish(n, 1)
}

func (t *Tree) finish(n Node, count uint64) {
	for at := n; at != noNode; at = t.nodes[at].parent {
		t.nodes[at].running -= count
	}
	t.repair(n)
}

// SetArrival tells when the earliest of what a framework waits for arrived, as
// a number that grows with time; the policy FIFO ranks by it.
func (t *Tree) SetArrival(n Node, arrival uint64) {
	if t.nodes[n].arrival != arrival {
		t.nodes[n].arrival = arrival
		t.repair(n)
	}
}

// SetWants tells what the next placement of a framework asks for. The policy HDRF
// ranks by which resources these are, Minmax by how much of them.
func (t *Tree) SetWants(n Node, v *Vector) {
	if t.nodes[n].wants != *v {
		t.nodes[n].wants = *v
		t.repair(n)
	}
}

// Activate lets a framework take part in Next and Sorted.
func (t *Tree) Activate(n Node) {
	if t.nodes[n].active {
		return
	}
	at := n
	for ; at != Root && !t.nodes[at].active; at = t.nodes[at].parent {
		t.nodes[at].active = true
		t.changed(at)
		t.push(at)
	}
	t.repair(at)
}

// Deactivate takes a framework out of Next and Sorted. Its allocation and its
// count of placements stay.
func (t *Tree) Deactivate(n Node) {
	for at := n; at != Root && t.nodes[at].active; at = t.nodes[at].parent {
		if len(t.nodes[at].queue.items) > 0 {
			t.repair(at) // a sibling below still wants something
			return
		}
		t.nodes[at].active = false
		t.remove(at)
		t.changed(at)
	}
	t.changed(Root)
}

// repair restores the order on the way from n to the root, after something
// changed on which the policy may rank all of them.
func (t *Tree) repair(n Node) {
	if t.plain {
		return // its shares depend on nothing that repair is called for
	}
	for at := n; at != noNode; at = t.nodes[at].parent {
		t.changed(at)
		t.fix(at)
	}
}

// Next is the framework to serve now: from the root always to the active child
// that the policy ranks first. O(depth), and what the policy adds.
func (t *Tree) Next() (Node, bool) {
	if !t.plain {
		t.policy.settle(t)
	}
	at := Root
	for !t.nodes[at].leaf {
		q := t.nodes[at].queue.items
		if len(q) == 0 {
			return 0, false
		}
		at = q[0]
	}
	return at, true
}

// Sorted is every active framework in the order in which they would be served
// if nothing changed: the pre-order walk of the sorted tree.
func (t *Tree) Sorted() []Node {
	t.policy.settle(t)
	return t.sorted(Root, nil)
}

// Ahead reports whether the policy ranks a before its sibling b. Placements and
// names, which decide among equals, do not count here.
func (t *Tree) Ahead(a, b Node) bool {
	t.policy.settle(t)
	return t.byPolicy(a, b) < 0
}

func (t *Tree) sorted(n Node, into []Node) []Node {
	if t.nodes[n].leaf {
		return append(into, n)
	}
	order := slices.Clone(t.nodes[n].queue.items)
	slices.SortFunc(order, t.compare)
	for _, c := range order {
		into = t.sorted(c, into)
	}
	return into
}

// before is compare for the heap. Mostly it is the default policy among siblings
// that want the same resource most, which needs no more than two numbers of each.
func (t *Tree) before(a, b Node) bool {
	x, y := &t.nodes[a], &t.nodes[b]
	switch {
	case !t.plain || x.share.Den != y.share.Den || x.weight != y.weight:
	case x.share.Num != y.share.Num:
		return x.share.Num < y.share.Num
	case x.placements != y.placements:
		return x.placements < y.placements
	}
	return t.compare(a, b) < 0
}

// compare is the total order of siblings: policy, placements, name.
func (t *Tree) compare(a, b Node) int {
	if c := t.byPolicy(a, b); c != 0 {
		return c
	}
	x, y := &t.nodes[a], &t.nodes[b]
	if c := cmp64(x.placements, y.placements); c != 0 {
		return c
	}
	return strings.Compare(x.name, y.name)
}

// byPolicy asks the policy. The default one, whose share the Tree keeps anyway,
// goes without the detour: it is most of what a decision costs.
func (t *Tree) byPolicy(a, b Node) int {
	if t.plain {
		return t.nodes[a].share.compare(&t.nodes[b].share)
	}
	return t.policy.compare(t, a, b)
}

// changed tells the policy that n may have another rank now.
func (t *Tree) changed(n Node) {
	if !t.plain {
		t.policy.changed(t, n)
	}
}

// rerank recomputes a node's dominant share.
func (t *Tree) rerank(n Node) {
	d := &t.nodes[n]
	d.share, d.dominant = t.shareOf(n)
	t.changed(n)
}

// shareOf is the dominant share of a node (ties go to the lower Kind).
func (t *Tree) shareOf(n Node) (Share, Kind) {
	d := &t.nodes[n]
	var num, den uint64
	var dominant Kind
	for _, k := range t.kinds {
		a, total := uint64(d.allocated[k]), uint64(t.total[k])
		if a > 0 && (num == 0 || larger(a, total, num, den)) {
			num, den, dominant = a, total, k
		}
	}
	return Share{num, den, d.weight}, dominant
}
