// Package cluster runs a Mesos cluster inside one process: a master and any
// number of agents, each with an HTTP server of its own, real processes for
// tasks, and the v1 scheduler, executor and operator APIs. It knows nothing of
// Fairlead's own scheduler, so that the two sides cannot share a mistake.
//
// What it leaves out of a real Mesos is listed in docs/embedded-cluster.md.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"go.uber.org/zap"

	"fairlead/internal/cluster/agent"
	"fairlead/internal/cluster/master"
	"fairlead/internal/cluster/wire"
)

// Config describes a cluster. The zero value is one agent with the resources
// of this machine on a free loopback port.
type Config struct {
	Listen string // host:port of the master; agents take free ports of the same host; "127.0.0.1:0"
	Agents int    // how many; 1

	// Resources of each agent in the Mesos text form; what of this machine's
	// is an agent's share if empty. All agents are on one host, so the ports
	// are shared out among them, each getting its part of the ranges.
	Resources string
	// Attributes in the Mesos text form: agent i gets entry i modulo length.
	Attributes []string

	// ExecutorSlots times ExecutorOverhead, in the Mesos text form, is added
	// to what each agent advertises, so that executors do not eat into the
	// resources that tasks are counted against.
	ExecutorSlots    int
	ExecutorOverhead string

	// LimitMemory ends containers that hold more memory than they asked for.
	LimitMemory bool

	WorkDir            string        // sandboxes; a temporary directory that Close removes if empty
	AllocationInterval time.Duration // 1s
	ShutdownGrace      time.Duration // an executor's time to end at Close before it is killed; 5s
	Environment        map[string]string
	Logger             *zap.Logger
}

// Cluster is a running cluster. Its methods are safe for concurrent use.
type Cluster struct {
	master    *master.Master
	agents    []*agent.Agent
	removeDir string // the temporary work directory, if it is ours
}

// Start starts a master and its agents. When it returns, frameworks can
// subscribe and all agents are registered. If ctx is cancelled before, what was
// started is ended and the error is ctx's. Cancelling ctx has no effect later;
// use Close.
func Start(ctx context.Context, cfg Config) (*Cluster, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start cluster: %w", err)
	}
	plan, err := cfg.plan()
	if err != nil {
		return nil, err
	}
	c := &Cluster{removeDir: plan.temporary}
	c.master, err = master.New(master.Config{
		Listen: plan.listen, AllocationInterval: cfg.AllocationInterval, Logger: plan.logger.Named("master"),
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start cluster: %w", err), c.cleanUp())
	}
	for _, a := range plan.agents {
		err := ctx.Err()
		if err == nil {
			err = c.startAgent(a)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("start cluster: %w", err), c.Close(ctx))
		}
	}
	return c, nil
}

// startAgent starts one agent and registers it.
func (c *Cluster) startAgent(cfg agent.Config) error {
	id, err := c.master.NewAgentID()
	if err != nil {
		return err
	}
	cfg.ID = id
	a, err := agent.New(cfg, upstream(c.master, id))
	if err != nil {
		return err
	}
	c.agents = append(c.agents, a)
	return c.master.AddAgent(a)
}

// upstream leads an agent's reports to the master.
func upstream(m *master.Master, id string) agent.Upstream {
	return agent.Upstream{
		StatusUpdate: func(u agent.Update) {
			m.StatusUpdate(id, master.Update{FrameworkID: u.FrameworkID, Status: u.Status, Latest: u.Latest})
		},
		ExecutorExited: func(frameworkID, executorID string, waitStatus int) {
			m.ExecutorExited(master.ExecutorExit{
				AgentID: id, FrameworkID: frameworkID, ExecutorID: executorID, WaitStatus: waitStatus,
			})
		},
		ExecutorMessage: func(frameworkID, executorID string, data []byte) {
			m.ExecutorMessage(id, frameworkID, executorID, data)
		},
	}
}

