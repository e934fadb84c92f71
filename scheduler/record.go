package scheduler

import (
	"fairlead/allocator"
	"fairlead/proto"
)

// Record is one batch of the journal: the facts that came in and what was
// decided from them, in that order. Marshal and UnmarshalRecord (codec.go)
// turn it into the journalpb.Record of proto/journal.proto and back.
type Record struct {
	At    int64 // milliseconds
	Facts []allocator.Fact
	// Specs holds the full specification of each GroupSubmitted in Facts, in
	// the same order; the allocator's part is derived from it by taskgroup.Core.
	Specs   []*proto.TaskGroup
	Actions []allocator.Action
}

// Snapshot is the state of the scheduler up to some record of the journal.
type Snapshot struct {
	Image *allocator.Image
	// Specs holds the specification of each of Image.Groups, in the same order.
	Specs []*proto.TaskGroup
}
