package scheduler

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	mesossched "github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/calls"
	"go.uber.org/zap"

	"fairlead/allocator"
	"fairlead/internal/mesoshttp"
)

// session is one subscription, and the calls that go out on it in order.
type session struct {
	stream *mesoshttp.Stream
	calls  chan *mesossched.Call
	log    *zap.Logger
}

// maxCalls bounds the calls that wait to be sent. A master that does not take
// them is left: everything in them is made good after the next subscription.
const maxCalls = 1 << 16

// send queues a call. It never blocks.
func (ses *session) send(call *mesossched.Call) {
	select {
	case ses.calls <- call:
	default:
		ses.log.Error("the master takes no calls; leaving this subscription")
		ses.stream.Close()
	}
}

// work sends the queued calls one after the other. A call that fails ends the
// subscription: what was in it may or may not have arrived, and only the
// reconciliation after the next one tells.
func (ses *session) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case call := <-ses.calls:
			err := ses.stream.Call(ctx, call)
			if errors.Is(err, mesoshttp.ErrInvalidCall) {
				ses.log.DPanic("a call was not fit to be sent", zap.Error(err))
				continue
			}
			if err != nil && ctx.Err() == nil {
				ses.log.Warn("call failed; subscribing again", zap.Stringer("type", call.GetType()), zap.Error(err))
				ses.stream.Close()
				return
			}
		}
	}
}

// link keeps a subscription up until ctx is done.
func (s *Scheduler) link(ctx context.Context) {
	backoff := mesoshttp.Backoff{Random: rand.Float64}
	for ctx.Err() == nil {
		began := time.Now()
		err := s.subscribe(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > time.Minute {
			backoff.Reset()
		}
		wait := backoff.Next()
		s.log.Warn("no subscription with a Mesos master", zap.Error(err), zap.Duration("next_try_in", wait))
		s.updateStatus(func(st *Status) { st.LastError = err.Error() })
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// subscribe holds one subscription for as long as it lasts, and says why it
// ended.
func (s *Scheduler) subscribe(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := s.cfg.Mesos.Subscribe(ctx, s.subscribeCall())
	if err != nil {
		return err
	}
	defer stream.Close()
	ses := &session{stream: stream, calls: make(chan *mesossched.Call, maxCalls), log: s.log}
	go ses.work(ctx)
	go s.watchAgents(ctx)
	defer s.post(context.WithoutCancel(ctx), func(b *batch) { s.disconnected(b, ses) })
	for {
		e, err := stream.Next()
		if err != nil {
			return err
		}
		if err := s.post(ctx, func(b *batch) { s.hear(b, ses, e) }); err != nil {
			return err
		}
	}
}

func (s *Scheduler) subscribeCall() *mesossched.Call {
	info := s.cfg.Framework
	info.ID = nil
	if id := *s.frameworkID.Load(); id != "" {
		info.ID = &mesos.FrameworkID{Value: id}
	}
	call := calls.Subscribe(&info)
	call.FrameworkID = info.ID
	return call
}

// id is the framework's id, for calls.
func (s *Scheduler) id() mesos.FrameworkID { return mesos.FrameworkID{Value: *s.frameworkID.Load()} }

// hear books an event of a session.
func (s *Scheduler) hear(b *batch, from *session, e *mesossched.Event) {
	switch e.GetType() {
	case mesossched.Event_SUBSCRIBED:
		s.subscribed(b, from, e)
	case mesossched.Event_ERROR: // also instead of SUBSCRIBED
		b.fatal = s.refused(e.GetError().GetMessage())
	default:
		s.received(b, from, e)
	}
}

// subscribed begins a session.
func (s *Scheduler) subscribed(b *batch, from *session, e *mesossched.Event) {
	id := e.GetSubscribed().GetFrameworkID().GetValue()
	// The id must be durable before any offer is used: tasks of a forgotten
	// framework could never be found again.
	if id != *s.frameworkID.Load() {
		if err := s.cfg.Journal.SetMeta(metaFrameworkID, []byte(id)); err != nil {
			b.fatal = err
			return
		}
		s.setFrameworkID(id)
	}
	if s.session != nil {
		clear(s.offers)
		s.book(b, allocator.Disconnected{})
	}
	s.session = from
	s.book(b, allocator.Connected{})
	b.event(Event{Type: "master.connected", Message: from.stream.Master()})
	s.log.Info("subscribed", zap.String("framework_id", id), zap.String("master", from.stream.Master()))
	s.updateStatus(func(st *Status) {
		*st = Status{Connected: true, Master: from.stream.Master(), FrameworkID: id, Since: time.Now()}
	})
	s.beginReconciliation(b)
}

// disconnected voids every offer once a session is over.
func (s *Scheduler) disconnected(b *batch, ses *session) {
	if s.session != ses {
		return
	}
	s.session = nil
	clear(s.offers)
	s.book(b, allocator.Disconnected{})
	b.event(Event{Type: "master.disconnected", Message: ses.stream.Master()})
	s.updateStatus(func(st *Status) { st.Connected, st.Reconciled, st.Since = false, false, time.Now() })
}

// agentsEvery is how often the master is asked what its agents hold.
const agentsEvery = 30 * time.Second

// watchAgents asks the master for its agents while a subscription is up. Where
// that is not allowed, totals are what offers and our own tasks show.
func (s *Scheduler) watchAgents(ctx context.Context) {
	for {
		agents, err := s.cfg.Mesos.Agents(ctx)
		switch {
		case errors.Is(err, mesoshttp.ErrNotAllowed):
			s.log.Info("the master does not list its agents to us; totals are what offers show", zap.Error(err))
			return
		case err != nil:
			s.log.Debug("agents", zap.Error(err))
		default:
			if s.post(ctx, func(b *batch) { s.sawAgents(b, agents) }) != nil {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-s.look:
		case <-time.After(agentsEvery):
		}
	}
}

// lookAgain has the list of agents fetched now: an unknown one made an offer.
func (s *Scheduler) lookAgain() {
	select {
	case s.look <- struct{}{}:
	default:
	}
}
