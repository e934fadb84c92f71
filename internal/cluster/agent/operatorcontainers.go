package agent

import (
	"fmt"
	"net/http"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	operator "github.com/mesos/mesos-go/api/v1/lib/agent"

	"fairlead/internal/cluster/wire"
)

// operatorCallFault says what is wrong with the shape of a call, in the words of
// Mesos: the member it needs is not there, or the id of a container is none.
func operatorCallFault(c *operator.Call) string {
	missing := func(absent bool) string {
		if absent {
			return "Expecting '" + strings.ToLower(c.Type.String()) + "' to be present"
		}
		return ""
	}
	switch c.Type {
	case operator.Call_LIST_FILES:
		return missing(c.ListFiles == nil)
	case operator.Call_READ_FILE:
		return missing(c.ReadFile == nil)
	case operator.Call_GET_METRICS:
		return missing(c.GetMetrics == nil)
	}
	target, isContainerCall := containerOf(c)
	if !isContainerCall {
		return ""
	}
	if target == nil {
		return missing(true)
	}
	return containerIDFault(strings.ToLower(c.Type.String()), target, strings.Contains(c.Type.String(), "NESTED"))
}

// containerOf returns the container a call is about.
func containerOf(c *operator.Call) (id *mesos.ContainerID, isContainerCall bool) {
	switch c.Type {
	case operator.Call_LAUNCH_NESTED_CONTAINER:
		return idIn(c.LaunchNestedContainer, func(m *operator.Call_LaunchNestedContainer) *mesos.ContainerID { return &m.ContainerID })
	case operator.Call_WAIT_NESTED_CONTAINER:
		return idIn(c.WaitNestedContainer, func(m *operator.Call_WaitNestedContainer) *mesos.ContainerID { return &m.ContainerID })
	case operator.Call_KILL_NESTED_CONTAINER:
		return idIn(c.KillNestedContainer, func(m *operator.Call_KillNestedContainer) *mesos.ContainerID { return &m.ContainerID })
	case operator.Call_REMOVE_NESTED_CONTAINER:
		return idIn(c.RemoveNestedContainer, func(m *operator.Call_RemoveNestedContainer) *mesos.ContainerID { return &m.ContainerID })
	case operator.Call_LAUNCH_NESTED_CONTAINER_SESSION:
		return idIn(c.LaunchNestedContainerSession, func(m *operator.Call_LaunchNestedContainerSession) *mesos.ContainerID { return &m.ContainerID })
	case operator.Call_ATTACH_CONTAINER_OUTPUT:
		return idIn(c.AttachContainerOutput, func(m *operator.Call_AttachContainerOutput) *mesos.ContainerID { return &m.ContainerID })
	case operator.Call_LAUNCH_CONTAINER:
		return idIn(c.LaunchContainer, func(m *operator.Call_LaunchContainer) *mesos.ContainerID { return &m.ContainerID })
	case operator.Call_WAIT_CONTAINER:
		return idIn(c.WaitContainer, func(m *operator.Call_WaitContainer) *mesos.ContainerID { return &m.ContainerID })
	case operator.Call_KILL_CONTAINER:
		return idIn(c.KillContainer, func(m *operator.Call_KillContainer) *mesos.ContainerID { return &m.ContainerID })
	case operator.Call_REMOVE_CONTAINER:
		return idIn(c.RemoveContainer, func(m *operator.Call_RemoveContainer) *mesos.ContainerID { return &m.ContainerID })
	}
	return nil, false
}

func idIn[M any](member *M, get func(*M) *mesos.ContainerID) (*mesos.ContainerID, bool) {
	if member == nil {
		return nil, true
	}
	return get(member), true
}

func containerIDFault(call string, id *mesos.ContainerID, nested bool) string {
	for at := id; at != nil; at = at.Parent {
		if wire.ValidateID(at.Value) != nil || strings.ContainsAny(at.Value, ". ") {
			return fmt.Sprintf("'%s.container_id' is invalid: 'ContainerID.value' '%s' contains invalid characters", call, at.Value)
		}
	}
	if nested && id.Parent == nil {
		return "Expecting '" + call + ".container_id.parent' to be present"
	}
	return ""
}

// containerRefusal answers the calls that manage containers. The agent's own
// executors need none of them, so there is never a container to be found.
func containerRefusal(c *operator.Call) error {
	id, ok := containerOf(c)
	if !ok {
		return nil
	}
	notFound := func(format string) error {
		return &wire.StatusError{Code: http.StatusNotFound, Text: fmt.Sprintf(format, printID(id))}
	}
	switch c.Type {
	case operator.Call_KILL_CONTAINER, operator.Call_KILL_NESTED_CONTAINER:
		return notFound("Container '%s' cannot be found (or is already killed)")
	case operator.Call_REMOVE_CONTAINER, operator.Call_REMOVE_NESTED_CONTAINER:
		return &wire.StatusError{Code: http.StatusInternalServerError, Text: "Unknown root container"}
	case operator.Call_WAIT_CONTAINER, operator.Call_WAIT_NESTED_CONTAINER, operator.Call_ATTACH_CONTAINER_OUTPUT:
		return notFound("Container %s cannot be found")
	}
	if id.Parent == nil {
		return wire.BadRequest("Standalone containers are not supported by this agent")
	}
	return wire.BadRequest("Parent container %s does not exist", printID(id.Parent))
}

// printID writes a container id as parent.child.
func printID(id *mesos.ContainerID) string {
	if id.Parent != nil {
		return printID(id.Parent) + "." + id.Value
	}
	return id.Value
}
