package taskgroup

import (
	"fairlead/internal/schedule"
	"fairlead/internal/strictyaml"
	"fairlead/proto"
)

// maxSchedule bounds the text of a schedule.
const maxSchedule = 200

// periodic reads when a group is due, and what becomes of times that overlap or
// are missed.
func periodic(o *strictyaml.Object, g *proto.TaskGroup) {
	v, has := o.Optional("schedule")
	zone, hasZone := o.Optional("timezone")
	overlap, hasOverlap := o.Optional("overlap")
	catchUp, hasCatchUp := o.Optional("catch_up")
	if !has {
		for _, extra := range []struct {
			v  strictyaml.Value
			is bool
		}{{zone, hasZone}, {overlap, hasOverlap}, {catchUp, hasCatchUp}} {
			if extra.is {
				extra.v.Failf("goes with a schedule")
			}
		}
		return
	}
	in, err := schedule.Zone("")
	if hasZone {
		if text, ok := zone.Text(maxSchedule); ok {
			if in, err = schedule.Zone(text); err != nil {
				zone.Failf("%v", err)
			}
			g.Timezone = text
		}
	}
	if text, ok := v.Text(maxSchedule); ok && err == nil {
		if _, err := schedule.Parse(text, in); err != nil {
			v.Failf("%v", err)
		}
		g.Schedule = text
	}
	if hasOverlap {
		g.Overlap = proto.Overlap(max(0, overlap.OneOf("skip", "queue", "replace")))
	}
	if hasCatchUp {
		g.CatchUp = proto.CatchUp(max(0, catchUp.OneOf("one", "none", "all")))
	}
}

// Schedule is when a periodic group is due; nil for any other. The specification
// must have been read without errors.
func Schedule(g *proto.TaskGroup) (*schedule.Schedule, error) {
	if g.Schedule == "" {
		return nil, nil
	}
	zone, err := schedule.Zone(g.Timezone)
	if err != nil {
		return nil, err
	}
	return schedule.Parse(g.Schedule, zone)
}
