package scheduler

import (
	"fmt"

	"fairlead/allocator"
	"fairlead/proto/journalpb"
)

// encodePeriodic encodes the decisions about periodic groups.
func encodePeriodic(a allocator.Action) (journalpb.Action, error) {
	var out journalpb.Action
	switch a := a.(type) {
	case allocator.Occur:
		out.Action = &journalpb.Action_Occur{Occur: &journalpb.Occur{Framework: a.Framework, Group: a.Group, DueMs: a.Due}}
	case allocator.Skip:
		out.Action = &journalpb.Action_Skip{Skip: &journalpb.Skip{Framework: a.Framework, Group: a.Group, DueMs: a.Due, Message: a.Message}}
	case allocator.Stop:
		out.Action = &journalpb.Action_Stop{Stop: &journalpb.Stop{Framework: a.Framework, Group: a.Group, Message: a.Message}}
	default:
		return out, fmt.Errorf("%w: action %T", errRecord, a)
	}
	return out, nil
}

func decodePeriodic(in *journalpb.Action) (allocator.Action, error) {
	switch a := in.Action.(type) {
	case *journalpb.Action_Occur:
		return allocator.Occur{Framework: a.Occur.Framework, Group: a.Occur.Group, Due: a.Occur.DueMs}, nil
	case *journalpb.Action_Skip:
		return allocator.Skip{Framework: a.Skip.Framework, Group: a.Skip.Group, Due: a.Skip.DueMs, Message: a.Skip.Message}, nil
	case *journalpb.Action_Stop:
		return allocator.Stop{Framework: a.Stop.Framework, Group: a.Stop.Group, Message: a.Stop.Message}, nil
	}
	return nil, fmt.Errorf("%w: action %T", errRecord, in.Action)
}

func encodePeriodicState(m allocator.PeriodicImage) *journalpb.Periodic {
	return &journalpb.Periodic{
		Idle: m.Idle, Last: m.Last, Ended: m.Ended, DueMs: m.Due, AtMs: m.At, BookedMs: m.Booked, NextMs: m.Next,
	}
}

func decodePeriodicState(in *journalpb.Periodic) allocator.PeriodicImage {
	if in == nil {
		return allocator.PeriodicImage{}
	}
	return allocator.PeriodicImage{
		Idle: in.Idle, Last: in.Last, Ended: in.Ended, Due: in.DueMs, At: in.AtMs, Booked: in.BookedMs, Next: in.NextMs,
	}
}
