package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"go.uber.org/zap"

	"fairlead/allocator"
	"fairlead/internal/api"
	"fairlead/internal/mesoshttp"
	"fairlead/internal/taskgroup"
	"fairlead/scheduler"
)

// check says what is wrong with the options, as far as that can be known
// before anything is started, and reads the file of --config.
func (d *daemon) check() error {
	if err := checkListen("--listen", d.listen); err != nil {
		return err
	}
	if err := d.checkAllocation(); err != nil {
		return err
	}
	if err := taskgroup.CheckRole(d.role); err != nil {
		return usagef("--role: %w", err)
	}
	var err error
	if d.tree, err = readConfig(d.config); err != nil {
		return err
	}
	if err := checkURL("--advertise", d.advertise); d.advertise != "" && err != nil {
		return err
	}
	executor, _, err := d.findExecutor()
	if err != nil {
		return err
	}
	if err := executor.Sufficient(); err != nil {
		return usagef("--executor-resources: %w", err)
	}
	return nil
}

// checkAllocation checks the options that the allocator is configured by.
func (d *daemon) checkAllocation() error {
	switch policy := allocator.Policy(d.policy); {
	case policy.Static():
		return usagef("--policy %s is for simulations that only fill a cluster", d.policy)
	case d.policy != "" && !slices.Contains(allocator.Policies(), policy):
		return usagef("--policy %q: expected one of %s", d.policy, join(allocator.Policies()))
	case !slices.Contains(allocator.Placements(), allocator.Placement(d.placement)):
		return usagef("--placement %q: expected one of %s", d.placement, join(allocator.Placements()))
	case d.history < 0:
		return usagef("--history %d: expected 0 or more", d.history)
	case d.preemptPerMinute < 1:
		return usagef("--preempt-per-minute %d: expected 1 or more; without --preemption none are ended", d.preemptPerMinute)
	case d.executorSlots < 0:
		return usagef("--executor-slots %d: expected 0 or more", d.executorSlots)
	}
	if d.knob != "" && allocator.Placement(d.placement) != allocator.Tetris {
		return usagef("--fairness-knob goes with --placement %s", allocator.Tetris)
	}
	_, err := fairnessKnob(d.knob)
	return err
}

// checkURL says whether an address is one that others can reach over HTTP.
func checkURL(option, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return usagef("%s %q: expected a URL such as http://host:8080", option, address)
	}
	return nil
}

// checkListen says whether an address is one to listen on.
func checkListen(option, address string) error {
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil {
		return usagef("%s %q: expected host:port, such as %s: %w", option, address, defaultListen, err)
	}
	return nil
}

// schedulerConfig works the options out. served is the executor binary that
// the API has to serve to agents, if any. The journal is left to the caller.
func (d *daemon) schedulerConfig(log *zap.Logger) (cfg scheduler.Config, served string, err error) {
	cfg = scheduler.Config{Logger: log.Named("scheduler"), SlotsPerAgent: d.executorSlots, StartAnew: d.startAnew}
	cfg.Roles, cfg.Frameworks = d.tree.roles, d.tree.frameworks
	if cfg.Executor, served, err = d.findExecutor(); err != nil {
		return cfg, "", err
	}
	cfg.Allocator = allocator.Config{
		Policy: allocator.Policy(d.policy), Placement: allocator.Placement(d.placement), Executor: cfg.Executor.Resources, History: d.history,
		UnreachableMillis: d.unreachable.Milliseconds(), HoldMillis: max(d.offerHold.Milliseconds(), 1), ReserveAfterMillis: max(d.reserveAfter.Milliseconds(), 1),
		AvoidMillis:    avoidMillis(d.avoidFailed),
		FairnessMillis: max(d.fairnessInterval.Milliseconds(), 0), HalfLifeMillis: max(d.halfLife.Milliseconds(), 0),
		Preemption: d.preemption, PreemptAfterMillis: max(d.preemptAfter.Milliseconds(), 1),
		PreemptMinRunMillis: max(d.preemptMinRun.Milliseconds(), 1), PreemptPerMinute: max(d.preemptPerMinute, 1),
		ShrinkAfterMillis: max(d.shrinkAfter.Milliseconds(), 1), GrowAfterMillis: max(d.growAfter.Milliseconds(), 1),
	}
	if cfg.Allocator.FairnessKnob, err = fairnessKnob(d.knob); err != nil {
		return cfg, "", err
	}
	if cfg.Framework, err = d.frameworkInfo(); err != nil {
		return cfg, "", err
	}
	cfg.Mesos, err = d.mesosClient(log)
	return cfg, served, err
}

