package master

import (
	"errors"
	"fmt"
	"math"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/wire"
)

// The faults of this file and of its siblings are the texts of a real master
// (src/master/validation.cpp), found in the order of its checks.

func operationIDFault(op *mesos.Offer_Operation) error {
	if op.ID == nil {
		return nil
	}
	return fmt.Errorf("The `id` field cannot be set on %s operations", op.Type)
}

// taskFault checks a task of LAUNCH against what is left of the offers.
func (m *Master) taskFault(a *acceptance, t *mesos.TaskInfo) error {
	if err := m.anyTaskFault(a, t); err != nil {
		return err
	}
	if (t.Executor != nil) == (t.Command != nil) {
		return errors.New("Task should have at least one (but not both) of CommandInfo or ExecutorInfo present")
	}
	if t.Executor != nil {
		if err := m.launchExecutorFault(a, t.Executor); err != nil {
			return err
		}
	}
	return m.launchResourcesFault(a, t)
}

// anyTaskFault checks what LAUNCH and LAUNCH_GROUP have in common.
func (m *Master) anyTaskFault(a *acceptance, t *mesos.TaskInfo) error {
	if err := wire.ValidateID(t.TaskID.Value); err != nil {
		return err
	}
	if err := a.framework.idTaken(t.TaskID.Value); err != nil {
		return err
	}
	if t.AgentID.Value != a.agent.id {
		return fmt.Errorf("Task uses invalid agent %s while agent %s is expected", t.AgentID.Value, a.agent.id)
	}
	if t.KillPolicy.GetGracePeriod().GetNanoseconds() < 0 {
		return errors.New("Task's 'kill_policy.grace_period' must be non-negative")
	}
	if t.MaxCompletionTime.GetNanoseconds() < 0 {
		return errors.New("Task's `max_completion_time` must be non-negative")
	}
	if err := checkFault(t.Check); err != nil {
		return fmt.Errorf("Task uses invalid check: %w", err)
	}
	if err := healthCheckFault(t.HealthCheck); err != nil {
		return fmt.Errorf("Task uses invalid health check: %w", err)
	}
	if err := taskResourcesFault(t.Resources); err != nil {
		return err
	}
	if err := commandFault(t.Command); err != nil {
		return fmt.Errorf("Task's `CommandInfo` is invalid: %w", err)
	}
	if err := containerFault(t.Container); err != nil {
		return fmt.Errorf("Task's `ContainerInfo` is invalid: %w", err)
	}
	return limitsFault(t)
}

// idTaken refuses the id of a task that is live, or whose last update is not
// acknowledged, or that is on an unreachable agent.
func (f *framework) idTaken(id string) error {
	if f.tasks[id] != nil {
		return fmt.Errorf("Task has duplicate ID: %s", id)
	}
	for _, t := range f.unreachable {
		if t.id() == id {
			return fmt.Errorf("Task reuses the ID of an unreachable task: %s", id)
		}
	}
	return nil
}

func taskResourcesFault(rs []mesos.Resource) error {
	if len(rs) == 0 {
		return errors.New("Task uses no resources")
	}
	if err := resourcesFault(rs); err != nil {
		return fmt.Errorf("Task uses invalid resources: %w", err)
	}
	if err := oneRole(rs); err != nil {
		return fmt.Errorf("Invalid task resources: %w", err)
	}
	return mixedRevocable(rs)
}

// resourcesFault checks gpus, disks and persistence ids; the format of each
// resource has been checked before.
func resourcesFault(rs []mesos.Resource) error {
	persistence := map[string]bool{}
	for _, r := range rs {
		if r.Name == "gpus" && r.Scalar.GetValue() != math.Trunc(r.Scalar.GetValue()) {
			return errors.New("Invalid 'gpus' resource: The 'gpus' resource must be an unsigned integer")
		}
		if r.Disk == nil {
			continue
		}
		if err := diskFault(r.Disk); err != nil {
			return fmt.Errorf("Invalid DiskInfo: %w", err)
		}
		if p := r.Disk.Persistence; p != nil {
			key := wire.ReservationRole(r) + "/" + p.ID
			if persistence[key] {
				return fmt.Errorf("Persistence ID '%s' is not unique", p.ID)
			}
			persistence[key] = true
		}
	}
	return nil
}

func diskFault(disk *mesos.Resource_DiskInfo) error {
	switch {
	case disk.Persistence != nil && disk.Volume == nil:
		return errors.New("Expecting 'volume' to be set for persistent volume")
	case disk.Persistence != nil && disk.Volume.GetMode() != mesos.RW:
		return errors.New("Expecting persistent volume to be read-write")
	case disk.Persistence != nil && disk.Volume.HostPath != nil:
		return errors.New("Expecting 'host_path' to be unset for persistent volume")
	case disk.Persistence != nil:
		return wire.ValidateID(disk.Persistence.ID)
	case disk.Volume != nil:
		return errors.New("Non-persistent volume not supported")
	case disk.Source == nil:
		return errors.New("DiskInfo is set but empty")
	}
	return nil
}

// oneRole requires that all resources are allocated to the same role.
func oneRole(rs []mesos.Resource) error {
	for _, r := range rs {
		if first, role := rs[0].AllocationInfo.GetRole(), r.AllocationInfo.GetRole(); role != first {
			return fmt.Errorf("The resources have multiple allocation roles ('%s' and '%s')"+
				" but only one allocation role is allowed", role, first)
		}
	}
	return nil
}

// mixedRevocable refuses revocable and other resources of one name.
func mixedRevocable(rs []mesos.Resource) error {
	revocable := map[string]bool{}
	for i, r := range rs {
		is := r.Revocable != nil
		for _, before := range rs[:i] {
			if before.Name == r.Name && revocable[r.Name] != is {
				return fmt.Errorf("Cannot use both revocable and non-revocable '%s' at the same time", r.Name)
			}
		}
		revocable[r.Name] = is
	}
	return nil
}

func limitsFault(t *mesos.TaskInfo) error {
	requested := wire.NewResources(t.Resources...)
	names := map[string]string{"cpus": "cpu", "mem": "memory"}
	for name := range t.Limits {
		if names[name] == "" {
			return errors.New("Only cpus and mem may be included in a task's resource limits")
		}
	}
	for _, name := range []string{"cpus", "mem"} {
		limit, limited := t.Limits[name]
		if !limited {
			continue
		}
		request, given := requested.Sum(name)
		switch {
		case !given:
			return fmt.Errorf("When a %s limit is specified, a %s request must also be specified",
				strings.ToUpper(names[name]), strings.ToUpper(names[name]))
		case limit.Value < wire.Unfixed(request):
			return fmt.Errorf("The %s limit must be greater than or equal to the %s request", names[name], names[name])
		}
	}
	return nil
}
