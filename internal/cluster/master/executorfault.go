package master

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/wire"
)

// Least resources of an executor that runs a task group (MIN_CPUS, MIN_MEM of
// Mesos): thousandths of a cpu, of a megabyte.
const (
	minExecutorCPUs = 10
	minExecutorMem  = 32_000
)

// launchExecutorFault checks the executor of a task in LAUNCH.
func (m *Master) launchExecutorFault(a *acceptance, e *mesos.ExecutorInfo) error {
	switch {
	case e.Type == mesos.ExecutorInfo_DEFAULT:
		return errors.New("'ExecutorInfo.type' must be 'CUSTOM'")
	case e.Command == nil:
		return errors.New("'ExecutorInfo.command' must be set")
	}
	return m.anyExecutorFault(a, e)
}

// groupExecutorFault checks the executor of a task group.
func (m *Master) groupExecutorFault(a *acceptance, e *mesos.ExecutorInfo) error {
	switch {
	case e.FrameworkID == nil:
		return errors.New("'ExecutorInfo.framework_id' must be set")
	case e.Type == mesos.ExecutorInfo_UNKNOWN:
		return errors.New("'ExecutorInfo.type' must be set")
	case e.Type == mesos.ExecutorInfo_CUSTOM && e.Command == nil:
		return errors.New("'ExecutorInfo.command' must be set for 'CUSTOM' executor")
	case e.Type == mesos.ExecutorInfo_DEFAULT:
		if err := defaultExecutorFault(e); err != nil {
			return err
		}
	}
	if err := m.anyExecutorFault(a, e); err != nil {
		return err
	}
	if e.Container != nil && e.Container.GetType() == mesos.ContainerInfo_DOCKER {
		return errors.New("Docker ContainerInfo is not supported on the executor")
	}
	return executorMinimum(e)
}

func defaultExecutorFault(e *mesos.ExecutorInfo) error {
	switch {
	case e.Command != nil:
		return errors.New("'ExecutorInfo.command' must not be set for 'DEFAULT' executor")
	case e.Container != nil && e.Container.GetType() != mesos.ContainerInfo_MESOS:
		return errors.New("'ExecutorInfo.container.type' must be 'MESOS' for 'DEFAULT' executor")
	case e.Container.GetMesos().GetImage() != nil:
		return errors.New("'ExecutorInfo.container.mesos.image' must not be set for 'DEFAULT' executor")
	}
	return nil
}

func executorMinimum(e *mesos.ExecutorInfo) error {
	rs := wire.NewResources(e.Resources...)
	id := e.ExecutorID.Value
	if cpus, given := rs.Sum("cpus"); cpus < minExecutorCPUs {
		return fmt.Errorf("Executor '%s' uses less CPUs (%s) than the minimum required (0.01)", id, amount(cpus, given, ""))
	}
	if mem, given := rs.Sum("mem"); mem < minExecutorMem {
		return fmt.Errorf("Executor '%s' uses less memory (%s) than the minimum required (32MB)", id, amount(mem, given, "MB"))
	}
	if _, given := rs.Sum("disk"); !given {
		return fmt.Errorf("Executor '%s' uses no disk", id)
	}
	return nil
}

func amount(thousandths int64, given bool, unit string) string {
	if !given {
		return "None"
	}
	return wire.FormatScalar(wire.Unfixed(thousandths)) + unit
}

// anyExecutorFault checks what both kinds of launch have in common.
func (m *Master) anyExecutorFault(a *acceptance, e *mesos.ExecutorInfo) error {
	if err := wire.ValidateID(e.ExecutorID.Value); err != nil {
		return err
	}
	if got, want := e.FrameworkID.GetValue(), a.framework.id; got != want {
		return fmt.Errorf("ExecutorInfo has an invalid FrameworkID (Actual: %s vs Expected: %s)", got, want)
	}
	if e.ShutdownGracePeriod.GetNanoseconds() < 0 {
		return errors.New("ExecutorInfo's 'shutdown_grace_period' must be non-negative")
	}
	if err := executorResourcesFault(e.Resources); err != nil {
		return err
	}
	if err := commandFault(e.Command); err != nil {
		return fmt.Errorf("Executor's `CommandInfo` is invalid: %w", err)
	}
	if err := containerFault(e.Container); err != nil {
		return fmt.Errorf("Executor's `ContainerInfo` is invalid: %w", err)
	}
	return compatible(a, e)
}

func executorResourcesFault(rs []mesos.Resource) error {
	if err := resourcesFault(rs); err != nil {
		return fmt.Errorf("Executor uses invalid resources: %w", err)
	}
	if err := oneRole(rs); err != nil {
		return fmt.Errorf("Executor uses invalid resources: %w", err)
	}
	return mixedRevocable(rs)
}

// compatible compares an executor with the one that has its id on the agent.
func compatible(a *acceptance, e *mesos.ExecutorInfo) error {
	known := a.framework.executors[executorKey{a.agent.id, e.ExecutorID.Value}]
	if known == nil || sameExecutor(&known.info, e) {
		return nil
	}
	line := strings.Repeat("-", 60) + "\n"
	return errors.New("ExecutorInfo is not compatible with existing ExecutorInfo with same ExecutorID.\n" +
		line + "Existing ExecutorInfo:\n" + wire.DebugText(&known.info) + "\n" +
		line + "ExecutorInfo:\n" + wire.DebugText(e) + "\n" + line)
}

// sameExecutor compares all but labels, the grace period and the cache flag of
// URIs.
func sameExecutor(a, b *mesos.ExecutorInfo) bool {
	rs, other := wire.NewResources(a.Resources...), wire.NewResources(b.Resources...)
	if !rs.Contains(other...) || !other.Contains(rs...) {
		return false
	}
	bare := func(e mesos.ExecutorInfo) []byte {
		e.Labels, e.ShutdownGracePeriod, e.Resources = nil, nil, nil
		if e.Command != nil {
			command := *e.Command
			command.URIs = append([]mesos.CommandInfo_URI(nil), command.URIs...)
			for i := range command.URIs {
				command.URIs[i].Cache = nil
			}
			e.Command = &command
		}
		key, err := e.Marshal()
		if err != nil {
			return nil
		}
		return key
	}
	return string(bare(*a)) == string(bare(*b))
}

// resourcesJSON prints resources as Mesos prints a list of messages: JSON with
// the names in alphabetical order.
func resourcesJSON(rs []mesos.Resource) string {
	list := make([]any, len(rs))
	for i := range rs {
		encoded, err := wire.EncodeJSON(&rs[i])
		if err != nil {
			return err.Error()
		}
		decoder := json.NewDecoder(strings.NewReader(string(encoded)))
		decoder.UseNumber()
		if err := decoder.Decode(&list[i]); err != nil {
			return err.Error()
		}
	}
	text, err := json.Marshal(list)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