// avoidMillis is what the allocator makes of --avoid-failed: 0 would be its default.
func avoidMillis(d time.Duration) int64 {
	if d <= 0 {
		return -1
	}
	return max(d.Milliseconds(), 1)
}

func (d *daemon) mesosClient(log *zap.Logger) (*mesoshttp.Client, error) {
	secret := ""
	if d.secretFile != "" {
		content, err := os.ReadFile(d.secretFile)
		if err != nil {
			return nil, usagef("--secret-file: %w", err)
		}
		secret = strings.TrimRight(string(content), "\r\n")
	}
	c, err := mesoshttp.New(mesoshttp.Config{
		Masters: d.master, Principal: d.principal, Secret: secret, Logger: log.Named("mesos"),
	})
	if err != nil {
		return nil, usagef("--master: %w", err)
	}
	return c, nil
}

// frameworkInfo is what the master gets to know of us. It never sets the
// framework's id: the scheduler keeps that, and a variable of this name may
// belong to the framework that started us.
func (d *daemon) frameworkInfo() (mesos.FrameworkInfo, error) {
	info := mesos.FrameworkInfo{
		Name: d.name, User: d.user, Roles: []string{d.role}, Checkpoint: new(true),
		FailoverTimeout: new(d.failover.Seconds()), WebUiURL: &d.advertise,
	}
	for _, c := range []mesos.FrameworkInfo_Capability_Type{
		mesos.FrameworkInfo_Capability_MULTI_ROLE, mesos.FrameworkInfo_Capability_PARTITION_AWARE,
		mesos.FrameworkInfo_Capability_RESERVATION_REFINEMENT, mesos.FrameworkInfo_Capability_TASK_KILLING_STATE,
		mesos.FrameworkInfo_Capability_GPU_RESOURCES,
	} {
		info.Capabilities = append(info.Capabilities, mesos.FrameworkInfo_Capability{Type: c})
	}
	if d.principal != "" {
		info.Principal = &d.principal
	}
	if host, err := os.Hostname(); err == nil {
		info.Hostname = &host
	}
	if info.User == "" {
		me, err := user.Current()
		if err != nil {
			return info, usagef("--user is needed: %w", err)
		}
		info.User = me.Username
	}
	return info, nil
}

// findExecutor says how agents get the executor, and which file the API serves
// for that.
func (d *daemon) findExecutor() (e scheduler.Executor, served string, err error) {
	if e.Resources, err = parseQuantities(d.executorResources); err != nil {
		return e, "", usagef("--executor-resources: %w", err)
	}
	if strings.Contains(d.executor, "://") {
		e.URI = d.executor
		return e, "", nil
	}
	program, err := executorPath(d.executor)
	if err != nil {
		return e, "", err
	}
	if d.executorLocal {
		e.Path = program
		return e, "", nil
	}
	sum, err := fileSum(program)
	if err != nil {
		return e, "", usagef("--executor: %w", err)
	}
	// Agents keep what they fetched by its URI, so that has to change with the file.
	e.URI = d.advertise + api.ExecutorPath + "?sha256=" + sum
	return e, program, nil
}

// executorPath is where the executor binary is: as configured, else beside
// this program.
func executorPath(configured string) (string, error) {
	path := configured
	if path == "" {
		self, err := os.Executable()
		if err != nil {
			return "", usagef("--executor is needed: %w", err)
		}
		path = filepath.Join(filepath.Dir(self), executorProgram)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", usagef("--executor: %w", err)
	}
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		return "", usagef("there is no executor at %s: say with --executor where it is", path)
	}
	return path, nil
}

func fileSum(name string) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}
