package master

import (
	"errors"
	"fmt"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/wire"
)

// groupFault checks a task group: each task, the executor, then the resources
// of all together.
func (m *Master) groupFault(a *acceptance, group *mesos.Offer_Operation_LaunchGroup) error {
	for i := range group.TaskGroup.Tasks {
		t := &group.TaskGroup.Tasks[i]
		if err := m.groupTaskFault(a, t, group.TaskGroup.Tasks[:i]); err != nil {
			return fmt.Errorf("Task '%s' is invalid: %w", t.TaskID.Value, err)
		}
		if t.Executor != &group.Executor && !identical(t.Executor, &group.Executor) {
			return fmt.Errorf("The `ExecutorInfo` of task '%s' is different from executor '%s'",
				t.TaskID.Value, group.Executor.ExecutorID.Value)
		}
	}
	if err := m.groupExecutorFault(a, &group.Executor); err != nil {
		return err
	}
	return groupResourcesFault(a, group)
}

func identical(a, b *mesos.ExecutorInfo) bool {
	x, err := a.Marshal()
	if err != nil {
		return false
	}
	y, err := b.Marshal()
	return err == nil && string(x) == string(y)
}

// groupTaskFault checks one task. Two tasks of one id in a group end a real
// master; here the group is refused.
func (m *Master) groupTaskFault(a *acceptance, t *mesos.TaskInfo, before []mesos.TaskInfo) error {
	if err := m.anyTaskFault(a, t); err != nil {
		return err
	}
	for i := range before {
		if before[i].TaskID == t.TaskID {
			return fmt.Errorf("Task has duplicate ID: %s", t.TaskID.Value)
		}
	}
	if t.Container != nil && t.Container.GetType() == mesos.ContainerInfo_DOCKER {
		return errors.New("Docker ContainerInfo is not supported on the task")
	}
	if err := healthNetworkFault(t); err != nil {
		return err
	}
	if len(t.Limits) > 0 && t.Container.GetLinuxInfo().GetShareCgroups() {
		return errors.New("Resource limits may only be set for tasks within a task group " +
			"when the 'share_cgroups' field is set to 'false'.")
	}
	return nil
}

func healthNetworkFault(t *mesos.TaskInfo) error {
	kind := mesos.HealthCheck_UNKNOWN
	if t.HealthCheck != nil {
		kind = t.HealthCheck.Type
	}
	overNetwork := kind == mesos.HealthCheck_HTTP || kind == mesos.HealthCheck_TCP
	if overNetwork && len(t.Container.GetNetworkInfos()) > 0 {
		return errors.New("HTTP and TCP health checks are not supported for nested containers not joining parent's network")
	}
	return nil
}

// groupResourcesFault: no port or set item twice, one role, no mix of
// revocable kinds, and the sum within what is left of the offers. A running
// executor's resources are not counted again.
func groupResourcesFault(a *acceptance, group *mesos.Offer_Operation_LaunchGroup) error {
	executor := wire.NewResources(group.Executor.Resources...)
	var sum wire.Resources
	overlaps := false
	for _, t := range group.TaskGroup.Tasks {
		rs := wire.NewResources(t.Resources...)
		overlaps = overlaps || sum.Overlaps(rs) || rs.Overlaps(executor)
		sum = sum.Plus(rs...)
	}
	if overlaps {
		return overlapFault(group)
	}
	if err := persistenceOnce(group); err != nil {
		return err
	}
	if a.framework.executors[executorKey{a.agent.id, group.Executor.ExecutorID.Value}] == nil {
		sum = sum.Plus(executor...)
	}
	if err := mixedRevocable(sum); err != nil {
		return err
	}
	if !a.left.Contains(sum...) {
		return fmt.Errorf("Total resources %s required by task group and its executor are more than available %s",
			sum, a.left)
	}
	return nil
}

func overlapFault(group *mesos.Offer_Operation_LaunchGroup) error {
	tasks := make([]string, len(group.TaskGroup.Tasks))
	for i, t := range group.TaskGroup.Tasks {
		tasks[i] = wire.NewResources(t.Resources...).String()
	}
	return fmt.Errorf("There are overlapping resources in the task group's task resources %s and/or executor resources %s",
		"[ "+strings.Join(tasks, ", ")+" ]", resourcesJSON(group.Executor.Resources))
}

func persistenceOnce(group *mesos.Offer_Operation_LaunchGroup) error {
	all := append([]mesos.Resource(nil), group.Executor.Resources...)
	for _, t := range group.TaskGroup.Tasks {
		all = append(all, t.Resources...)
	}
	if err := resourcesFault(all); err != nil {
		return fmt.Errorf("Task group and executor use duplicate persistence ID: %w", err)
	}
	return nil
}

// launchResourcesFault is the same for a task of LAUNCH.
func (m *Master) launchResourcesFault(a *acceptance, t *mesos.TaskInfo) error {
	sum := wire.NewResources(t.Resources...)
	if e := t.Executor; e != nil {
		executor := wire.NewResources(e.Resources...)
		if sum.Overlaps(executor) {
			return fmt.Errorf("There are overlapping resources in the task resources %s and executor resources %s",
				resourcesJSON(t.Resources), resourcesJSON(e.Resources))
		}
		both := append(append([]mesos.Resource(nil), t.Resources...), e.Resources...)
		if err := resourcesFault(both); err != nil {
			return fmt.Errorf("Task and its executor use duplicate persistence ID: %w", err)
		}
		if a.framework.executors[executorKey{a.agent.id, e.ExecutorID.Value}] == nil {
			sum = sum.Plus(executor...)
		}
	}
	if err := mixedRevocable(sum); err != nil {
		return err
	}
	if !a.left.Contains(sum...) {
		return fmt.Errorf("Total resources %s required by task and its executor is more than available %s", sum, a.left)
	}
	return nil
}
