package mesoshttp

import (
	"context"
	"fmt"
	"strings"

	"github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/master"

	"fairlead/internal/mesosproto"
)

// Agent is an agent as the master sees it.
type Agent struct {
	ID       string
	Hostname string
	// Endpoint is the host:port of the agent's HTTP API; "" if the master does not tell.
	Endpoint string
	// Active is false for an agent that is disconnected, deactivated or draining: it takes no tasks now.
	Active     bool
	Total      []mesos.Resource // all of it, reserved or not
	Attributes []mesos.Attribute
}

// Agents asks the leading master for the agents that are registered with it, in the master's order. Agents that have
// not come back after a change of master are not among them. Where this is not allowed the error is ErrNotAllowed.
func (c *Client) Agents(ctx context.Context) ([]Agent, error) {
	const name = "GET_AGENTS"
	ctx, cancel := context.WithTimeout(ctx, c.config.CallTimeout)
	defer cancel()
	body, err := (&master.Call{Type: master.Call_GET_AGENTS}).Marshal()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	response, err := c.askLeader(ctx, request{name: name, path: operatorPath, body: body, media: protobufType,
		timeout: c.config.CallTimeout})
	if err != nil {
		return nil, err
	}
	answer, err := readAnswer(name, response)
	if err != nil {
		return nil, err
	}
	var decoded master.Response
	if err := mesosproto.Unmarshal(answer, &decoded); err != nil {
		return nil, fmt.Errorf("%s: decode answer: %w", name, err)
	}
	list := decoded.GetGetAgents()
	if list == nil {
		return nil, fmt.Errorf("%s: the answer is of type %s", name, decoded.GetType())
	}
	agents := make([]Agent, len(list.Agents))
	for i := range list.Agents {
		agents[i] = newAgent(&list.Agents[i])
	}
	return agents, nil
}

func newAgent(a *master.Response_GetAgents_Agent) Agent {
	// A pid reads slave(1)@10.0.0.7:5051.
	_, endpoint, _ := strings.Cut(a.GetPID(), "@")
	return Agent{
		ID:         a.AgentInfo.GetID().GetValue(),
		Hostname:   a.AgentInfo.GetHostname(),
		Endpoint:   endpoint,
		Active:     a.GetActive() && !a.GetDeactivated(),
		Total:      a.GetTotalResources(),
		Attributes: a.AgentInfo.GetAttributes(),
	}
}
