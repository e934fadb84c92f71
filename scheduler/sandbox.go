package scheduler

import (
	"context"
	"fmt"
	"path"

	"fairlead/allocator"
)

// Sandbox says where the output of a task is.
type Sandbox struct {
	AgentEndpoint string // host:port of the agent
	Directory     string // holds the files stdout and stderr
}

// sandboxRun is the run whose sandbox is asked for.
type sandboxRun struct{ executor, task, agent, endpoint string }

// Sandbox finds the files of a task of an instance: of its live run, or else
// of its last one while that is remembered. Without a task name the group's
// first one is meant.
func (s *Scheduler) Sandbox(ctx context.Context, framework, group string, instance int32, task string) (Sandbox, error) {
	var run sandboxRun
	err := s.ask(ctx, func(*batch) (err error) {
		run, err = s.findRun(owner{framework, group}, instance, task)
		return err
	})
	if err != nil {
		return Sandbox{}, err
	}
	dir, err := s.cfg.Mesos.ExecutorDirectory(ctx, run.endpoint, *s.frameworkID.Load(), run.executor)
	if err != nil {
		return Sandbox{}, err
	}
	return Sandbox{run.endpoint, path.Join(dir, "tasks", run.task)}, nil
}

func (s *Scheduler) findRun(o owner, instance int32, task string) (sandboxRun, error) {
	g, ok := s.state.Group(o.framework, o.group)
	spec := s.specs[o]
	if !ok || spec == nil {
		return sandboxRun{}, fmt.Errorf("%w: task group %s", allocator.ErrUnknown, o)
	}
	if task == "" {
		task = spec.Tasks[0].Name
	}
	known := false
	for _, t := range spec.Tasks {
		known = known || t.Name == task
	}
	if !known {
		return sandboxRun{}, fmt.Errorf("%w: task group %s has no task %q", allocator.ErrUnknown, o, task)
	}
	if instance < 0 || int(instance) >= len(g.Runs) {
		return sandboxRun{}, fmt.Errorf("%w: instance %s/%d has not been started", allocator.ErrUnknown, o, instance)
	}
	in := g.Runs[instance]
	agent := agentOf(&g, &in)
	endpoint, ok := s.endpoints[agent]
	if !ok {
		return sandboxRun{}, fmt.Errorf("%w: where the last run of %s/%d was: its agent is not known any more", allocator.ErrUnknown, o, instance)
	}
	name := runName(o.framework, o.group, instance, in.Run)
	return sandboxRun{name, taskName(name, task), agent, endpoint}, nil
}

// agentOf is the agent of an instance's live run, or of its last one.
func agentOf(g *allocator.GroupView, in *allocator.InstanceView) string {
	if in.Agent != "" {
		return in.Agent
	}
	for i := len(g.History) - 1; i >= 0; i-- {
		if g.History[i].Run == in.Run {
			return g.History[i].Agent
		}
	}
	return ""
}
