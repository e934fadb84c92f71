package main

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"fairlead/allocator"
	"fairlead/internal/sim"
)

// variants is one set of options for each policy and each placement.
func (s *simulation) variants(seeded bool) ([]sim.Options, error) {
	o := sim.Options{Placements: s.starts, Samples: s.samples, Check: s.check}
	var err error
	if o.FairnessKnob, err = fairnessKnob(s.knob); err != nil {
		return nil, err
	}
	if seeded {
		o.Seed = &s.seed
	}
	if s.format != string(asTable) && s.format != string(asJSON) {
		return nil, usagef("--format %q: expected table or json", s.format)
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

// runAll runs each scenario once with each set of options, as many at a time as there are processors,
// and gives the results in that order. If ctx is cancelled they are what happened until then; what had
// not begun is left out.
func runAll(ctx context.Context, scenarios []*sim.Scenario, options []sim.Options) ([]*sim.Result, error) {
	results := make([]*sim.Result, len(scenarios)*len(options))
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range results {
		group.Go(func() error {
			r, err := sim.Run(inner, scenarios[i/len(options)], options[i%len(options)])
			results[i] = r
			if errors.Is(err, allocator.ErrInvalid) {
				return usageError{err}
			}
			if r != nil && ctx.Err() != nil {
				return nil // the result says that it is partial
			}
			return err
		})
	}
	err := group.Wait()
	return slices.DeleteFunc(results, func(r *sim.Result) bool { return r == nil }), err
}
