package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"fairlead/internal/api"
	"fairlead/internal/sim"
	"fairlead/internal/sim/trace"
)

// sources are the scenarios of files, that of a running scheduler and that of a trace, as far as they
// were asked for. The trace, if there is one, can be summed up when its scenario has run.
func (a *app) sources(ctx context.Context, s simulation, files []string) ([][]variation, *trace.Stream, error) {
	settings, err := s.settings()
	if err != nil {
		return nil, nil, err
	}
	scenarios, err := a.readScenarios(files, settings)
	if err == nil && s.fromServer != "" {
		var now [][]variation
		now, err = a.scenarioOfServer(ctx, s.fromServer, settings)
		scenarios = append(scenarios, now...)
	}
	if err != nil || len(s.trace.Files) == 0 {
		return scenarios, nil, err
	}
	if settings != nil {
		return nil, nil, usagef("--set and --sweep change scenarios: write that of --trace to a file first, with 'fairlead trace import'")
	}
	stream, err := a.openStream(s.trace)
	if err != nil {
		return nil, nil, err
	}
	return append(scenarios, bases(stream.Scenario)...), stream, nil
}

// sayOrphans names the task groups that come after one which is not in the scenario. That is no
// error, as it is none on a cluster, where the other one may be submitted later; here none will be.
func (a *app) sayOrphans(file string, s *sim.Scenario) {
	var known map[api.Name]bool
	for i := range s.Groups {
		g := s.Groups[i].Spec
		for _, parent := range slices.Concat(g.After, g.AfterEnd) {
			if known == nil {
				known = map[api.Name]bool{}
				for k := range s.Groups {
					known[api.Name{Framework: s.Groups[k].Spec.Framework, Name: s.Groups[k].Spec.Name}] = true
				}
			}
			if !isThere(known, api.Name{Framework: g.Framework, Name: parent}) {
				a.say("%s: %s/%s comes after %s, which is not in the scenario: it never starts", file, g.Framework, g.Name, parent)
			}
		}
	}
}

// sayImpossible names the task groups that no policy could ever have started, each once.
func (a *app) sayImpossible(results []*sim.Result) {
	const most = 5
	said := map[string]bool{}
	for _, r := range results {
		if r == nil {
			continue // it had not begun when it was interrupted
		}
		for _, g := range r.Impossible {
			text := fmt.Sprintf("%s: %s/%s can't start on this cluster: %s", r.Scenario, g.Framework, g.Group, g.Why)
			if len(said) < most && !said[text] {
				a.say("%s", text)
			}
			said[text] = true
		}
	}
	if more := len(said) - most; more > 0 {
		a.say("... nor can %s", countOf(more, "other task group"))
	}
}

// isThere looks for a group, or for one that it is a part of, such as a stage: NAME.PART.
func isThere(known map[api.Name]bool, n api.Name) bool {
	for !known[n] {
		dot := strings.LastIndexByte(n.Name, '.')
		if dot < 0 {
			return false
		}
		n.Name = n.Name[:dot]
	}
	return true
}

func (a *app) scenarioOfServer(ctx context.Context, url string, settings [][]sim.Setting) ([][]variation, error) {
	w, err := a.readRecorded(ctx, fromServer, url)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := errors.Join(w.Write(&out), describeRecorded(a.err, fromServer, w)); err != nil {
		return nil, err
	}
	some, err := sim.Parse(url, out.Bytes())
	if err != nil {
		return nil, err
	}
	return vary(url, out.Bytes(), some, settings)
}

// openStream opens the trace of --trace FORMAT:FILE.
func (a *app) openStream(t traceImport) (*trace.Stream, error) {
	format, first, ok := strings.Cut(t.Files[0], ":")
	if !ok || first == "" {
		return nil, usagef("--trace %q: expected FORMAT:FILE, such as swf:log.swf.gz", t.Files[0])
	}
	t.Format, t.Files = format, append([]string{first}, t.Files[1:]...)
	options, err := t.options(a)
	if err != nil {
		return nil, err
	}
	stream, err := trace.OpenStream(options)
	if err != nil {
		return nil, usageError{err}
	}
	return stream, nil
}
