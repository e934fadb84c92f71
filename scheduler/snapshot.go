package scheduler

import (
	"errors"
	"fmt"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/taskgroup"
	"fairlead/proto"
	"fairlead/proto/journalpb"
)

// Marshal encodes the snapshot for the journal.
func (s *Snapshot) Marshal() ([]byte, error) {
	m := s.Image
	out := journalpb.Snapshot{
		NowMs: m.Now, LastGroup: m.LastGroup, LastRun: m.LastRun, Kinds: m.Kinds,
		Least: encodeVector(m.Least), PreemptedMs: m.Preempted, ShrunkMs: m.Shrunk,
		Measured: encodeMeasured(m.Measured),
	}
	for _, n := range m.Nodes {
		out.Nodes = append(out.Nodes, journalpb.Node{
			Role: n.Role, Framework: n.Framework, Weight: n.Weight, Placements: n.Placements,
			Guarantee: encodeQuantities(n.Guarantee), Limit: encodeQuantities(n.Limit), Fairness: encodeSums(n.Fairness), Past: encodeVector(n.Past),
		})
	}
	for _, r := range m.Roles {
		out.DefaultRoles = append(out.DefaultRoles, journalpb.NodeSet{Role: r.Role, Framework: r.Framework})
	}
	for _, a := range m.Agents {
		seen := encodeAgentSeen(allocator.AgentSeen{
			Agent: a.Agent, Host: a.Host, Attributes: a.Attributes, Total: a.Total, Ports: a.Ports, Sets: a.Sets, Slots: a.Slots, Owned: a.Owned,
		})
		out.Agents = append(out.Agents, journalpb.Agent{Seen: seen, IsSeen: a.Seen, Lost: a.Lost})
	}
	for i := range m.Groups {
		out.Groups = append(out.Groups, encodeGroup(&m.Groups[i], s.Specs[i]))
	}
	for i := range m.Runs {
		out.Runs = append(out.Runs, encodeRun(&m.Runs[i]))
	}
	encodeWorkload(&m.Workload, &out)
	for _, h := range m.Holds {
		out.Holds = append(out.Holds, *encodeHold(h))
	}
	return out.Marshal()
}

// UnmarshalSnapshot reads what Marshal wrote.
func UnmarshalSnapshot(data []byte) (*Snapshot, error) {
	var in journalpb.Snapshot
	if err := in.Unmarshal(data); err != nil {
		return nil, fmt.Errorf("%w: %w", errRecord, err)
	}
	m := &allocator.Image{
		Now: in.NowMs, LastGroup: in.LastGroup, LastRun: in.LastRun, Kinds: in.Kinds, Preempted: in.PreemptedMs, Shrunk: in.ShrunkMs,
		Measured: decodeMeasured(in.Measured),
	}
	var err error
	if m.Least, err = decodeVector(in.Least); err != nil {
		return nil, err
	}
	for _, n := range in.Nodes {
		past, err := decodeVector(n.Past)
		if err != nil {
			return nil, err
		}
		m.Nodes = append(m.Nodes, allocator.NodeImage{
			Role: n.Role, Framework: n.Framework, Weight: n.Weight, Placements: n.Placements,
			Guarantee: decodeQuantities(n.Guarantee), Limit: decodeQuantities(n.Limit), Fairness: decodeSums(n.Fairness), Past: past,
		})
	}
	for _, r := range in.DefaultRoles {
		m.Roles = append(m.Roles, allocator.RoleOf{Framework: r.Framework, Role: r.Role})
	}
	for _, a := range in.Agents {
		m.Agents = append(m.Agents, decodeAgent(a))
	}
	s := &Snapshot{Image: m}
	for i := range in.Groups {
		g, err := decodeGroup(&in.Groups[i])
		if err != nil {
			return nil, err
		}
		m.Groups = append(m.Groups, g)
		s.Specs = append(s.Specs, in.Groups[i].Spec)
	}
	for i := range in.Runs {
		r, err := decodeRun(&in.Runs[i])
		if err != nil {
			return nil, err
		}
		m.Runs = append(m.Runs, r)
	}
	m.Workload = decodeWorkload(&in)
	for i := range in.Holds {
		m.Holds = append(m.Holds, decodeHold(&in.Holds[i]))
	}
	return s, nil
}

