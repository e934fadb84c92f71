package allocator

import (
	"fmt"
	"slices"

	"fairlead/drf"
)

// template is everything about a group but who it is: what groups that are alike
// have in common. They share it, so nobody writes to it; a group that is to ask
// for something else gets another one.
type template struct {
	Group // without Framework, Name and Digest
	needs
	limits *limits // nil if there are none, or if each group needs its own
	hash   uint64
	groups int  // that have it
	kept   bool // in the templateTable
}

// needs is what one instance asks for.
type needs struct {
	demand drf.Vector   // without the executor
	hosted drf.Vector   // with it
	tasks  []drf.Vector // of each task
	gpus   []drf.Amount // of each task that asks for some, the most first
	items  []itemAsk
}

// spec is what a group was submitted with. Everything but its names is shared.
type spec struct {
	Framework, Name, Digest string
	*template
}

// group is the whole specification as it was submitted, but for the role, which
// is resolved.
func (g *group) group() Group {
	whole := g.spec.template.Group
	whole.Framework, whole.Name, whole.Digest = g.spec.Framework, g.spec.Name, g.spec.Digest
	return whole
}

// templateTable finds the template of a specification. It matters for memory and speed
// only: nothing is decided by whether groups share one.
type templateTable struct {
	by     map[uint64][]*template // by hash
	size   int
	unused int
}

// maxSameHash bounds the templates that are looked at to find an equal one.
const maxSameHash = 8

// templateOf returns the template of a specification whose role is resolved. It
// fails if the group asks for more resource names than a cluster can use.
func (s *State) templateOf(g *Group) (*template, error) {
	if t := s.templates.find(g, g.hash()); t != nil {
		return t, nil
	}
	return s.newTemplate(g)
}

func (s *State) newTemplate(g *Group) (*template, error) {
	t := &template{Group: ownCopy(g), hash: g.hash()}
	if err := s.measure(t); err != nil {
		return nil, err
	}
	s.templates.add(t)
	return t, nil
}

// ownCopy is a copy that no caller can change later, without the names.
func ownCopy(g *Group) Group {
	own := *g
	own.Framework, own.Name, own.Digest = "", "", ""
	own.After, own.AfterEnd = slices.Clone(g.After), slices.Clone(g.AfterEnd)
	own.Constraints, own.Prefer = slices.Clone(g.Constraints), slices.Clone(g.Prefer)
	own.Tasks = slices.Clone(g.Tasks)
	for k := range own.Tasks {
		own.Tasks[k].Resources = slices.Clone(own.Tasks[k].Resources)
	}
	return own
}

func (tt *templateTable) find(g *Group, hash uint64) *template {
	for _, t := range tt.by[hash] {
		if alike(&t.Group, g) {
			return t
		}
	}
	return nil
}

func (tt *templateTable) add(t *template) {
	if tt.unused > 64+tt.size/2 {
		tt.sweep()
	}
	if len(tt.by[t.hash]) < maxSameHash {
		tt.by[t.hash] = append(tt.by[t.hash], t)
		t.kept = true
		tt.size++
		tt.unused++
	}
}

// sweep forgets the templates that no group has.
func (tt *templateTable) sweep() {
	for hash, ts := range tt.by { // commutes: each is looked at on its own
		ts = slices.DeleteFunc(ts, func(t *template) bool { return t.groups == 0 })
		if tt.by[hash] = ts; len(ts) == 0 {
			delete(tt.by, hash)
		}
	}
	tt.size -= tt.unused
	tt.unused = 0
}

// setTemplate gives a group a template, in place of the one that it has. The
// group must not be in line.
func (s *State) setTemplate(g *group, t *template) {
	s.dropTemplate(g)
	g.spec.template, g.needs, g.limits, g.grown = t, &t.needs, t.limits, nil
	if t.limits == nil && len(t.Constraints) > 0 {
		g.limits, _ = newLimits(t.Constraints) // which were found to be valid
	}
	if g.soft != nil {
		s.setLimits(g)
	}
	if t.groups++; t.groups == 1 && t.kept {
		s.templates.unused--
	}
}

// dropTemplate notes that a group needs its template no more.
func (s *State) dropTemplate(g *group) {
	t := g.spec.template
	if t == nil {
		return
	}
	if t.groups--; t.groups == 0 && t.kept {
		s.templates.unused++
	}
}

// measure computes what tasks and instances ask for, and where they may go.
func (s *State) measure(t *template) error {
	l, err := newLimits(t.Constraints)
	if err != nil {
		return err
	}
	if l != nil && !l.counts {
		t.limits = l
	}
	t.tasks = make([]drf.Vector, 0, len(t.Tasks))
	for _, task := range t.Tasks {
		v, err := s.vector(task.Resources)
		if err != nil {
			return fmt.Errorf("task %q: %w", task.Name, err)
		}
		t.tasks = append(t.tasks, v)
		t.demand = t.demand.Add(v)
	}
	t.hosted, t.gpus, t.items = t.demand.Add(s.executor), gpuAsks(t.tasks), s.itemAsks(t.Tasks)
	return nil
}

// alike reports whether groups are alike in all but Framework, Name and
// Digest.
func alike(a, b *Group) bool {
	return a.Role == b.Role && a.Instances == b.Instances && a.OnOOM == b.OnOOM && a.Surplus == b.Surplus && a.PerAgent == b.PerAgent && a.Periodic == b.Periodic && a.Overlap == b.Overlap && a.CatchUp == b.CatchUp && a.Gang == b.Gang && a.Priority == b.Priority &&
		a.Restart == b.Restart && a.MaxRuntimeMillis == b.MaxRuntimeMillis && a.NotPreemptible == b.NotPreemptible &&
		slices.Equal(a.After, b.After) && slices.Equal(a.AfterEnd, b.AfterEnd) && slices.Equal(a.Constraints, b.Constraints) &&
		slices.Equal(a.Prefer, b.Prefer) && a.Near == b.Near && a.Sticky == b.Sticky && a.PreferWaitMillis == b.PreferWaitMillis &&
		slices.EqualFunc(a.Tasks, b.Tasks, alikeTask)
}

func alikeTask(a, b Task) bool {
	return a.Name == b.Name && a.Sidecar == b.Sidecar && slices.Equal(a.Resources, b.Resources)
}

// hash is equal for groups that are alike.
func (g *Group) hash() uint64 {
	h := hash(14695981039346656037)
	h.text(g.Role)
	h.text(g.Near)
	for _, name := range g.After {
		h.text(name)
	}
	for _, name := range g.AfterEnd {
		h.text(name)
	}
	for _, n := range [...]int64{int64(g.Instances), int64(g.Surplus), int64(g.Gang), int64(g.Priority), g.MaxRuntimeMillis,
		int64(g.Restart.Policy), int64(g.Restart.Max), g.Restart.BackoffMillis} {
		h.number(uint64(n))
	}
	for k := range g.Constraints {
		c := &g.Constraints[k]
		h.text(c.Field)
		h.number(uint64(c.Operator))
		h.text(c.Value)
	}
	for k := range g.Tasks {
		t := &g.Tasks[k]
		h.text(t.Name)
		for _, q := range t.Resources {
			h.text(q.Name)
			h.number(uint64(q.Amount))
		}
	}
	return uint64(h)
}

// hash is FNV-1a, by words where there are words.
type hash uint64

func (h *hash) number(n uint64) {
	*h = (*h ^ hash(n)) * 1099511628211
	*h ^= *h >> 29
}

func (h *hash) text(s string) {
	for i := range len(s) {
		*h = (*h ^ hash(s[i])) * 1099511628211
	}
	h.number(uint64(len(s)))
}
