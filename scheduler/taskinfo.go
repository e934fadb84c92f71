package scheduler

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/proto"
	"fairlead/proto/executorpb"
)

// launch is everything that a LAUNCH_GROUP operation is made of.
type launch struct {
	allocator.Launch
	spec        *proto.TaskGroup
	agent       string
	host        string // of the agent
	frameworkID mesos.FrameworkID
	executor    Executor
	grown       []drf.Amount // more memory for each task than in spec, if any
	due         int64        // when the occurrence was due, of a periodic group
}

// operation builds the LAUNCH_GROUP operation and deals its resources from the
// pool. A real master wants the executor's type, id and framework id, and
// cpus, mem and disk for it; ids are unique by construction.
func (l *launch) operation(from *pool) (mesos.Offer_Operation, error) {
	name := runName(l.Framework, l.Group, l.Instance, l.Run)
	var none mesos.Offer_Operation
	executor, err := l.executorInfo(name, from)
	if err != nil {
		return none, fmt.Errorf("executor %s: %w", name, err)
	}
	group := &mesos.TaskGroupInfo{}
	left, items := l.Ports, l.Items
	for i := range l.spec.Tasks {
		t := &l.spec.Tasks[i]
		given := taskGiven{own: left[:t.Ports], seen: left[:t.Ports]}
		if t.Ports == 0 {
			given.seen = l.Ports
		}
		left = left[t.Ports:]
		given.sets, items = setsOf(t, items)
		if i < len(l.grown) && l.grown[i] > 0 {
			t = grownTask(t, l.grown[i])
		}
		info, err := l.taskInfo(name, t, given, from)
		if err != nil {
			return none, fmt.Errorf("task %s: %w", taskName(name, t.Name), err)
		}
		group.Tasks = append(group.Tasks, info)
	}
	return mesos.Offer_Operation{
		Type:        mesos.Offer_Operation_LAUNCH_GROUP,
		LaunchGroup: &mesos.Offer_Operation_LaunchGroup{Executor: *executor, TaskGroup: *group},
	}, nil
}

// grownTask is a task that is given more memory than it was submitted with.
func grownTask(t *proto.Task, more drf.Amount) *proto.Task {
	grown := *t
	grown.Resources = slices.Clone(t.Resources)
	for k := range grown.Resources {
		if grown.Resources[k].Name == "mem" {
			grown.Resources[k].Milli += int64(more)
			return &grown
		}
	}
	grown.Resources = append(grown.Resources, proto.Resource{Name: "mem", Milli: int64(more)})
	return &grown
}

// executorProgram is the executor's name in the sandbox when it is fetched.
const executorProgram = "fairlead-executor"

func (l *launch) executorInfo(name string, from *pool) (*mesos.ExecutorInfo, error) {
	info := &mesos.ExecutorInfo{
		Type:        mesos.ExecutorInfo_CUSTOM,
		ExecutorID:  mesos.ExecutorID{Value: name},
		FrameworkID: &l.frameworkID,
		Name:        ptr(l.Framework + "/" + l.Group),
		Source:      ptr("fairlead"),
		Command:     l.executor.command(),
	}
	info.Command.URIs = append(info.Command.URIs, l.uris()...)
	info.ShutdownGracePeriod = millis(l.shutdownMillis())
	for _, q := range l.executor.Resources {
		rs, err := from.scalar(q.Name, q.Amount)
		if err != nil {
			return nil, err
		}
		info.Resources = append(info.Resources, rs...)
	}
	return info, nil
}

// shutdownMarginMillis is what an executor needs beside its tasks.
const shutdownMarginMillis = 5000

// shutdownMillis is how long a run may take to end: its slowest task, then its
// slowest sidecar, which is asked first and signalled then.
func (l *launch) shutdownMillis() int64 {
	var mains, sidecars int64
	for i := range l.spec.Tasks {
		if t := &l.spec.Tasks[i]; t.Sidecar {
			sidecars = max(sidecars, t.Quit.GetGraceMs()+t.KillGraceMs)
		} else {
			mains = max(mains, t.KillGraceMs)
		}
	}
	return mains + sidecars + shutdownMarginMillis
}

