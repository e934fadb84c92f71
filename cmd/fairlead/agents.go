package main

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fairlead/internal/api"
	"fairlead/internal/client"
)

func (a *app) agentsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "agents",
		Short:   "List the agents that the scheduler knows",
		GroupID: groupWatch,
		Long: `List the agents with what they hold in total and what task groups of this
scheduler use of it. Slots are executors that an agent carries on top of its total.`,
		Example: `  fairlead agents
  fairlead agents --format yaml`,
		Args: cobra.NoArgs,
	}
	return a.client(cmd, func(ctx context.Context, c *client.Client, _ []string) error {
		list, err := c.Agents(ctx)
		if err != nil {
			return err
		}
		return a.print(list, func(w io.Writer) { a.writeAgents(w, list.Agents) })
	})
}

func (a *app) writeAgents(w io.Writer, agents []api.Agent) {
	t := a.table("AGENT", "HOST", "STATE", "USED", "TOTAL", "RUNS", "SLOTS", "OFFERS", "ATTRIBUTES")
	t.nothing = "no agents are known: the master has offered none yet"
	for _, g := range agents {
		state := styled("up", green)
		if g.Lost {
			state = styled("lost", red)
		}
		t.add(text(g.ID), text(g.Host), state, text(amounts(g.Used)), text(amounts(g.Total)),
			orDash(g.Runs), orDash(g.Slots), orDash(g.Offers), text(attributes(g.Attributes)))
	}
	t.write(w)
}

func attributes(of map[string]string) string {
	var out []string
	for name, value := range of {
		out = append(out, name+"="+value)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func (a *app) offersCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "offers",
		Short:   "List the offers that the scheduler holds",
		GroupID: groupWatch,
		Long: `List the offers that the scheduler holds at this moment. Most of the time there
are none: what can't be used is given back at once.`,
		Example: `  fairlead offers`,
		Args:    cobra.NoArgs,
	}
	return a.client(cmd, func(ctx context.Context, c *client.Client, _ []string) error {
		list, err := c.Offers(ctx)
		if err != nil {
			return err
		}
		return a.print(list, func(w io.Writer) {
			t := a.table("OFFER", "AGENT", "HOST", "RESOURCES")
			t.nothing = "no offers are held"
			for _, o := range list.Offers {
				t.add(text(o.ID), text(o.Agent), text(o.Host), text(amounts(o.Resources)))
			}
			t.write(w)
		})
	})
}
