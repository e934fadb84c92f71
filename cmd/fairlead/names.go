package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fairlead/internal/api"
	"fairlead/internal/client"
	"fairlead/internal/taskgroup"
)

// target is what NAME means on the command line: a task group, or one of its
// instances.
type target struct {
	api.Name
	instance int32 // -1: all of them
}

// parseTarget reads framework/group or framework/group/instance. A bare group
// is one of the default framework.
func parseTarget(name string) (target, error) {
	t := target{instance: -1}
	parts := strings.Split(name, "/")
	switch len(parts) {
	case 1:
		t.Name = api.Name{Framework: taskgroup.DefaultFramework, Name: parts[0]}
	case 2, 3:
		t.Name = api.Name{Framework: parts[0], Name: parts[1]}
	}
	if t.Framework == "" || t.Name.Name == "" {
		return t, usagef("%q is not a name: expected framework/group or framework/group/instance", name)
	}
	if len(parts) == 3 {
		n, err := strconv.ParseInt(parts[2], 10, 32)
		if err != nil || n < 0 {
			return t, usagef("%q is not a name: %q is not the number of an instance", name, parts[2])
		}
		t.instance = int32(n)
	}
	return t, nil
}

// in fails if a group has no instance of this number.
func (t target) in(g *api.GroupDetail) error {
	if t.instance < g.Instances || g.PerAgent {
		return nil
	}
	return fmt.Errorf("task group %s has no instance %d: they are 0 to %d", t.Name, t.instance, g.Instances-1)
}

func (t target) String() string {
	if t.instance < 0 {
		return t.Name.String()
	}
	return t.Name.String() + "/" + strconv.Itoa(int(t.instance))
}

// choices lets the shell complete an option that takes one of some words.
func choices[T ~string](cmd *cobra.Command, option string, words []T) {
	var texts []string
	for _, w := range words {
		texts = append(texts, string(w))
	}
	cmd.RegisterFlagCompletionFunc(option, //nolint:errcheck // fails for unknown options only
		cobra.FixedCompletions(texts, cobra.ShellCompDirectiveNoFileComp))
}

// completionTimeout bounds how long a shell waits for names.
const completionTimeout = 2 * time.Second

// completeNames lets the shell complete the names of task groups.
func (a *app) completeNames(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	const none = cobra.ShellCompDirectiveNoFileComp
	if a.fromEnvironment(cmd.Flags()) != nil {
		return nil, none
	}
	c, err := client.New(a.server)
	if err != nil {
		return nil, none
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTimeout)
	defer cancel()
	list, err := c.Groups(ctx, "")
	if err != nil {
		return nil, none
	}
	var names []string
	for _, g := range list.Groups {
		names = append(names, g.Framework+"/"+g.Name)
	}
	return names, none
}
