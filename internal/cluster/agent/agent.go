package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"go.uber.org/zap"

	"fairlead/internal/cluster/agent/fetcher"
	"fairlead/internal/cluster/agent/files"
	"fairlead/internal/cluster/agent/process"
	"fairlead/internal/cluster/queue"
	"fairlead/internal/cluster/wire"
)

// Agent is a running agent. Its methods never block, except Close; what they
// ask for happens in the order of the calls.
type Agent struct {
	cfg      Config
	up       Upstream
	log      *zap.Logger
	info     mesos.AgentInfo
	endpoint string
	started  time.Time

	listener net.Listener
	server   *http.Server
	fetcher  *fetcher.Fetcher
	files    *files.Tree

	box        *queue.Queue[func()] // work for the owner of the fields below
	loopDone   chan struct{}
	memoryDone chan struct{}  // closed when nobody looks at memory any more
	running    sync.WaitGroup // goroutines that look after processes
	guard      process.Guard  // of tasks the agent runs itself

	frameworks map[string]*framework
	completed  []*framework // oldest first
	updates    *updateManager
	metrics    metrics
	closing    bool
	drained    chan struct{} // closed when closing and no executor is left
}

// New starts an agent. When it returns, the agent answers HTTP requests.
func New(cfg Config, up Upstream) (*Agent, error) {
	cfg = cfg.withDefaults()
	if !filepath.IsAbs(cfg.WorkDir) {
		return nil, fmt.Errorf("agent work directory %q is not absolute", cfg.WorkDir)
	}
	if err := wire.ValidateID(cfg.ID); err != nil {
		return nil, fmt.Errorf("agent id: %w", err)
	}
	if cfg.LimitMemory && !process.MeasuresMemory {
		return nil, errors.New("memory can be limited on Linux only")
	}
	if err := os.MkdirAll(cfg.WorkDir, 0o755); err != nil {
		return nil, fmt.Errorf("agent work directory: %w", err)
	}
	fetch, err := fetcher.New(filepath.Join(cfg.WorkDir, "fetch", cfg.ID), cfg.FetchStall)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("agent: %w", err)
	}
	a := &Agent{
		cfg: cfg, up: up, log: cfg.Logger.With(zap.String("agent", cfg.ID)),
		endpoint: reachable(listener.Addr()), started: time.Now(),
		listener: listener, fetcher: fetch, files: files.NewTree(),
		box: queue.New[func()](), loopDone: make(chan struct{}), memoryDone: make(chan struct{}),
		frameworks: map[string]*framework{}, drained: make(chan struct{}),
	}
	a.info = a.describe()
	a.updates = newUpdateManager(cfg.UpdateRetryMin, cfg.UpdateRetryMax, a.post, up.StatusUpdate)
	a.serve()
	go a.loop()
	if cfg.LimitMemory {
		go a.limitMemory()
	} else {
		close(a.memoryDone)
	}
	return a, nil
}

// reachable turns the address of a listener into one to connect to: an agent
// that listens everywhere is reached by its executors over loopback.
func reachable(addr net.Addr) string {
	tcp := addr.(*net.TCPAddr)
	if !tcp.IP.IsUnspecified() {
		return tcp.String()
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
}

// describe builds the AgentInfo, which never changes.
func (a *Agent) describe() mesos.AgentInfo {
	port := int32(a.listener.Addr().(*net.TCPAddr).Port)
	return mesos.AgentInfo{
		ID:         &mesos.AgentID{Value: a.cfg.ID},
		Hostname:   a.cfg.Hostname,
		Port:       &port,
		Resources:  a.cfg.Resources,
		Attributes: a.cfg.Attributes,
	}
}

// serve starts the HTTP server. Header and idle times are bounded; bodies are
// not, since streams last as long as their executors.
func (a *Agent) serve() {
	a.server = &http.Server{
		Handler:           a.handler(),
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          zap.NewStdLog(a.log),
	}
	go func() {
		if err := a.server.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
			a.log.Error("http server ended", zap.Error(err))
		}
	}()
}

// loop is the one goroutine that owns the state.
func (a *Agent) loop() {
	defer close(a.loopDone)
	a.box.Each(func(do func()) { do() })
	a.updates.stop()
}

// post leaves work for the loop. After Close it is dropped.
func (a *Agent) post(do func()) { a.box.Put(do) }

// call has the loop do something and waits for it; false means that the agent
// is closed and nothing was done.
func (a *Agent) call(do func()) bool {
	done := make(chan struct{})
	if !a.box.Put(func() { do(); close(done) }) {
		return false
	}
	<-done
	return true
}

// Info returns the description that goes into offers and SUBSCRIBED events.
func (a *Agent) Info() mesos.AgentInfo { return a.info }

// Endpoint returns host:port of the HTTP server.
func (a *Agent) Endpoint() string { return a.endpoint }

// PID returns the address in the form old libraries parse: slave(1)@ip:port.
func (a *Agent) PID() string { return "slave(1)@" + a.endpoint }

// Run starts tasks, as one unit if group is set, under executor ex, which is
// started if it isn't running; a nil ex makes each a command task, which the
// agent runs itself. Whatever becomes of them is told by status updates.
func (a *Agent) Run(fw mesos.FrameworkInfo, ex *mesos.ExecutorInfo, tasks []mesos.TaskInfo, group bool) {
	a.post(func() { a.run(fw, ex, tasks, group) })
}

// Kill asks for the end of a task; policy, if not nil, overrides that of the
// task. It is best effort, as in Mesos: repeat until a terminal update arrives.
func (a *Agent) Kill(frameworkID, taskID string, policy *mesos.KillPolicy) {
	a.post(func() { a.kill(frameworkID, taskID, policy) })
}

// Acknowledge releases the update uuid of a task, and lets the next one go. An
// unexpected uuid changes nothing.
func (a *Agent) Acknowledge(frameworkID, taskID string, uuid []byte) {
	a.post(func() { a.acknowledge(frameworkID, taskID, uuid) })
}

// Message hands data to an executor; it is dropped unless that is running.
func (a *Agent) Message(frameworkID, executorID string, data []byte) {
	a.post(func() { a.message(frameworkID, executorID, data) })
}

// ShutdownExecutor sends SHUTDOWN and ends the executor by force after its
// grace period.
func (a *Agent) ShutdownExecutor(frameworkID, executorID string) {
	a.post(func() { a.shutdownExecutor(frameworkID, executorID) })
}

// ShutdownFramework shuts all executors of a framework down and forgets its
// updates.
func (a *Agent) ShutdownFramework(frameworkID string) {
	a.post(func() { a.shutdownFramework(frameworkID) })
}

// FrameworkSubscribed sends the framework's unacknowledged updates again now.
func (a *Agent) FrameworkSubscribed(frameworkID string) {
	a.post(func() { a.updates.resend(frameworkID) })
}

// Close shuts down all executors, in order until ctx is done and by force
// then, and returns when no process of theirs is left. Closing twice is
// harmless.
func (a *Agent) Close(ctx context.Context) error {
	a.post(a.shutdownAll)
	select {
	case <-a.drained:
	case <-ctx.Done():
		a.post(a.destroyAll)
		<-a.drained
	}
	a.running.Wait()
	a.guard.Close()
	a.box.Close()
	<-a.loopDone
	<-a.memoryDone
	return a.server.Close()
}
