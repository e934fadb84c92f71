package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"fairlead/internal/sim"
)

// simProgress is one bar for all runs, on a terminal only, for people who wait for more than a moment.
type simProgress struct {
	app   *app
	mu    sync.Mutex
	runs  []sim.Progress
	since time.Time
	shown time.Duration // after since
	words atomic.Pointer[string]
	bar   *mpb.Bar
	on    *mpb.Progress
}

const (
	// moment is how long nobody minds waiting without a bar.
	moment = time.Second
	// blink is how often the bar moves.
	blink = 100 * time.Millisecond
	// barSteps is how finely the bar moves.
	barSteps = 1000
)

// simProgress is nil where nobody would see it.
func (a *app) simProgress(runs int) *simProgress {
	if !terminal(a.err) {
		return nil
	}
	return &simProgress{app: a, runs: make([]sim.Progress, runs), since: time.Now()}
}

// of is what a run calls.
func (p *simProgress) of(run int) func(sim.Progress) {
	if p == nil {
		return nil
	}
	return func(now sim.Progress) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.runs[run] = now
		p.show()
	}
}

// done says that a run is over.
func (p *simProgress) done(run int) {
	if p != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.runs[run].Part = 1
		p.show()
	}
}

// show moves the bar. It must not wait for mpb with what mpb waits for, so that words are made here.
func (p *simProgress) show() {
	elapsed := time.Since(p.since)
	if elapsed < moment || elapsed-p.shown < blink {
		return
	}
	p.shown = elapsed
	part, events := 0.0, int64(0)
	for _, r := range p.runs {
		part += r.Part / float64(len(p.runs))
		events += r.Events
	}
	words := fmt.Sprintf(" %.2fM events/s", float64(events)/1e6/elapsed.Seconds())
	if part > 0 {
		left := time.Duration(float64(elapsed) * (1 - part) / part)
		words += fmt.Sprintf(", %s left", left.Round(time.Second))
	}
	p.words.Store(&words)
	if p.bar == nil {
		p.on = mpb.New(p.app.drawing(48)...)
		p.bar = p.on.AddBar(barSteps,
			mpb.PrependDecorators(decor.Name("simulating"), decor.Percentage(decor.WCSyncSpace)),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return *p.words.Load() })))
	}
	p.bar.SetCurrent(int64(part * barSteps))
}

// close takes the bar away.
func (p *simProgress) close() {
	if p == nil {
		return
	}
	p.mu.Lock()
	bar := p.bar
	p.mu.Unlock()
	if bar != nil {
		bar.Abort(true)
		p.on.Wait()
	}
}
