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

// errRecord is wrapped by everything that makes a stored record unreadable.
var errRecord = errors.New("not a record of this version")

// Marshal encodes the record for the journal.
func (r *Record) Marshal() ([]byte, error) {
	out := journalpb.Record{AtMs: r.At}
	specs := r.Specs
	for _, f := range r.Facts {
		var spec *proto.TaskGroup
		if _, ok := f.(allocator.GroupSubmitted); ok {
			if len(specs) == 0 {
				return nil, fmt.Errorf("%w: a group was submitted without its specification", errRecord)
			}
			spec, specs = specs[0], specs[1:]
		}
		encoded, err := encodeFact(f, spec)
		if err != nil {
			return nil, err
		}
		out.Facts = append(out.Facts, encoded)
	}
	for _, a := range r.Actions {
		encoded, err := encodeAction(a)
		if err != nil {
			return nil, err
		}
		out.Actions = append(out.Actions, encoded)
	}
	return out.Marshal()
}

// UnmarshalRecord reads what Marshal wrote.
func UnmarshalRecord(data []byte) (*Record, error) {
	var in journalpb.Record
	if err := in.Unmarshal(data); err != nil {
		return nil, fmt.Errorf("%w: %w", errRecord, err)
	}
	r := &Record{At: in.AtMs}
	for i := range in.Facts {
		f, err := decodeFact(&in.Facts[i])
		if err != nil {
			return nil, err
		}
		r.Facts = append(r.Facts, f)
		if spec := in.Facts[i].GetGroupSubmitted(); spec != nil {
			r.Specs = append(r.Specs, spec)
		}
	}
	for i := range in.Actions {
		a, err := decodeAction(&in.Actions[i])
		if err != nil {
			return nil, err
		}
		r.Actions = append(r.Actions, a)
	}
	return r, nil
}

func encodeFact(f allocator.Fact, spec *proto.TaskGroup) (journalpb.Fact, error) {
	var out journalpb.Fact
	switch f := f.(type) {
	case allocator.AgentSeen:
		out.Fact = &journalpb.Fact_AgentSeen{AgentSeen: encodeAgentSeen(f)}
	case allocator.AgentLost:
		out.Fact = &journalpb.Fact_AgentLost{AgentLost: f.Agent}
	case allocator.OfferAdded:
		out.Fact = &journalpb.Fact_OfferAdded{OfferAdded: &journalpb.OfferAdded{
			Offer: f.Offer, Agent: f.Agent, Host: f.Host, Attributes: encodeAttributes(f.Attributes),
			Resources: encodeQuantities(f.Resources), Ports: encodePorts(f.Ports), Sets: encodeSets(f.Sets), Slots: f.Slots,
		}}
	case allocator.OfferRescinded:
		out.Fact = &journalpb.Fact_OfferRescinded{OfferRescinded: f.Offer}
	case allocator.Connected:
		out.Fact = &journalpb.Fact_Connected{Connected: &journalpb.Empty{}}
	case allocator.Disconnected:
		out.Fact = &journalpb.Fact_Disconnected{Disconnected: &journalpb.Empty{}}
	case allocator.TaskUpdated:
		out.Fact = &journalpb.Fact_TaskUpdated{TaskUpdated: &journalpb.TaskUpdated{
			Run: uint64(f.Run), Task: f.Task, State: uint32(f.State), Message: f.Message, OutOfMemory: f.OutOfMemory,
		}}
	default:
		return encodeRequest(f, spec)
	}
	return out, nil
}

