package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"

	"fairlead/allocator"
	"fairlead/internal/mesoshttp"
	"fairlead/proto"
	"fairlead/scheduler"
)

// Scheduler is what the API needs of a scheduler; *scheduler.Scheduler is the
// one that runs.
type Scheduler interface {
	Submit(ctx context.Context, groups []*proto.TaskGroup, allowUnsatisfiable bool) (known []bool, err error)
	Kill(ctx context.Context, framework, group string, instance int32) error
	Rerun(ctx context.Context, framework, group string, below bool) ([]string, error)
	Forget(ctx context.Context, framework, group string) error
	View(ctx context.Context) (*allocator.View, error)
	Fairness(ctx context.Context) (*allocator.Fairness, error)
	Group(ctx context.Context, framework, group string) (*allocator.GroupView, error)
	Spec(ctx context.Context, framework, group string) (*proto.TaskGroup, error)
	SetRole(ctx context.Context, c scheduler.RoleChange) error
	SetFramework(ctx context.Context, c scheduler.FrameworkChange) (role string, err error)
	Explain(ctx context.Context, framework, group string) (*allocator.Explanation, error)
	Plan(ctx context.Context, groups []*proto.TaskGroup) (*allocator.Plan, error)
	Sandbox(ctx context.Context, framework, group string, instance int32, task string) (scheduler.Sandbox, error)
	Events(ctx context.Context, after uint64) <-chan scheduler.Event
	Status() scheduler.Status
}

// Files reads the files of agents; *mesoshttp.Client does.
type Files interface {
	ReadFile(ctx context.Context, r mesoshttp.FileRange) (data []byte, size int64, err error)
}

// Config is what a Server needs. All fields must be set, except Executor.
type Config struct {
	Scheduler Scheduler
	Files     Files
	Logger    *zap.Logger
	Version   string
	// Executor is the path of the fairlead-executor binary that is served to
	// agents at ExecutorPath. Empty: none is.
	Executor string
}

// ExecutorPath is where agents fetch the executor.
const ExecutorPath = "/executor/fairlead-executor"

const (
	headerTimeout   = 10 * time.Second
	bodyTimeout     = 30 * time.Second // for a submission to arrive
	answerTimeout   = 30 * time.Second // for what is not a stream
	writeTimeout    = 30 * time.Second // for a client to take the next piece of an answer
	idleTimeout     = 2 * time.Minute
	shutdownTimeout = 5 * time.Second
	maxHeader       = 64 << 10
)

// Server answers the HTTP API.
type Server struct {
	cfg     Config
	log     *zap.Logger
	handler http.Handler
	metrics *metrics
}

// New returns a server that is ready to Serve.
func New(cfg Config) *Server {
	s := &Server{cfg: cfg, log: cfg.Logger, metrics: newMetrics(cfg)}
	s.handler = s.routes()
	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Serve answers requests on a listener until ctx is done, gives those that are
// being answered a few seconds to end, and closes the listener. Streams end at
// once. It returns nil unless the listener fails.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	streams, endStreams := context.WithCancel(context.WithoutCancel(ctx))
	defer endStreams()
	server := &http.Server{
		Handler:           s,
		BaseContext:       func(net.Listener) context.Context { return streams },
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          zap.NewStdLog(s.log),
	}
	ended := make(chan error, 1)
	go func() {
		<-ctx.Done()
		endStreams()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		ended <- server.Shutdown(grace)
	}()
	err := server.Serve(l)
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("http api on %s: %w", l.Addr(), err)
	}
	if err := <-ended; err != nil {
		return server.Close()
	}
	return nil
}