// URL is where frameworks find the master: http://host:port.
func (c *Cluster) URL() string { return "http://" + c.master.Endpoint() }

// AgentIDs are the ids of the agents in the order of their numbers.
func (c *Cluster) AgentIDs() []string {
	ids := make([]string, len(c.agents))
	for i, a := range c.agents {
		ids[i] = a.Info().ID.GetValue()
	}
	return ids
}

// Partition makes agent i vanish for the master: its tasks become unreachable
// and its offers are rescinded, while its processes keep running.
func (c *Cluster) Partition(i int) error {
	if i < 0 || i >= len(c.agents) {
		return fmt.Errorf("no agent %d: the cluster has %d", i, len(c.agents))
	}
	return c.master.MarkUnreachable(c.agents[i].Info().ID.GetValue())
}

// Heal brings a partitioned agent back.
func (c *Cluster) Heal(i int) error {
	if i < 0 || i >= len(c.agents) {
		return fmt.Errorf("no agent %d: the cluster has %d", i, len(c.agents))
	}
	return c.master.AddAgent(c.agents[i])
}

// Close ends the master first, so that frameworks see a lost connection and
// not their tasks dying one by one, then all agents and every process of
// theirs: in order until ctx is done, by force then.
func (c *Cluster) Close(ctx context.Context) error {
	errs := []error{c.master.Close(ctx)}
	ended := make(chan error, len(c.agents))
	for _, a := range c.agents {
		go func() { ended <- a.Close(ctx) }()
	}
	for range c.agents {
		errs = append(errs, <-ended)
	}
	return errors.Join(append(errs, c.cleanUp())...)
}

func (c *Cluster) cleanUp() error {
	if c.removeDir == "" {
		return nil
	}
	if err := os.RemoveAll(c.removeDir); err != nil {
		return fmt.Errorf("remove work directory: %w", err)
	}
	return nil
}

// plan is a Config with every default worked out.
type plan struct {
	listen    string
	temporary string
	agents    []agent.Config
	logger    *zap.Logger
}

func (cfg Config) plan() (plan, error) {
	p := plan{listen: cfg.Listen, logger: cfg.Logger}
	if p.listen == "" {
		p.listen = "127.0.0.1:0"
	}
	if p.logger == nil {
		p.logger = zap.NewNop()
	}
	host, _, err := net.SplitHostPort(p.listen)
	if err != nil {
		return p, fmt.Errorf("listen address %q: %w", p.listen, err)
	}
	count := max(cfg.Agents, 1)
	resources, err := cfg.resources(count)
	if err != nil {
		return p, err
	}
	attributes, err := cfg.attributes()
	if err != nil {
		return p, err
	}
	dir, err := p.workDir(cfg.WorkDir)
	if err != nil {
		return p, err
	}
	for i := range count {
		p.agents = append(p.agents, agent.Config{
			Hostname: fmt.Sprintf("agent%d.localhost", i+1), Listen: net.JoinHostPort(host, "0"),
			WorkDir: filepath.Join(dir, fmt.Sprintf("agent%d", i+1)), Resources: resources[i],
			Attributes: attributes[i%len(attributes)], Environment: cfg.Environment,
			LimitMemory: cfg.LimitMemory, ShutdownGrace: cfg.ShutdownGrace, Logger: p.logger.Named("agent"),
		})
	}
	return p, nil
}

func (p *plan) workDir(configured string) (string, error) {
	if configured == "" {
		dir, err := os.MkdirTemp("", "fairlead-cluster-")
		p.temporary = dir
		return dir, err
	}
	return filepath.Abs(configured)
}

func (cfg Config) attributes() ([][]mesos.Attribute, error) {
	all := [][]mesos.Attribute{}
	for _, text := range cfg.Attributes {
		parsed, err := wire.ParseAttributes(text)
		if err != nil {
			return nil, err
		}
		all = append(all, parsed)
	}
	if len(all) == 0 {
		all = append(all, nil)
	}
	return all, nil
}
