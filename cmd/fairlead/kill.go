package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"fairlead/internal/api"
	"fairlead/internal/client"
)

func (a *app) killCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "kill NAME...",
		Short:   "End task groups or instances; remove groups that have ended",
		GroupID: groupWork,
		Long: `End a live task group (framework/group) or one instance of it
(framework/group/instance); an instance that was killed does not run again.
A group that has ended is removed, which frees its name.`,
		Example: `  fairlead kill analytics/etl
  fairlead kill analytics/etl/3`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: a.completeNames,
	}
	return a.client(cmd, a.kill)
}

// killed is the result for one name.
type killed struct {
	Name   string `json:"name"`
	Action string `json:"action"`
}

// kill asks for each name, also after one that is refused, and then says what
// was done and what was not.
func (a *app) kill(ctx context.Context, c *client.Client, args []string) error {
	var targets []target
	for _, arg := range args {
		t, err := parseTarget(arg)
		if err != nil {
			return err
		}
		targets = append(targets, t)
	}
	result := []killed{}
	var refused []error
	for _, t := range targets {
		done, err := c.Delete(ctx, t.Name, t.instance)
		if err != nil {
			refused = append(refused, err)
		}
		if errors.Is(err, client.ErrNoAnswer) {
			break
		} else if err != nil {
			continue
		}
		result = append(result, killed{t.String(), done.Action})
	}
	err := a.print(result, func(w io.Writer) {
		for _, k := range result {
			word := map[string]string{api.ActionKilled: "is being killed", api.ActionRemoved: "had ended and is removed", api.ActionNone: "had ended"}[k.Action]
			fmt.Fprintf(w, "%s %s\n", k.Name, word)
		}
	})
	return errors.Join(append(refused, err)...)
}