func encodeRequest(f allocator.Fact, spec *proto.TaskGroup) (journalpb.Fact, error) {
	var out journalpb.Fact
	switch f := f.(type) {
	case allocator.RoleSet:
		out.Fact = &journalpb.Fact_RoleSet{RoleSet: &journalpb.NodeSet{
			Role: f.Role, Weight: f.Weight, Guarantee: encodeQuantities(f.Guarantee), Limit: encodeQuantities(f.Limit),
		}}
	case allocator.FrameworkSet:
		out.Fact = &journalpb.Fact_FrameworkSet{FrameworkSet: &journalpb.NodeSet{Role: f.Role, Framework: f.Framework, Weight: f.Weight}}
	case allocator.GroupSubmitted:
		out.Fact = &journalpb.Fact_GroupSubmitted{GroupSubmitted: spec}
	case allocator.GroupKilled:
		out.Fact = &journalpb.Fact_GroupKilled{GroupKilled: &journalpb.GroupName{Framework: f.Framework, Name: f.Name}}
	case allocator.InstanceKilled:
		out.Fact = &journalpb.Fact_InstanceKilled{InstanceKilled: &journalpb.InstanceName{Framework: f.Framework, Name: f.Name, Instance: f.Instance}}
	case allocator.GroupForgotten:
		out.Fact = &journalpb.Fact_GroupForgotten{GroupForgotten: &journalpb.GroupName{Framework: f.Framework, Name: f.Name}}
	case allocator.ScheduleDue:
		out.Fact = &journalpb.Fact_ScheduleDue{ScheduleDue: &journalpb.ScheduleDue{Framework: f.Framework, Name: f.Name, AtMs: f.At, NextMs: f.Next}}
	case allocator.GroupRerun:
		out.Fact = &journalpb.Fact_GroupRerun{GroupRerun: &journalpb.GroupRerun{Framework: f.Framework, Name: f.Name, Below: f.Below}}
	default:
		return out, fmt.Errorf("%w: fact %T", errRecord, f)
	}
	return out, nil
}

func decodeFact(in *journalpb.Fact) (allocator.Fact, error) {
	switch f := in.Fact.(type) {
	case *journalpb.Fact_AgentSeen:
		return decodeAgentSeen(f.AgentSeen), nil
	case *journalpb.Fact_AgentLost:
		return allocator.AgentLost{Agent: f.AgentLost}, nil
	case *journalpb.Fact_OfferAdded:
		o := f.OfferAdded
		return allocator.OfferAdded{
			Offer: o.Offer, Agent: o.Agent, Host: o.Host, Attributes: decodeAttributes(o.Attributes),
			Resources: decodeQuantities(o.Resources), Ports: decodePorts(o.Ports), Sets: decodeSets(o.Sets), Slots: o.Slots,
		}, nil
	case *journalpb.Fact_OfferRescinded:
		return allocator.OfferRescinded{Offer: f.OfferRescinded}, nil
	case *journalpb.Fact_Connected:
		return allocator.Connected{}, nil
	case *journalpb.Fact_Disconnected:
		return allocator.Disconnected{}, nil
	case *journalpb.Fact_TaskUpdated:
		u := f.TaskUpdated
		if u.State > uint32(allocator.TaskLost) {
			return nil, fmt.Errorf("%w: task state %d", errRecord, u.State)
		}
		return allocator.TaskUpdated{Run: allocator.RunID(u.Run), Task: u.Task, State: allocator.TaskState(u.State), Message: u.Message, OutOfMemory: u.OutOfMemory}, nil
	}
	return decodeRequest(in)
}

