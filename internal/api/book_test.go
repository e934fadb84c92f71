package api_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/api"
	"fairlead/internal/taskgroup"
	"fairlead/proto"
	"fairlead/scheduler"
)

// book is a scheduler without a master: the real allocator over agents of its
// own, on which tests decide what becomes of a task. Time is a counter.
type book struct {
	t         *testing.T
	mu        sync.Mutex
	state     *allocator.State
	at        int64
	specs     map[api.Name]*proto.TaskGroup
	events    []scheduler.Event
	readers   []chan scheduler.Event
	status    scheduler.Status
	sandboxes map[string]scheduler.Sandbox // by framework/group/instance/task
	stopped   bool
}

var _ api.Scheduler = (*book)(nil)

func bookConfig() allocator.Config { return allocator.Config{History: 10, FairnessMillis: 1000} }

// newBook has one agent that holds text, such as "cpus:9;mem:18432".
func newBook(t *testing.T, resources string) *book {
	t.Helper()
	state, err := allocator.New(bookConfig())
	if err != nil {
		t.Fatal(err)
	}
	b := &book{
		t: t, state: state, specs: map[api.Name]*proto.TaskGroup{}, sandboxes: map[string]scheduler.Sandbox{},
		status: scheduler.Status{Connected: true, Reconciled: true, Master: "10.0.0.1:5050", FrameworkID: "fw-1"},
	}
	seen := allocator.AgentSeen{Agent: "agent-1", Host: "host-1", Owned: true, Attributes: []allocator.Attribute{{Name: "rack", Value: "r1"}}}
	for part := range strings.SplitSeq(resources, ";") {
		name, value, _ := strings.Cut(part, ":")
		amount, err := drf.ParseAmount(value)
		if err != nil {
			t.Fatal(err)
		}
		seen.Total = append(seen.Total, allocator.Quantity{Name: name, Amount: amount})
	}
	b.mustStep(seen)
	return b
}

// step books a fact and decides.
func (b *book) step(f allocator.Fact) error {
	if err := b.note(f); err != nil {
		return err
	}
	return b.decide()
}

// pass lets time go by.
func (b *book) pass(millis int64) {
	b.t.Helper()
	b.mu.Lock()
	b.at += millis
	b.mu.Unlock()
	b.mustStep(allocator.OfferRescinded{Offer: "none"})
}

// note books a fact.
func (b *book) note(f allocator.Fact) error {
	b.at += 1000
	_, err := b.state.Step(allocator.Event{At: b.at, Fact: f})
	return err
}

// decide ticks until nothing is left to do. Every task that is launched runs
// at once.
func (b *book) decide() error {
	for again := true; again; {
		again = false
		actions, err := b.state.Step(allocator.Event{At: b.at, Fact: allocator.Tick{}})
		if err != nil {
			return err
		}
		for _, a := range actions {
			again = b.act(a) || again
		}
	}
	return b.state.Check()
}

func (b *book) act(a allocator.Action) bool {
	switch a := a.(type) {
	case *allocator.Accept:
		for _, l := range a.Launches {
			b.say(scheduler.Event{Type: "instance.launched", Framework: l.Framework, Group: l.Group, Instance: l.Instance, Agent: a.Agent})
			b.report(l.Run, api.Name{Framework: l.Framework, Name: l.Group}, allocator.TaskUpdated{State: allocator.TaskRunning})
		}
		return len(a.Launches) > 0
	case allocator.Kill:
		b.report(a.Run, b.ownerOf(a.Run), allocator.TaskUpdated{State: allocator.TaskKilled, Message: "killed on request"})
		return true
	case *allocator.Settle:
		return true
	}
	return false
}

// report gives every task of a run the same update.
func (b *book) report(run allocator.RunID, owner api.Name, update allocator.TaskUpdated) {
	update.Run = run
	for i := range b.specs[owner].Tasks {
		update.Task = int32(i)
		if _, err := b.state.Step(allocator.Event{At: b.at, Fact: update}); err != nil {
			b.t.Error(err)
		}
	}
}

func (b *book) ownerOf(run allocator.RunID) api.Name {
	for _, g := range b.state.View().Groups {
		for _, in := range g.Runs {
			if in.Run == run && in.Agent != "" {
				return api.Name{Framework: g.Framework, Name: g.Name}
			}
		}
	}
	b.t.Fatalf("no live run %s", run)
	return api.Name{}
}

func (b *book) mustStep(f allocator.Fact) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.step(f); err != nil {
		b.t.Fatal(err)
	}
}

// end ends the live run of an instance, such as "A/a/0".
func (b *book) end(instance string, state allocator.TaskState, message string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	parts := strings.Split(instance, "/")
	owner := api.Name{Framework: parts[0], Name: parts[1]}
	number, err := strconv.Atoi(parts[2])
	if err != nil {
		b.t.Fatal(err)
	}
	for _, g := range b.state.View().Groups {
		if g.Framework == owner.Framework && g.Name == owner.Name {
			b.report(g.Runs[number].Run, owner, allocator.TaskUpdated{State: state, Message: message})
		}
	}
	if err := b.decide(); err != nil {
		b.t.Fatal(err)
	}
	b.say(scheduler.Event{
		Type: "instance." + state.String(), Framework: owner.Framework, Group: owner.Name, Instance: int32(number), Message: message,
	})
}

