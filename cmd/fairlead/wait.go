package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"fairlead/internal/api"
	"fairlead/internal/client"
)

func (a *app) waitCommand() *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:     "wait NAME...",
		Short:   "Wait until task groups or instances have ended",
		GroupID: groupWork,
		Long: `Wait until every NAME (framework/group or framework/group/instance) has ended.

Exit status: 0 all finished well; 1 one did not, or the time was up.`,
		Example: `  fairlead wait analytics/etl
  fairlead wait analytics/etl/0 --timeout 10m`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: a.completeNames,
	}
	cmd.Flags().Var(durationOf(&timeout, 0), "timeout", "give up after this `time`; 0: never")
	return a.client(cmd, func(ctx context.Context, c *client.Client, args []string) error {
		var names []target
		for _, arg := range args {
			t, err := parseTarget(arg)
			if err != nil {
				return err
			}
			names = append(names, t)
		}
		if timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, timeout)
			defer cancel()
		}
		return a.waitFor(ctx, c, names)
	})
}

// ended is the result of a wait.
type ended struct {
	Name    string `json:"name"`
	State   string `json:"state"`
	Message string `json:"message,omitempty"`
}

// waitFor waits for the end of all targets, shows progress meanwhile, prints
// how each ended, and fails unless all finished well.
func (a *app) waitFor(ctx context.Context, c *client.Client, names []target) error {
	bars := a.progress()
	w := &waiter{client: c, open: names, seen: bars.show, ends: map[target]ended{}}
	for _, t := range names {
		w.ends[t] = ended{Name: t.String(), State: "unknown"}
	}
	err := w.run(ctx)
	bars.close()
	late := errors.Is(err, context.DeadlineExceeded)
	if late {
		err = fmt.Errorf("%s has not ended: the time is up", w.open[0])
	} else if err != nil {
		return err
	}
	if late && a.format == asTable {
		return err
	}
	good := true
	result := []ended{}
	for _, t := range names {
		e := w.ends[t]
		result = append(result, e)
		good = good && e.State == "finished"
	}
	printed := a.print(result, func(out io.Writer) {
		t := a.table("NAME", "STATE", "MESSAGE")
		for _, e := range result {
			t.add(text(e.Name), styled(e.State, stateStyle(e.State)), text(e.Message))
		}
		t.write(out)
	})
	if err = errors.Join(err, printed); err == nil && !good {
		err = quietError(exitFailed)
	}
	return err
}

const (
	waitPatience = 30 * time.Second // without any answer
	waitSafety   = 10 * time.Second // between looks when there is no news
	waitPause    = 200 * time.Millisecond
)

// waiter looks at targets whenever there is news until none is open.
type waiter struct {
	client *client.Client
	open   []target
	seen   func(target, *api.GroupDetail)
	ends   map[target]ended // as seen last
}

func (w *waiter) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	news, stopped := make(chan struct{}, 1), make(chan struct{})
	go func() {
		defer close(stopped)
		w.listen(ctx, news)
	}()
	defer func() { cancel(); <-stopped }()
	answered := time.Now()
	for {
		switch err := w.look(ctx); {
		case err == nil:
			answered = time.Now()
		case !errors.Is(err, client.ErrNoAnswer) || time.Since(answered) > waitPatience:
			return err
		}
		if len(w.open) == 0 {
			return nil
		}
		if err := pause(ctx, news); err != nil {
			return err
		}
	}
}

// pause waits for news, and a little in any case, since news come in bursts.
func pause(ctx context.Context, news <-chan struct{}) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-news:
	case <-time.After(waitSafety):
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(waitPause):
		return nil
	}
}

// listen signals when something happened, or when it can't be known.
func (w *waiter) listen(ctx context.Context, news chan<- struct{}) {
	tell := func(api.Event) error {
		select {
		case news <- struct{}{}:
		default:
		}
		return nil
	}
	query := client.EventQuery{After: ^uint64(0)}
	if len(w.open) == 1 {
		query.Framework, query.Group = w.open[0].Framework, w.open[0].Name.Name
	}
	for ctx.Err() == nil {
		_ = w.client.Follow(ctx, query, tell)
		_ = tell(api.Event{}) // the look after it finds out what is wrong
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// look asks for every open target, and closes those that have ended.
func (w *waiter) look(ctx context.Context) error {
	var open []target
	for i, t := range w.open {
		g, err := w.client.Group(ctx, t.Name)
		if err != nil {
			w.open = append(open, w.open[i:]...)
			return err
		}
		if err := t.in(g); err != nil {
			return err
		}
		w.seen(t, g)
		e, over := t.ended(g)
		if w.ends[t] = e; !over {
			open = append(open, t)
		}
	}
	w.open = open
	return nil
}

// ended is how a target ended, if it has.
func (t target) ended(g *api.GroupDetail) (ended, bool) {
	e := ended{Name: t.String(), State: g.State, Message: g.Message}
	if t.instance < 0 {
		return e, g.Over()
	}
	over := g.Over()
	for i := range g.Runs {
		if run := &g.Runs[i]; run.Number == t.instance {
			e.State, over = run.State, over || run.Over()
		}
	}
	for _, run := range g.History {
		if run.Instance == t.instance {
			e.Message = run.Message
		}
	}
	return e, over
}