func decodeRequest(in *journalpb.Fact) (allocator.Fact, error) {
	switch f := in.Fact.(type) {
	case *journalpb.Fact_RoleSet:
		r := f.RoleSet
		return allocator.RoleSet{
			Role: r.Role, Weight: r.Weight, Guarantee: decodeQuantities(r.Guarantee), Limit: decodeQuantities(r.Limit),
		}, nil
	case *journalpb.Fact_FrameworkSet:
		n := f.FrameworkSet
		return allocator.FrameworkSet{Framework: n.Framework, Role: n.Role, Weight: n.Weight}, nil
	case *journalpb.Fact_GroupSubmitted:
		g, err := taskgroup.Core(f.GroupSubmitted)
		return allocator.GroupSubmitted{Group: g}, err
	case *journalpb.Fact_GroupKilled:
		return allocator.GroupKilled{Framework: f.GroupKilled.Framework, Name: f.GroupKilled.Name}, nil
	case *journalpb.Fact_InstanceKilled:
		n := f.InstanceKilled
		return allocator.InstanceKilled{Framework: n.Framework, Name: n.Name, Instance: n.Instance}, nil
	case *journalpb.Fact_GroupForgotten:
		return allocator.GroupForgotten{Framework: f.GroupForgotten.Framework, Name: f.GroupForgotten.Name}, nil
	case *journalpb.Fact_ScheduleDue:
		d := f.ScheduleDue
		return allocator.ScheduleDue{Framework: d.Framework, Name: d.Name, At: d.AtMs, Next: d.NextMs}, nil
	case *journalpb.Fact_GroupRerun:
		n := f.GroupRerun
		return allocator.GroupRerun{Framework: n.Framework, Name: n.Name, Below: n.Below}, nil
	}
	return nil, fmt.Errorf("%w: fact %T", errRecord, in.Fact)
}

func encodeAction(a allocator.Action) (journalpb.Action, error) {
	var out journalpb.Action
	switch a := a.(type) {
	case *allocator.Accept:
		out.Action = &journalpb.Action_Accept{Accept: encodeAccept(a)}
	case allocator.Decline:
		out.Action = &journalpb.Action_Decline{Decline: &journalpb.Decline{Offers: a.Offers, RefuseMs: a.RefuseMillis}}
	case allocator.Revive:
		out.Action = &journalpb.Action_Revive{Revive: &journalpb.Empty{}}
	case allocator.Suppress:
		out.Action = &journalpb.Action_Suppress{Suppress: &journalpb.Empty{}}
	case allocator.Kill:
		out.Action = &journalpb.Action_Kill{Kill: &journalpb.Kill{Run: uint64(a.Run), Agent: a.Agent, Cause: uint32(a.Cause), Message: a.Message}}
	case *allocator.Settle:
		out.Action = &journalpb.Action_Settle{Settle: &journalpb.Settle{
			Run: uint64(a.Run), Outcome: uint32(a.Outcome), Retry: a.Retry, NotBeforeMs: a.NotBefore,
			Charged: a.Charged, Message: a.Message,
		}}
	case allocator.Abandon:
		out.Action = &journalpb.Action_Abandon{Abandon: &journalpb.Abandon{Framework: a.Framework, Group: a.Group, Message: a.Message}}
	case allocator.Hold:
		out.Action = &journalpb.Action_Hold{Hold: encodeHold(a)}
	case allocator.Preempt:
		out.Action = &journalpb.Action_Preempt{Preempt: &journalpb.Preempt{
			Run: uint64(a.Run), Agent: a.Agent, Framework: a.Framework, Group: a.Group, Message: a.Message,
		}}
	case allocator.Release:
		out.Action = &journalpb.Action_Release{Release: &journalpb.Release{Framework: a.Framework, Group: a.Group, Message: a.Message}}
	default:
		return encodePeriodic(a)
	}
	return out, nil
}

func decodeAction(in *journalpb.Action) (allocator.Action, error) {
	switch a := in.Action.(type) {
	case *journalpb.Action_Accept:
		return decodeAccept(a.Accept)
	case *journalpb.Action_Decline:
		return allocator.Decline{Offers: a.Decline.Offers, RefuseMillis: a.Decline.RefuseMs}, nil
	case *journalpb.Action_Revive:
		return allocator.Revive{}, nil
	case *journalpb.Action_Suppress:
		return allocator.Suppress{}, nil
	case *journalpb.Action_Kill:
		cause, err := decodeCause(a.Kill.Cause)
		return allocator.Kill{Run: allocator.RunID(a.Kill.Run), Agent: a.Kill.Agent, Cause: cause, Message: a.Kill.Message}, err
	case *journalpb.Action_Settle:
		d := a.Settle
		outcome, err := decodeOutcome(d.Outcome)
		return &allocator.Settle{
			Run: allocator.RunID(d.Run), Outcome: outcome, Retry: d.Retry, NotBefore: d.NotBeforeMs,
			Charged: d.Charged, Message: d.Message,
		}, err
	case *journalpb.Action_Abandon:
		return allocator.Abandon{Framework: a.Abandon.Framework, Group: a.Abandon.Group, Message: a.Abandon.Message}, nil
	case *journalpb.Action_Hold:
		return decodeHold(a.Hold), nil
	case *journalpb.Action_Preempt:
		p := a.Preempt
		return allocator.Preempt{
			Run: allocator.RunID(p.Run), Agent: p.Agent, Framework: p.Framework, Group: p.Group, Message: p.Message,
		}, nil
	case *journalpb.Action_Release:
		return allocator.Release{Framework: a.Release.Framework, Group: a.Release.Group, Message: a.Release.Message}, nil
	}
	return decodePeriodic(in)
}