func (b *book) say(e scheduler.Event) {
	e.Seq = uint64(len(b.events)) + 1
	b.events = append(b.events, e)
	for _, r := range b.readers {
		r <- e
	}
}

// stop ends the streams, as a scheduler that stops does.
func (b *book) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopped = true
	for _, r := range b.readers {
		close(r)
	}
	b.readers = nil
}

func (b *book) Submit(_ context.Context, specs []*proto.TaskGroup, allowUnsatisfiable bool) (known []bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped {
		return nil, scheduler.ErrStopped
	}
	groups := coreGroups(b.t, specs)
	if err := b.state.Admit(groups); err != nil {
		return nil, err
	}
	if err := b.state.Satisfiable(groups); err != nil && !allowUnsatisfiable {
		return nil, err
	}
	for i, g := range groups {
		name := api.Name{Framework: g.Framework, Name: g.Name}
		_, there := b.specs[name]
		known, b.specs[name] = append(known, there), specs[i]
		if err := b.note(allocator.GroupSubmitted{Group: g}); err != nil {
			return nil, err
		}
	}
	return known, b.decide()
}

func coreGroups(t *testing.T, specs []*proto.TaskGroup) []allocator.Group {
	var out []allocator.Group
	for _, s := range specs {
		g, err := taskgroup.Core(s)
		if err != nil {
			t.Error(err)
		}
		out = append(out, g)
	}
	return out
}

func (b *book) Kill(_ context.Context, framework, group string, instance int32) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if instance < 0 {
		return b.step(allocator.GroupKilled{Framework: framework, Name: group})
	}
	return b.step(allocator.InstanceKilled{Framework: framework, Name: group, Instance: instance})
}

func (b *book) Rerun(_ context.Context, framework, group string, below bool) ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := allocator.GroupRerun{Framework: framework, Name: group, Below: below}
	names := b.state.Rerun(f)
	return names, b.step(f)
}

func (b *book) Forget(_ context.Context, framework, group string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.step(allocator.GroupForgotten{Framework: framework, Name: group})
}

func (b *book) Fairness(context.Context) (*allocator.Fairness, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state.Fairness(), nil
}

func (b *book) View(context.Context) (*allocator.View, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped {
		return nil, scheduler.ErrStopped
	}
	return b.state.View(), nil
}

func (b *book) Group(_ context.Context, framework, group string) (*allocator.GroupView, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped {
		return nil, scheduler.ErrStopped
	}
	g, ok := b.state.Group(framework, group)
	if !ok {
		return nil, fmt.Errorf("%w: task group %s/%s", allocator.ErrUnknown, framework, group)
	}
	return &g, nil
}

func (b *book) Spec(_ context.Context, framework, group string) (*proto.TaskGroup, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	spec, ok := b.specs[api.Name{Framework: framework, Name: group}]
	if !ok {
		return nil, fmt.Errorf("%w: task group %s/%s", allocator.ErrUnknown, framework, group)
	}
	return spec, nil
}

func (b *book) Explain(_ context.Context, framework, group string) (*allocator.Explanation, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state.Explain(framework, group)
}

func (b *book) SetRole(_ context.Context, c scheduler.RoleChange) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.state.Role(c.Role)
	if c.Weight != nil {
		f.Weight = int64(*c.Weight)
	}
	if c.Guarantee != nil {
		f.Guarantee = *c.Guarantee
	}
	if c.Limit != nil {
		f.Limit = *c.Limit
	}
	if err := b.state.Guaranteeable(f); err != nil && !c.AllowUnsatisfiable {
		return err
	}
	return b.step(f)
}

func (b *book) SetFramework(_ context.Context, c scheduler.FrameworkChange) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.state.Framework(c.Framework, c.Role)
	if c.Weight != nil {
		f.Weight = int64(*c.Weight)
	}
	return f.Role, b.step(f)
}

func (b *book) Plan(_ context.Context, specs []*proto.TaskGroup) (*allocator.Plan, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	groups := coreGroups(b.t, specs)
	if err := b.state.Admit(groups); err != nil {
		return nil, err
	}
	return allocator.PlanSubmit(bookConfig(), b.state.Image(), groups)
}

func (b *book) Sandbox(_ context.Context, framework, group string, instance int32, task string) (scheduler.Sandbox, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	name := fmt.Sprintf("%s/%s/%d/%s", framework, group, instance, task)
	s, ok := b.sandboxes[name]
	if !ok {
		return s, fmt.Errorf("%w: %s has not been started", allocator.ErrUnknown, name)
	}
	return s, nil
}

// place says where the output of a task is from now on.
func (b *book) place(name, directory string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sandboxes[name] = scheduler.Sandbox{AgentEndpoint: "agent-1:5051", Directory: directory}
}

func (b *book) Events(ctx context.Context, after uint64) <-chan scheduler.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := make(chan scheduler.Event, 1000)
	for _, e := range b.events {
		if e.Seq > after {
			r <- e
		}
	}
	b.readers = append(b.readers, r)
	context.AfterFunc(ctx, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if i := slices.Index(b.readers, r); i >= 0 {
			b.readers = slices.Delete(b.readers, i, i+1)
			close(r)
		}
	})
	return r
}

func (b *book) Status() scheduler.Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status
}

func (b *book) setStatus(change func(*scheduler.Status)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.status)
}