func decodeAgent(a journalpb.Agent) allocator.AgentImage {
	seen := decodeAgentSeen(a.Seen)
	return allocator.AgentImage{
		Agent: seen.Agent, Host: seen.Host, Attributes: seen.Attributes, Total: seen.Total, Ports: seen.Ports, Sets: seen.Sets,
		Slots: seen.Slots, Owned: seen.Owned, Seen: a.IsSeen, Lost: a.Lost,
	}
}

func encodeGroup(g *allocator.GroupImage, spec *proto.TaskGroup) journalpb.Group {
	out := journalpb.Group{
		Spec: spec, Role: g.Spec.Role, Seq: g.Seq, ArrivedMs: g.Arrived, EndedMs: g.Ended, Again: g.Again, Unmet: g.Unmet,
		Dying: g.Dying, Outcome: uint32(g.Outcome), Message: g.Message,
		SinceMs: g.Since, Holds: g.Holds, HoldFromMs: g.HoldFrom, Soft: encodeSoft(&g.Soft), Reruns: g.Reruns, Periodic: encodePeriodicState(g.Periodic),
		GrownMilli: convert(g.Grown, func(a drf.Amount) int64 { return int64(a) }),
	}
	for _, in := range g.Instances {
		out.Instances = append(out.Instances, journalpb.Instance{
			Run: uint64(in.Run), NotBeforeMs: in.NotBefore, Charged: in.Charged, Attempts: in.Attempts,
			Lost: in.Lost, State: uint32(in.State), Outcome: uint32(in.Outcome), Dying: in.Dying, Agent: in.Agent,
		})
	}
	for _, t := range g.Trail {
		out.Trail = append(out.Trail, journalpb.Step{AtMs: t.At, What: string(t.What), Message: t.Message})
	}
	for _, h := range g.History {
		out.History = append(out.History, journalpb.Attempt{
			Run: uint64(h.Run), Instance: h.Instance, Agent: h.Agent, StartMs: h.Start, EndMs: h.End,
			Outcome: uint32(h.Outcome), Message: h.Message,
		})
	}
	return out
}

func decodeGroup(in *journalpb.Group) (allocator.GroupImage, error) {
	if in.Spec == nil {
		return allocator.GroupImage{}, fmt.Errorf("%w: a group without specification", errRecord)
	}
	spec, err := taskgroup.Core(in.Spec)
	if err != nil {
		return allocator.GroupImage{}, err
	}
	spec.Role = in.Role
	outcome, err := decodeOutcome(in.Outcome)
	if err != nil {
		return allocator.GroupImage{}, err
	}
	g := allocator.GroupImage{
		Spec: spec, Seq: in.Seq, Arrived: in.ArrivedMs, Ended: in.EndedMs, Again: in.Again, Unmet: in.Unmet,
		Dying: in.Dying, Outcome: outcome, Message: in.Message,
		Since: in.SinceMs, Holds: in.Holds, HoldFrom: in.HoldFromMs, Soft: decodeSoft(in.Soft), Reruns: in.Reruns, Periodic: decodePeriodicState(in.Periodic),
		Grown: convert(in.GrownMilli, func(n int64) drf.Amount { return drf.Amount(n) }),
	}
	for _, x := range in.Instances {
		o, err := decodeOutcome(x.Outcome)
		if err != nil {
			return g, err
		}
		g.Instances = append(g.Instances, allocator.InstanceImage{
			Run: allocator.RunID(x.Run), NotBefore: x.NotBeforeMs, Charged: x.Charged, Attempts: x.Attempts,
			Lost: x.Lost, State: uint8(x.State), Outcome: o, Dying: x.Dying, Agent: x.Agent,
		})
	}
	for _, t := range in.Trail {
		g.Trail = append(g.Trail, allocator.Step{At: t.AtMs, What: allocator.StepKind(t.What), Message: t.Message})
	}
	for _, h := range in.History {
		o, err := decodeOutcome(h.Outcome)
		if err != nil {
			return g, err
		}
		g.History = append(g.History, allocator.Attempt{
			Run: allocator.RunID(h.Run), Instance: h.Instance, Agent: h.Agent, Start: h.StartMs, End: h.EndMs,
			Outcome: o, Message: h.Message,
		})
	}
	return g, nil
}

