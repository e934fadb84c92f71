package allocator

import (
	"fmt"
	"slices"

	"fairlead/drf"
)

// Config is fixed for the life of a State. The zero value of each field has
// the meaning given with it.
type Config struct {
	Policy    Policy    // default Auto
	Placement Placement // default BestFit
	// FairnessKnob is the knob of Tetris, in thousandths: with f, the group that
	// is aligned best with its agent is served among the first 1-f of the
	// frameworks in line. Default 1,000: whose turn it is is served; negative: 0,
	// all of them. Only under the placement Tetris.
	FairnessKnob drf.Amount
	// Seed makes the draws of the placement Random.
	Seed int64
	// Executor is what each run costs beside its tasks; nothing by default.
	Executor []Quantity
	// MaxPlacements bounds one Tick, so that facts are never kept waiting for
	// long; what is left is placed by the next one. Default 10,000.
	MaxPlacements int
	// RefuseMillis is the filter on offers of which nothing waiting can be
	// served. Default 5,000, as in Mesos.
	RefuseMillis int64
	// IdleRefuseMillis is the filter while nothing waits at all. Default one hour.
	IdleRefuseMillis int64
	// ReviveMillis is the least time between two Revives. Default 250.
	ReviveMillis int64
	// ReserveAfterMillis is how long a group waits before room may be kept for
	// it. Default 30,000; negative: never.
	ReserveAfterMillis int64
	// HoldMillis is how long room is kept for a group. If that was not enough, it
	// is given up, and kept for twice as long the next time, up to a day. Default ten
	// minutes.
	HoldMillis int64
	// AvoidMillis is how long a group keeps away from an agent on which a run of
	// it failed or was lost; twice as long with each failure there, at most five
	// minutes. Not from the only one that could hold it. Default 10,000; negative:
	// never.
	AvoidMillis int64
	// Preemption ends runs of frameworks that hold more than their fair share for
	// those that hold less. Only under the policies DRF and HDRF.
	Preemption bool
	// PreemptAfterMillis is how long a group waits before runs are ended for it.
	// Default 10,000.
	PreemptAfterMillis int64
	// PreemptMinRunMillis is how long a run is left alone. Default 60,000.
	PreemptMinRunMillis int64
	// PreemptPerMinute bounds the runs that are ended in any minute. Default 10.
	PreemptPerMinute int
	// ShrinkAfterMillis is how long a group waits before surplus of elastic groups
	// is ended for it: offers of room that is free may be on their way. Default 2,000.
	ShrinkAfterMillis int64
	// GrowAfterMillis is how long no surplus is started after any was ended for
	// others. Default 10,000.
	GrowAfterMillis int64
	// LateMillis is how late an occurrence of a periodic group may start without
	// counting as missed. Default 60,000.
	LateMillis int64
	// KillRepeatMillis is when an unanswered Kill is sent again. Default 10,000.
	KillRepeatMillis int64
	// UnreachableMillis is how long a run may be out of sight before it counts
	// as lost and is replaced. Default five minutes.
	UnreachableMillis int64
	// HalfLifeMillis lets what a framework held lately count like what it holds now,
	// as an average in which what was is worth half as much after this time. Who
	// used more of late is served later. Of all policies of shares; slots, fifo and
	// ceei do not look at it. Default 0: only what is held now counts.
	HalfLifeMillis int64
	// FairnessMillis is how often it is measured how fairly everybody is served
	// (State.Fairness): at whole multiples of it. It decides nothing. Each time
	// costs about as much as drf.FairShares. Default 0: never.
	FairnessMillis int64
	// History is how many ended runs each group remembers. Default 0.
	History int
	// ReuseActions lets each Tick write its actions over those of the Tick before,
	// which are worthless then: for who deals with them at once. Default false.
	ReuseActions bool
}

func (c Config) withDefaults() (Config, error) {
	fill(&c.MaxPlacements, 10_000)
	fill(&c.RefuseMillis, 5_000)
	fill(&c.IdleRefuseMillis, 3_600_000)
	fill(&c.ReviveMillis, 250)
	fill(&c.ReserveAfterMillis, 30_000)
	fill(&c.HoldMillis, 600_000)
	fill(&c.AvoidMillis, 10_000)
	fill(&c.PreemptAfterMillis, 10_000)
	fill(&c.PreemptMinRunMillis, 60_000)
	fill(&c.PreemptPerMinute, 10)
	fill(&c.ShrinkAfterMillis, 2_000)
	fill(&c.GrowAfterMillis, 10_000)
	fill(&c.LateMillis, 60_000)
	fill(&c.KillRepeatMillis, 10_000)
	fill(&c.UnreachableMillis, 300_000)
	fill(&c.Placement, BestFit)
	fill(&c.FairnessKnob, drf.Unit)
	if c.FairnessKnob > drf.Unit {
		return c, fmt.Errorf("%w: fairness knob %s: expected 0 to 1", ErrInvalid, c.FairnessKnob)
	}
	if c.Policy != Auto && !slices.Contains(Policies(), c.Policy) {
		return c, fmt.Errorf("%w: policy %q: expected one of %v", ErrInvalid, c.Policy, Policies())
	}
	if !slices.Contains(Placements(), c.Placement) {
		return c, fmt.Errorf("%w: placement %q: expected one of %v", ErrInvalid, c.Placement, Placements())
	}
	return c, nil
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
