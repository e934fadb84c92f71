package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"fairlead/internal/api"
	"fairlead/internal/client"
)

func (a *app) describeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "describe NAME",
		Short:   "Print everything known of a task group",
		GroupID: groupWatch,
		Long: `Print the state of a task group, its instances with their tasks, the runs that
ended, and its specification with every default filled in. If NAME is an
instance, only that one is listed.`,
		Example: `  fairlead describe analytics/etl
  fairlead describe analytics/etl/3
  fairlead describe analytics/etl --format json | jq .spec > again.json`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeNames,
	}
	return a.client(cmd, func(ctx context.Context, c *client.Client, args []string) error {
		t, err := parseTarget(args[0])
		if err != nil {
			return err
		}
		g, err := c.Group(ctx, t.Name)
		if err != nil {
			return err
		}
		if err := t.in(g); err != nil {
			return err
		}
		narrow(g, t.instance)
		return a.print(g, func(w io.Writer) { a.writeGroup(w, g) })
	})
}

// narrow leaves one instance in a group, unless all are wanted.
func narrow(g *api.GroupDetail, instance int32) {
	if instance < 0 {
		return
	}
	runs := []api.Instance{}
	for _, r := range g.Runs {
		if r.Number == instance {
			runs = append(runs, r)
		}
	}
	g.Runs, g.History = runs, attemptsOf(g.History, instance)
}

// attemptsOf leaves those of one instance.
func attemptsOf(attempts []api.Attempt, instance int32) []api.Attempt {
	return slices.DeleteFunc(attempts, func(of api.Attempt) bool { return of.Instance != instance })
}

func (a *app) writeGroup(w io.Writer, g *api.GroupDetail) {
	facts := [][2]string{
		{"Group", g.Framework + "/" + g.Name},
		{"Role", g.Role},
		{"State", paint(styled(g.State, stateStyle(g.State)), a.colourful())},
		{"Message", printable(g.Message)},
		{"Submitted", g.Submitted.Local().Format("2006-01-02 15:04:05")},
		{"Instances", fmt.Sprintf("%s: %d running, %d pending, %d finished, %d failed, %d killed",
			instancesOf(&g.Group).text, g.Running, g.Pending, g.Finished, g.Failed, g.Killed)},
		{"Digest", g.Digest},
	}
	if g.Due != nil {
		facts = append(facts, [2]string{"Was due", when(g.Due)})
	}
	if g.Next != nil {
		facts = append(facts, [2]string{"Next", when(g.Next)})
	}
	if g.Queued > 0 {
		facts = append(facts, [2]string{"Queued", fmt.Sprint(g.Queued)})
	}
	if g.GrownMem > 0 {
		facts = append(facts, [2]string{"Memory", g.GrownMem.String() + " MiB more than was asked for: a task ran out of it"})
	}
	if g.Reruns > 0 {
		facts = append(facts, [2]string{"Reruns", fmt.Sprint(g.Reruns)})
	}
	if g.Ended != nil {
		facts = append(facts, [2]string{"Ended", g.Ended.Local().Format("2006-01-02 15:04:05")})
	}
	for _, f := range facts {
		if f[1] != "" {
			fmt.Fprintf(w, "%-11s%s\n", f[0]+":", f[1])
		}
	}
	if len(g.Runs) > 0 {
		fmt.Fprintln(w, "\nInstances:")
		a.writeInstances(w, g.Runs)
	}
	if len(g.History) > 0 {
		fmt.Fprintln(w, "\nRuns that ended:")
		a.writeAttempts(w, g.History)
	}
	if spec, err := yaml.JSONToYAML(g.Spec); err == nil {
		fmt.Fprintf(w, "\nSpecification:\n%s", indented(string(spec)))
	}
}

func (a *app) writeInstances(w io.Writer, runs []api.Instance) {
	t := a.table("INSTANCE", "STATE", "RUN", "ATTEMPTS", "STARTED", "PORTS", "AGENT", "TASKS")
	for _, r := range runs {
		var tasks []string
		for _, task := range r.Tasks {
			tasks = append(tasks, task.Name+"="+task.State)
		}
		ports := strings.Fields(strings.Trim(fmt.Sprint(r.Ports), "[]"))
		for _, set := range slices.Sorted(maps.Keys(r.Items)) {
			ports = append(ports, set+"="+strings.Join(r.Items[set], ","))
		}
		t.add(number(r.Number), styled(r.State, stateStyle(r.State)), text(r.Run), number(r.Attempts),
			text(optionalAge(r.Started)), text(strings.Join(ports, " ")), text(r.Agent), text(strings.Join(tasks, " ")))
	}
	t.write(w)
}

func indented(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString("  " + line)
	}
	return b.String()
}