func encodeRun(r *allocator.RunImage) journalpb.Run {
	out := journalpb.Run{
		Run: uint64(r.Run), Framework: r.Framework, Group: r.Group, Instance: r.Instance, Agent: r.Agent, Slot: r.Slot,
		Ports: r.Ports, Items: r.Items, Devices: r.Devices, Overhead: encodeQuantities(r.Overhead), StartedMs: r.Started, KillAtMs: r.KillAt,
		LostAtMs: r.LostAt, Outcome: uint32(r.Outcome), Hopeless: r.Hopeless, Preempted: r.Preempted, Message: r.Message, Cause: uint32(r.Cause), Oom: r.OOM, GrownMilli: int64(r.Grown),
	}
	for _, st := range r.States {
		out.States = append(out.States, uint32(st))
	}
	return out
}

func decodeRun(in *journalpb.Run) (allocator.RunImage, error) {
	outcome, err := decodeOutcome(in.Outcome)
	cause, badCause := decodeCause(in.Cause)
	r := allocator.RunImage{
		Run: allocator.RunID(in.Run), Framework: in.Framework, Group: in.Group, Instance: in.Instance, Agent: in.Agent,
		Slot: in.Slot, Ports: in.Ports, Items: in.Items, Devices: in.Devices, Overhead: decodeQuantities(in.Overhead), Started: in.StartedMs,
		KillAt: in.KillAtMs, LostAt: in.LostAtMs, Outcome: outcome, Hopeless: in.Hopeless, Preempted: in.Preempted, Cause: cause, OOM: in.Oom, Grown: drf.Amount(in.GrownMilli), Message: in.Message,
	}
	for _, st := range in.States {
		if st > uint32(allocator.TaskLost) {
			return r, fmt.Errorf("%w: task state %d", errRecord, st)
		}
		r.States = append(r.States, allocator.TaskState(st))
	}
	return r, errors.Join(err, badCause)
}

func encodeAgentSeen(a allocator.AgentSeen) *journalpb.AgentSeen {
	return &journalpb.AgentSeen{
		Agent: a.Agent, Host: a.Host, Attributes: encodeAttributes(a.Attributes), Total: encodeQuantities(a.Total),
		Ports: encodePorts(a.Ports), Sets: encodeSets(a.Sets), Slots: a.Slots, Owned: a.Owned,
	}
}

func decodeAgentSeen(a *journalpb.AgentSeen) allocator.AgentSeen {
	return allocator.AgentSeen{
		Agent: a.GetAgent(), Host: a.GetHost(), Attributes: decodeAttributes(a.GetAttributes()),
		Total: decodeQuantities(a.GetTotal()), Ports: decodePorts(a.GetPorts()), Sets: decodeSets(a.GetSets()), Slots: a.GetSlots(), Owned: a.GetOwned(),
	}
}

// convert maps a list; nil stays nil, so that equal values have equal encodings.
func convert[A, B any](list []A, fn func(A) B) []B {
	var out []B
	for _, x := range list {
		out = append(out, fn(x))
	}
	return out
}

func encodeAttributes(as []allocator.Attribute) []proto.Pair {
	return convert(as, func(a allocator.Attribute) proto.Pair { return proto.Pair{Name: a.Name, Value: a.Value} })
}

func decodeAttributes(ps []proto.Pair) []allocator.Attribute {
	return convert(ps, func(p proto.Pair) allocator.Attribute { return allocator.Attribute{Name: p.Name, Value: p.Value} })
}

func encodeQuantities(qs []allocator.Quantity) []journalpb.Quantity {
	return convert(qs, func(q allocator.Quantity) journalpb.Quantity {
		return journalpb.Quantity{Name: q.Name, Milli: int64(q.Amount)}
	})
}

func decodeQuantities(qs []journalpb.Quantity) []allocator.Quantity {
	return convert(qs, func(q journalpb.Quantity) allocator.Quantity {
		return allocator.Quantity{Name: q.Name, Amount: drf.Amount(q.Milli)}
	})
}

func encodePorts(rs []allocator.PortRange) []journalpb.PortRange {
	return convert(rs, func(r allocator.PortRange) journalpb.PortRange { return journalpb.PortRange(r) })
}

func decodePorts(rs []journalpb.PortRange) []allocator.PortRange {
	return convert(rs, func(r journalpb.PortRange) allocator.PortRange { return allocator.PortRange(r) })
}

func encodeSets(sets []allocator.Set) []journalpb.Set {
	return convert(sets, func(s allocator.Set) journalpb.Set { return journalpb.Set(s) })
}

func decodeSets(sets []journalpb.Set) []allocator.Set {
	return convert(sets, func(s journalpb.Set) allocator.Set { return allocator.Set(s) })
}