// command runs the executor without a shell, so that signals reach it.
func (e Executor) command() *mesos.CommandInfo {
	if e.Path != "" {
		return &mesos.CommandInfo{Shell: ptr(false), Value: ptr(e.Path), Arguments: []string{executorProgram}}
	}
	return &mesos.CommandInfo{
		Shell: ptr(false), Value: ptr("./" + executorProgram), Arguments: []string{executorProgram},
		URIs: []mesos.CommandInfo_URI{{
			Value: e.URI, Executable: ptr(true), Extract: ptr(false), Cache: ptr(true), OutputFile: ptr(executorProgram),
		}},
	}
}

// uris are those of all tasks: the agent fetches them into the sandbox that
// the tasks share, each once.
func (l *launch) uris() []mesos.CommandInfo_URI {
	var out []mesos.CommandInfo_URI
	seen := map[proto.URI]bool{}
	for i := range l.spec.Tasks {
		for _, u := range l.spec.Tasks[i].Uris {
			if seen[u] {
				continue
			}
			seen[u] = true
			info := mesos.CommandInfo_URI{Value: u.Value, Executable: ptr(u.Executable), Extract: ptr(u.Extract), Cache: ptr(u.Cache)}
			if u.OutputFile != "" {
				info.OutputFile = ptr(path.Clean(u.OutputFile))
			}
			out = append(out, info)
		}
	}
	return out
}

// taskGiven is what a task is given of what is told apart: ports, those that its checks
// and environment speak of (its own, or the whole group's if it has none, as a proxy in
// front of another task), and items of sets.
type taskGiven struct {
	own, seen []uint64
	sets      []allocator.Set
}

// setsOf takes the items of a task off those of its run.
func setsOf(t *proto.Task, items []string) (sets []allocator.Set, rest []string) {
	for _, r := range t.Resources {
		if name, ok := allocator.SetOf(r.Name); ok {
			n := r.Milli / int64(drf.Unit)
			sets = append(sets, allocator.Set{Name: name, Items: items[:n]})
			items = items[n:]
		}
	}
	return sets, items
}

func (l *launch) taskInfo(run string, t *proto.Task, given taskGiven, from *pool) (mesos.TaskInfo, error) {
	info := mesos.TaskInfo{
		Name:       t.Name,
		TaskID:     mesos.TaskID{Value: taskName(run, t.Name)},
		AgentID:    mesos.AgentID{Value: l.agent},
		Command:    l.taskCommand(t, given),
		KillPolicy: &mesos.KillPolicy{GracePeriod: millis(t.KillGraceMs)},
		Labels:     l.labels(),
	}
	if l.spec.MaxRuntimeMs > 0 && !t.Sidecar {
		info.MaxCompletionTime = millis(l.spec.MaxRuntimeMs)
	}
	data, err := taskSpec(t, given.seen)
	if err != nil {
		return info, err
	}
	info.Data = data
	for _, r := range t.Resources {
		if _, set := allocator.SetOf(r.Name); set {
			continue
		}
		rs, err := from.scalar(r.Name, drf.Amount(r.Milli))
		if err != nil {
			return info, err
		}
		info.Resources = append(info.Resources, rs...)
	}
	for _, set := range given.sets {
		rs, err := from.items(set.Name, set.Items)
		if err != nil {
			return info, err
		}
		info.Resources = append(info.Resources, rs...)
	}
	rs, err := from.ports(given.own)
	info.Resources = append(info.Resources, rs...)
	return info, err
}

func (l *launch) taskCommand(t *proto.Task, given taskGiven) *mesos.CommandInfo {
	c := &mesos.CommandInfo{Environment: &mesos.Environment{Variables: l.environment(t, given)}}
	if t.Command != "" {
		c.Shell, c.Value = ptr(true), ptr(t.Command)
		return c
	}
	c.Shell, c.Value, c.Arguments = ptr(false), ptr(t.Args[0]), t.Args
	return c
}

