package main

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"fairlead/internal/api"
)

// progress shows people how far task groups are, on standard error.
type progress interface {
	show(target, *api.GroupDetail)
	close()
}

// progress is bars on a terminal, and elsewhere a line for each change.
func (a *app) progress() progress {
	if terminal(a.err) {
		return &barProgress{container: mpb.New(a.drawing(40)...), bars: map[target]*groupBar{}}
	}
	return &lineProgress{app: a, last: map[target]string{}}
}

// drawing is how bars of a width are drawn on standard error. A terminal that says no size, as those of some
// programs do that watch others, is taken for one of 80 columns.
func (a *app) drawing(width int) []mpb.ContainerOption {
	if f, ok := a.err.(*os.File); ok {
		if columns, lines, err := term.GetSize(int(f.Fd())); err == nil && columns*lines == 0 {
			return []mpb.ContainerOption{mpb.WithOutput(struct{ io.Writer }{f}), mpb.WithAutoRefresh()}
		}
	}
	return []mpb.ContainerOption{mpb.WithOutput(a.err), mpb.WithWidth(width)}
}

func summary(g *api.GroupDetail) string {
	s := fmt.Sprintf("%s: %d running, %d pending, %d finished", g.State, g.Running, g.Pending, g.Finished)
	if g.Failed+g.Killed > 0 {
		s += fmt.Sprintf(", %d failed, %d killed", g.Failed, g.Killed)
	}
	return s
}

// lineProgress writes lines, which read well in a log.
type lineProgress struct {
	app  *app
	last map[target]string
}

func (p *lineProgress) show(t target, g *api.GroupDetail) {
	if s := summary(g); s != p.last[t] {
		p.last[t] = s
		p.app.say("%s %s", t, s)
	}
}

func (p *lineProgress) close() {}

// barProgress draws a bar for each target: how many instances have ended.
type barProgress struct {
	container *mpb.Progress
	bars      map[target]*groupBar
}

// groupBar is drawn by a goroutine of mpb, which reads the state.
type groupBar struct {
	bar   *mpb.Bar
	state atomic.Pointer[string]
}

func (p *barProgress) show(t target, g *api.GroupDetail) {
	b, ok := p.bars[t]
	if !ok {
		b = &groupBar{}
		p.bars[t] = b
	}
	state := summary(g)
	b.state.Store(&state)
	if b.bar == nil {
		b.bar = p.container.AddBar(int64(g.Instances),
			mpb.PrependDecorators(decor.Name(t.String(), decor.WCSyncSpaceR)),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return " " + *b.state.Load() })))
	}
	b.bar.SetCurrent(int64(g.Finished + g.Failed + g.Killed))
}

func (p *barProgress) close() {
	for _, b := range p.bars {
		b.bar.Abort(false)
	}
	p.container.Wait()
}
