package main

import (
	"context"
	"errors"
	"math"
	"os"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"fairlead/allocator"
	"fairlead/internal/sim"
)

// variants is one set of options for each policy and each placement.
func (s *simulation) variants(seeded bool) ([]sim.Options, error) {
	o := sim.Options{Placements: s.starts, Samples: s.samples || s.pictures(), Check: s.check, HalfLifeMillis: s.halfLife.Milliseconds()}
	var err error
	if o.FairnessKnob, err = fairnessKnob(s.knob); err != nil {
		return nil, err
	}
	if seeded {
		o.Seed = &s.seed
	}
	if err := s.checkFormats(); err != nil {
		return nil, err
	}
	for _, b := range s.bins {
		if b < 1 || b >= math.MaxUint32 || len(o.Bins) > 0 && uint32(b) <= o.Bins[len(o.Bins)-1] {
			return nil, usagef("--bins: expected rising numbers from 1, such as 1,10,100")
		}
		o.Bins = append(o.Bins, uint32(b))
	}
	policies, err := named("policy", s.policies, allocator.Policies())
	if err != nil {
		return nil, err
	}
	placements, err := named("placement", s.placements, allocator.Placements())
	if err != nil {
		return nil, err
	}
	var all []sim.Options
	for _, o.Policy = range policies {
		for _, o.Placement = range placements {
			all = append(all, o)
		}
	}
	return all, nil
}

// named are the given names of policies or placements, or "" alone, for what the scenario says.
func named[T ~string](option string, given []string, known []T) ([]T, error) {
	if len(given) == 0 {
		return []T{""}, nil
	}
	var out []T
	for _, name := range given {
		if !slices.Contains(known, T(name)) {
			return nil, usagef("--%s %q: expected one of %s", option, name, join(known))
		}
		out = append(out, T(name))
	}
	return out, nil
}

// simRun is one simulation to do.
type simRun struct {
	scenario *sim.Scenario
	options  sim.Options
	alone    bool       // is each framework to be run by itself, too
	groups   *groupFile // nil if nobody asked
}

type simRuns []*simRun

// runs are all scenarios with all sets of options.
func (s *simulation) runs(scenarios [][]variation, options []sim.Options) (simRuns, error) {
	var out simRuns
	for _, variations := range scenarios {
		for _, o := range options {
			for _, v := range variations {
				o.Changes = v.changes
				out = append(out, &simRun{scenario: v.scenario, options: o, alone: s.alone})
			}
		}
	}
	if s.out == "" {
		return out, nil
	}
	if err := os.MkdirAll(s.out, 0o755); err != nil { // said before the work is done, not after
		return nil, usagef("--out: %w", err)
	}
	if !s.wants("csv") {
		return out, nil
	}
	for i, r := range out {
		var err error
		if r.groups, err = newGroupFile(s.out, i); err != nil {
			return nil, err
		}
		r.options.EachGroup = r.groups.rows.Add
	}
	return out, nil
}

// do runs as many at a time as there are processors, and gives the results in order. If ctx is
// cancelled they are what happened until then; of what had not begun it is nothing.
func (runs simRuns) do(ctx context.Context, bar *simProgress) ([]*sim.Result, error) {
	results := make([]*sim.Result, len(runs))
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, run := range runs {
		group.Go(func() error {
			run.options.Progress = bar.of(i)
			r, err := sim.Run(inner, run.scenario, run.options)
			if err == nil && run.alone {
				err = sim.MeasureAlone(inner, run.scenario, run.options, r)
			}
			results[i] = r
			bar.done(i)
			if errors.Is(err, allocator.ErrInvalid) {
				return usageError{err}
			}
			if r != nil && ctx.Err() != nil {
				return nil // the result says that it is partial
			}
			return err
		})
	}
	return results, group.Wait()
}