// environment is what a task is told: who it is, its host and its ports, in the form of
// Marathon (HOST, PORT, PORT0.., PORTS), its items (FAIRLEAD_SET_ZONES), and what its
// owner set, which wins.
func (l *launch) environment(t *proto.Task, given taskGiven) []mesos.Environment_Variable {
	vars := []proto.Pair{
		{Name: "FAIRLEAD_FRAMEWORK", Value: l.Framework},
		{Name: "FAIRLEAD_GROUP", Value: l.Group},
		{Name: "FAIRLEAD_INSTANCE", Value: strconv.Itoa(int(l.Instance))},
		{Name: "FAIRLEAD_INSTANCES", Value: strconv.Itoa(int(l.spec.Instances))},
		{Name: "FAIRLEAD_TASK", Value: t.Name},
		{Name: "FAIRLEAD_RUN", Value: l.Run.String()},
		{Name: "HOST", Value: l.host},
	}
	if l.due > 0 {
		vars = append(vars, proto.Pair{Name: "FAIRLEAD_DUE", Value: dueText(l.due)})
	}
	var all []string
	for i, p := range given.seen {
		number := strconv.FormatUint(p, 10)
		all = append(all, number)
		vars = append(vars, proto.Pair{Name: "PORT" + strconv.Itoa(i), Value: number})
	}
	if len(all) > 0 {
		vars = append(vars, proto.Pair{Name: "PORT", Value: all[0]}, proto.Pair{Name: "PORTS", Value: strings.Join(all, ",")})
	}
	for _, set := range given.sets {
		vars = append(vars, proto.Pair{Name: setVariable(set.Name), Value: strings.Join(set.Items, ",")})
	}
	vars = slices.DeleteFunc(vars, func(v proto.Pair) bool {
		return slices.ContainsFunc(t.Env, func(own proto.Pair) bool { return own.Name == v.Name })
	})
	var out []mesos.Environment_Variable
	for _, v := range append(vars, t.Env...) {
		out = append(out, mesos.Environment_Variable{Name: v.Name, Value: ptr(v.Value)})
	}
	return out
}

// setVariable is the variable that has a task's items of a set.
func setVariable(set string) string {
	return "FAIRLEAD_SET_" + strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, set)
}

func (l *launch) labels() *mesos.Labels {
	if len(l.spec.Labels) == 0 {
		return nil
	}
	out := &mesos.Labels{}
	for _, p := range l.spec.Labels {
		out.Labels = append(out.Labels, mesos.Label{Key: p.Name, Value: ptr(p.Value)})
	}
	return out
}

// taskSpec tells the executor what CommandInfo has no words for. Ports become
// the numbers that the task was given.
func taskSpec(t *proto.Task, ports []uint64) ([]byte, error) {
	spec := executorpb.TaskSpec{Sidecar: t.Sidecar, Ready: t.Ready, Quit: t.Quit, Health: t.Health}
	encoded, err := spec.Marshal()
	if err != nil {
		return nil, err
	}
	var own executorpb.TaskSpec // a copy: the specification keeps its indexes
	if err := own.Unmarshal(encoded); err != nil {
		return nil, err
	}
	resolve := func(port *uint32) {
		if int(*port) < len(ports) {
			*port = uint32(ports[*port])
		}
	}
	for _, h := range []*executorpb.HTTP{own.Ready.GetHttp(), own.Quit.GetHttp(), own.Health.GetHttp()} {
		if h != nil {
			resolve(&h.Port)
		}
	}
	for _, c := range []*executorpb.TCP{own.Ready.GetTcp(), own.Health.GetTcp()} {
		if c != nil {
			resolve(&c.Port)
		}
	}
	return own.Marshal()
}

func ptr[T any](v T) *T { return &v }

func millis(ms int64) *mesos.DurationInfo { return &mesos.DurationInfo{Nanoseconds: ms * 1_000_000} }