func encodeHold(h allocator.Hold) *journalpb.Hold {
	out := &journalpb.Hold{Framework: h.Framework, Group: h.Group, UntilMs: h.Until, CompleteByMs: h.CompleteBy}
	for _, on := range h.On {
		out.On = append(out.On, journalpb.HoldOn(on))
	}
	return out
}

func decodeHold(in *journalpb.Hold) allocator.Hold {
	out := allocator.Hold{Framework: in.Framework, Group: in.Group, Until: in.UntilMs, CompleteBy: in.CompleteByMs}
	for _, on := range in.On {
		out.On = append(out.On, allocator.HoldOn(on))
	}
	return out
}

func encodeAccept(a *allocator.Accept) *journalpb.Accept {
	out := &journalpb.Accept{Agent: a.Agent, Offers: a.Offers, RefuseMs: a.RefuseMillis}
	for _, l := range a.Launches {
		p := journalpb.Launch{
			Run: uint64(l.Run), Framework: l.Framework, Group: l.Group, Instance: l.Instance,
			Slot: l.Slot, Ports: l.Ports, Items: l.Items, Devices: l.Devices,
		}
		p.Charge = encodeVector(l.Charge)
		out.Launches = append(out.Launches, p)
	}
	return out
}

// encodeVector leaves trailing zeros out.
func encodeVector(v drf.Vector) []int64 {
	used := len(v)
	for used > 0 && v[used-1] == 0 {
		used--
	}
	var out []int64
	for _, amount := range v[:used] {
		out = append(out, int64(amount))
	}
	return out
}

func decodeVector(in []int64) (drf.Vector, error) {
	var v drf.Vector
	if len(in) > len(v) {
		return v, fmt.Errorf("%w: %d amounts, at most %d", errRecord, len(in), len(v))
	}
	for k, amount := range in {
		v[k] = drf.Amount(amount)
	}
	return v, nil
}

func decodeAccept(in *journalpb.Accept) (allocator.Action, error) {
	a := &allocator.Accept{Agent: in.Agent, Offers: in.Offers, RefuseMillis: in.RefuseMs}
	for _, p := range in.Launches {
		l := allocator.Launch{
			Run: allocator.RunID(p.Run), Framework: p.Framework, Group: p.Group, Instance: p.Instance,
			Slot: p.Slot, Ports: p.Ports, Items: p.Items, Devices: p.Devices,
		}
		var err error
		if l.Charge, err = decodeVector(p.Charge); err != nil {
			return nil, fmt.Errorf("charge of a launch: %w", err)
		}
		a.Launches = append(a.Launches, l)
	}
	return a, nil
}

func decodeCause(c uint32) (allocator.KillCause, error) {
	if c > uint32(allocator.KillSurplus) {
		return 0, fmt.Errorf("%w: cause of a kill %d", errRecord, c)
	}
	return allocator.KillCause(c), nil
}

func decodeOutcome(o uint32) (allocator.Outcome, error) {
	if o > uint32(allocator.Surplus) {
		return 0, fmt.Errorf("%w: outcome %d", errRecord, o)
	}
	return allocator.Outcome(o), nil
}
