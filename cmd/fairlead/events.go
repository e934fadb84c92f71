package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"fairlead/internal/api"
	"fairlead/internal/client"
)

func (a *app) eventsCommand() *cobra.Command {
	var q client.EventQuery
	var follow bool
	cmd := &cobra.Command{
		Use:     "events",
		Short:   "Print what happened",
		GroupID: groupWatch,
		Long: `Print the events that the scheduler remembers, and with -f those that happen from
then on. With -f and --format json, each line is one event.`,
		Example: `  fairlead events
  fairlead events -f --framework analytics
  fairlead events -f --format json | jq -c 'select(.type == "group.failed")'`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on until interrupted")
	cmd.Flags().Uint64Var(&q.After, "after", 0, "only events after the one with this `number`")
	cmd.Flags().StringVar(&q.Framework, "framework", "", "only events of one `framework`")
	return a.client(cmd, func(ctx context.Context, c *client.Client, _ []string) error {
		if follow {
			return followed(ctx, true, c.Follow(ctx, q, a.event))
		}
		list, err := c.Events(ctx, q)
		if err != nil {
			return err
		}
		return a.print(list, func(w io.Writer) {
			for _, e := range list.Events {
				fmt.Fprintln(w, a.eventLine(e))
			}
		})
	})
}

// event prints one event of a stream.
func (a *app) event(e api.Event) error {
	return a.printNext(e, func(w io.Writer) { fmt.Fprintln(w, a.eventLine(e)) })
}

func (a *app) eventLine(e api.Event) string {
	name := ""
	if e.Group != "" {
		name = e.Framework + "/" + e.Group
		if !strings.HasPrefix(e.Type, "group.") {
			name += fmt.Sprintf("/%d", e.Instance)
		}
	}
	_, state, _ := strings.Cut(e.Type, ".")
	kind := paint(styled(fmt.Sprintf("%-20s", e.Type), stateStyle(state)), a.colourful())
	fields := []string{e.At.Local().Format("15:04:05.000"), kind}
	for _, s := range []string{name, e.Agent, e.Message} {
		if s != "" {
			fields = append(fields, printable(s))
		}
	}
	return strings.Join(fields, "  ")
}
