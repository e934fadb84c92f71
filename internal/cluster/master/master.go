package master

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"fairlead/internal/cluster/wire"
)

// Master is a running master. Its methods are safe for concurrent use.
type Master struct {
	cfg     Config
	log     *zap.Logger
	id      string
	address *net.TCPAddr
	started time.Time

	server   *http.Server
	listener net.Listener
	serving  chan struct{} // closed when the server's goroutine has ended
	inbox    inbox
	done     chan struct{} // closed when the owner of the state has ended
	stop     context.CancelFunc

	state // owned by the goroutine that runs the inbox
}

// state is everything a master knows.
type state struct {
	frameworks  map[string]*framework
	completed   []*framework // oldest first
	agents      map[string]*agent
	offers      map[string]*offer
	subscribers []*subscriber // of the operator API, oldest first
	order       *order
	counters    counters
	sequence    sequence
	allocating  bool // an allocation is in the inbox already
}

// sequence numbers what the master names; a real master counts the same way.
type sequence struct{ framework, agent, offer, task int }

// New starts a master. When it returns, the master answers requests.
func New(cfg Config) (*Master, error) {
	cfg = cfg.withDefaults()
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("master: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	m := &Master{
		cfg: cfg, log: cfg.Logger, id: uuid.NewString(), started: time.Now(),
		address: listener.Addr().(*net.TCPAddr), listener: listener,
		serving: make(chan struct{}), inbox: newInbox(), done: make(chan struct{}), stop: cancel,
		state: state{
			frameworks: map[string]*framework{}, agents: map[string]*agent{},
			offers: map[string]*offer{}, order: newOrder(), counters: counters{},
		},
	}
	m.server = &http.Server{
		Handler:           m,
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          zap.NewStdLog(m.log),
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	go m.own()
	go m.serve()
	go m.tick(ctx)
	return m, nil
}

func (m *Master) own() {
	defer close(m.done)
	m.inbox.run()
}

func (m *Master) serve() {
	defer close(m.serving)
	if err := m.server.Serve(m.listener); !errors.Is(err, http.ErrServerClosed) {
		m.log.Error("http server ended", zap.Error(err))
	}
}

// tick asks for an allocation at every interval.
func (m *Master) tick(ctx context.Context) {
	ticker := time.NewTicker(m.cfg.AllocationInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			m.inbox.post(m.allocateSoon)
		}
	}
}

// Endpoint is host:port of the HTTP server.
func (m *Master) Endpoint() string { return m.address.String() }

// ID is the master's id, new for each master.
func (m *Master) ID() string { return m.id }

// errClosed is the answer to requests that come while the master ends.
var errClosed = &wire.StatusError{Code: http.StatusServiceUnavailable, Text: "Master is shutting down"}

// do has the owner of the state do something and waits for it.
func (m *Master) do(work func()) error {
	finished := make(chan struct{})
	if !m.inbox.post(func() { work(); close(finished) }) {
		return errClosed
	}
	<-finished
	return nil
}

// Close ends all event streams and the server, and returns when no goroutine
// of the master is left or ctx is done. It does not end the agents.
func (m *Master) Close(ctx context.Context) error {
	m.stop() // ends the streams: their requests' context is done
	err := m.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, m.server.Close())
	}
	<-m.serving
	m.inbox.close()
	<-m.done
	return err
}
