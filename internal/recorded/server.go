package recorded

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/api"
	"fairlead/internal/client"
	"fairlead/internal/taskgroup"
	"fairlead/proto"
)

// ReadServer makes a workload of the state that a scheduler is in. Of its options only the policy is
// known.
func ReadServer(ctx context.Context, c *client.Client) (*Workload, error) {
	shares, err := c.Shares(ctx)
	if err != nil {
		return nil, err
	}
	agents, err := c.Agents(ctx)
	if err != nil {
		return nil, err
	}
	groups, err := c.Groups(ctx, "")
	if err != nil {
		return nil, err
	}
	w := newWorkload("now", allocator.Config{Policy: allocator.Policy(shares.Policy)})
	w.served(shares, agents.Agents)
	slices.SortStableFunc(groups.Groups, func(a, b api.Group) int { return a.Submitted.Compare(b.Submitted) })
	for i := range groups.Groups {
		if g := &groups.Groups[i]; !g.Over() {
			if err := w.servedGroup(ctx, c, api.Name{Framework: g.Framework, Name: g.Name}); err != nil {
				return nil, err
			}
		}
	}
	return w, nil
}

// served takes the agents, roles and frameworks.
func (w *Workload) served(shares *api.Shares, agents []api.Agent) {
	for _, a := range agents {
		if a.Lost {
			w.Notes["agents that were lost"]++
			continue
		}
		total, ports := listed(a.Total)
		seen := Agent{ID: a.ID, Host: a.Host, Resources: total, Ports: ports, Slots: a.Slots}
		for name, value := range a.Attributes { // sorted below
			seen.Attributes = append(seen.Attributes, allocator.Attribute{Name: name, Value: value})
		}
		slices.SortFunc(seen.Attributes, func(a, b allocator.Attribute) int { return cmp.Compare(a.Name, b.Name) })
		w.agentSeen(0, seen)
	}
	for _, r := range shares.Roles {
		guarantee, _ := listed(r.Guarantee)
		limit, _ := listed(r.Limit)
		w.roleSet(0, allocator.RoleSet{Role: r.Name, Weight: int64(r.Weight), Guarantee: guarantee, Limit: limit})
	}
	for _, f := range shares.Frameworks {
		if drf.Amount(f.Weight) != drf.Unit {
			w.frameworkSet(0, allocator.FrameworkSet{Framework: f.Name, Role: f.Role, Weight: int64(f.Weight)})
		}
	}
}

func listed(of api.Resources) (out []allocator.Quantity, ports uint32) {
	for name, a := range of { // sorted below
		if name == "ports" {
			ports = uint32(drf.Amount(a) / drf.Unit)
			continue
		}
		out = append(out, allocator.Quantity{Name: name, Amount: drf.Amount(a)})
	}
	slices.SortFunc(out, func(a, b allocator.Quantity) int { return cmp.Compare(a.Name, b.Name) })
	return out, ports
}

// servedGroup adds a group, unless it has ended since it was listed.
func (w *Workload) servedGroup(ctx context.Context, c *client.Client, name api.Name) error {
	detail, err := c.Group(ctx, name)
	if err != nil {
		return err
	}
	specs, err := taskgroup.Parse(name.String(), detail.Spec)
	if err != nil {
		return fmt.Errorf("the specification of %s: %w", name, err)
	}
	view := allocator.GroupView{
		Framework: detail.Framework, Name: detail.Name, Role: detail.Role, Instances: detail.Instances, Dying: detail.State == "killing",
		Running: detail.Running, Pending: detail.Pending,
	}
	if detail.Over() {
		return nil
	}
	for _, in := range detail.Runs {
		view.Runs = append(view.Runs, allocator.InstanceView{Instance: in.Number, State: in.State, Agent: in.Agent})
	}
	if l, ok := w.liveGroup(&view, firstOf(specs)); ok {
		w.begin(l)
	}
	return nil
}

func firstOf(specs []*proto.TaskGroup) *proto.TaskGroup {
	if len(specs) == 0 {
		return nil
	}
	return specs[0]
}
