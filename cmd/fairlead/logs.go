package main

import (
	"context"
	"slices"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"fairlead/internal/client"
)

func (a *app) logsCommand() *cobra.Command {
	var q client.Logs
	var stderr bool
	var last uint32
	cmd := &cobra.Command{
		Use:     "logs NAME",
		Short:   "Print the output of a task",
		GroupID: groupWork,
		Long: `Print the output of a task, byte for byte. Without an instance in NAME the first
one is meant; without --task the first task that is no sidecar.

With -f the output is followed until the instance has ended, also across
restarts; an instance that has not started yet is waited for.

With --format json or yaml the output is the text of an object, and with -f of one
for each piece of it as it comes.`,
		Example: `  fairlead logs analytics/etl
  fairlead logs analytics/etl/3 --task proxy --stderr
  fairlead logs analytics/etl -f --tail 1000`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeNames,
	}
	cmd.Flags().StringVar(&q.Task, "task", "", "which `task` of the group")
	cmd.Flags().BoolVarP(&q.Follow, "follow", "f", false, "go on until the instance has ended")
	cmd.Flags().BoolVar(&stderr, "stderr", false, "print its standard error instead")
	cmd.Flags().Uint32Var(&last, "tail", 0, "print only the last so many `bytes`; 0: all")
	return a.client(cmd, func(ctx context.Context, c *client.Client, args []string) error {
		t, err := parseTarget(args[0])
		if err != nil {
			return err
		}
		q.Group, q.Instance, q.Offset, q.Stream = t.Name, max(0, t.instance), -int64(last), "stdout"
		if stderr {
			q.Stream = "stderr"
		}
		if a.format == asTable {
			return followed(ctx, q.Follow, c.Logs(ctx, q, a.out))
		}
		out := &outputWriter{app: a, of: output{Name: target{t.Name, q.Instance}.String(), Task: q.Task, Stream: q.Stream}, pieces: q.Follow}
		if err := followed(ctx, q.Follow, c.Logs(ctx, q, out)); err != nil {
			return err
		}
		return out.close()
	})
}

// output is what a task has written, for programs. Bytes that are no UTF-8
// become the replacement character.
type output struct {
	Name   string `json:"name"`
	Task   string `json:"task,omitempty"`
	Stream string `json:"stream"`
	Text   string `json:"text"`
}

// outputWriter collects output, or prints it in pieces as it comes. A piece
// ends with a character, so that none is cut.
type outputWriter struct {
	app    *app
	of     output
	pieces bool
	rest   []byte // that is not printed yet
}

func (o *outputWriter) Write(p []byte) (int, error) {
	o.rest = append(o.rest, p...)
	if !o.pieces {
		return len(p), nil
	}
	whole := len(o.rest)
	for start := whole - 1; start >= 0 && start >= whole-utf8.UTFMax; start-- {
		if utf8.RuneStart(o.rest[start]) {
			if !utf8.FullRune(o.rest[start:]) {
				whole = start
			}
			break
		}
	}
	if whole == 0 {
		return len(p), nil
	}
	o.of.Text = string(o.rest[:whole])
	o.rest = slices.Clone(o.rest[whole:])
	return len(p), o.app.printNext(o.of, nil)
}

// close prints what is left.
func (o *outputWriter) close() error {
	o.of.Text = string(o.rest)
	switch {
	case !o.pieces:
		return o.app.print(o.of, nil)
	case o.of.Text != "":
		return o.app.printNext(o.of, nil)
	}
	return nil
}

// followed is the error of something that goes on until it is interrupted:
// that is its good end.
func followed(ctx context.Context, follow bool, err error) error {
	if follow && ctx.Err() != nil {
		return nil
	}
	return err
}
