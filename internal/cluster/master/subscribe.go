package master

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"go.uber.org/zap"

	"fairlead/internal/cluster/wire"
)

const streamIDHeader = "Mesos-Stream-Id"

// serveSubscribe answers SUBSCRIBE: an event stream that lasts until the
// framework or its client goes away, or an ERROR event and the end.
func (m *Master) serveSubscribe(w http.ResponseWriter, r *http.Request, call *scheduler.Call) {
	media, err := wire.Negotiate(r)
	if err != nil {
		wire.WriteError(w, err)
		return
	}
	if len(r.Header.Values(streamIDHeader)) > 0 {
		wire.WriteError(w, wire.BadRequest("Subscribe calls should not include the '%s' header", streamIDHeader))
		return
	}
	out := newOutbox(media, m.cfg.MaxQueued)
	s := subscription{out: out, streamID: uuid.NewString()}
	if err := m.do(func() { m.subscribe(&s, call.Subscribe) }); err != nil {
		wire.WriteError(w, err)
		return
	}
	defer m.inbox.post(func() { m.disconnected(s.frameworkID, s.streamID) })
	w.Header().Set(streamIDHeader, s.streamID)
	stream, err := wire.OpenStream(w, media)
	if err != nil {
		return
	}
	heartbeat, err := media.Marshal(&scheduler.Event{Type: scheduler.Event_HEARTBEAT})
	if err != nil {
		return
	}
	if err := out.run(r.Context(), stream, heartbeat, m.cfg.Heartbeat); err != nil {
		m.log.Info("scheduler stream ended", zap.String("framework", s.frameworkID), zap.Error(err))
	}
}

// subscription is one event stream of a framework.
type subscription struct {
	out         *outbox
	streamID    string
	frameworkID string // once accepted
}

var (
	errRemoved   = errors.New("Framework has been removed")
	errPrincipal = errors.New("Changing framework's principal is not allowed.")
)

// subscribe accepts a subscription or ends its stream with an ERROR.
func (m *Master) subscribe(s *subscription, call *scheduler.Call_Subscribe) {
	f, err := m.admit(call.FrameworkInfo, call.SuppressedRoles)
	if err != nil {
		m.endStream(s.out, err.Error())
		return
	}
	s.frameworkID = f.id
	m.connect(f, s)
	for _, a := range m.sortedAgents() {
		if a.presence == registered {
			a.port.FrameworkSubscribed(f.id)
		}
	}
	m.allocateSoon()
}

// endStream sends ERROR as the last event.
func (m *Master) endStream(out *outbox, message string) {
	event := &scheduler.Event{Type: scheduler.Event_ERROR, Error: &scheduler.Event_Error{Message: message}}
	if record, err := out.media.Marshal(event); err == nil {
		out.put(record)
	}
	out.end()
}

// admit checks a FrameworkInfo and enters it, as a new framework, as a new
// subscription of a known one, or under an id that this master has not seen:
// of a framework that survived a failover.
func (m *Master) admit(info *mesos.FrameworkInfo, suppressed []string) (*framework, error) {
	if err := validateInfo(info, suppressed); err != nil {
		return nil, err
	}
	id := info.ID.GetValue()
	for _, f := range m.completed {
		if f.id == id {
			return nil, errRemoved
		}
	}
	f := m.frameworks[id]
	if f == nil {
		f = m.enter(id, *info, suppressed)
		m.publishFrameworkAdded(f)
		return f, nil
	}
	if info.GetPrincipal() != f.info.GetPrincipal() {
		return nil, errPrincipal
	}
	m.failOver(f)
	renewed := *info
	renewed.User, renewed.Checkpoint = f.info.User, f.info.Checkpoint // changes are ignored
	m.change(f, renewed, suppressed)
	f.reregistered = time.Now()
	m.publishFrameworkUpdated(f)
	return f, nil
}

// enter makes a framework, with an id of its own if it brings none.
func (m *Master) enter(id string, info mesos.FrameworkInfo, suppressed []string) *framework {
	if id == "" {
		id = fmt.Sprintf("%s-%04d", m.id, m.sequence.framework)
		m.sequence.framework++
	}
	f := newFramework(id)
	f.describe(info, suppressed)
	m.frameworks[id] = f
	return f
}

// failOver ends the stream an earlier subscription still has. The offers of
// that one are lost without RESCIND.
func (m *Master) failOver(f *framework) {
	if !f.connected() {
		return
	}
	m.endStream(f.out, "Framework failed over")
	f.out = nil
	m.dropOffers(f)
}

// change takes over a new FrameworkInfo of a known framework: offers for
// dropped roles are rescinded, roles that are no longer suppressed lose their
// filters, tasks keep running.
func (m *Master) change(f *framework, info mesos.FrameworkInfo, suppressed []string) {
	before := f.suppressed
	f.describe(info, suppressed)
	for _, o := range f.sortedOffers() {
		if !f.hasRole(o.role) {
			m.rescind(o)
		}
	}
	for role := range before {
		if !f.suppressed[role] {
			f.revive(role)
		}
	}
	m.refreshPlaces(f)
}

// connect gives a framework a stream.
func (m *Master) connect(f *framework, s *subscription) {
	f.out, f.streamID = s.out, s.streamID
	f.epoch++
	m.refreshPlaces(f)
	interval := m.cfg.Heartbeat.Seconds()
	info := m.masterInfo()
	m.send(f, &scheduler.Event{
		Type: scheduler.Event_SUBSCRIBED,
		Subscribed: &scheduler.Event_Subscribed{
			FrameworkID:              &mesos.FrameworkID{Value: f.id},
			HeartbeatIntervalSeconds: &interval,
			MasterInfo:               &info,
		},
	})
	m.send(f, &scheduler.Event{Type: scheduler.Event_HEARTBEAT})
	m.log.Info("framework subscribed", zap.String("framework", f.id), zap.String("name", f.info.Name))
}

// disconnected follows the end of a stream. The framework stays for its
// failover timeout; a later subscription is not disturbed by the end of an
// earlier stream.
func (m *Master) disconnected(id, streamID string) {
	f := m.frameworks[id]
	if f == nil || f.streamID != streamID || !f.connected() {
		return
	}
	f.out.end()
	f.out = nil
	f.epoch++
	m.refreshPlaces(f)
	m.dropOffers(f)
	m.publishFrameworkUpdated(f)
	m.allocateSoon()
	timeout, _ := wire.Seconds(f.info.GetFailoverTimeout())
	if timeout <= 0 {
		m.removeFramework(f)
		return
	}
	epoch := f.epoch
	time.AfterFunc(timeout, func() {
		m.inbox.post(func() {
			if m.frameworks[id] == f && f.epoch == epoch {
				m.removeFramework(f)
			}
		})
	})
}

// removeFramework ends a framework for good: its executors are shut down, its
// tasks are recorded as killed, its id is burned.
func (m *Master) removeFramework(f *framework) {
	if f.connected() {
		f.out.end()
		f.out = nil
	}
	f.epoch++
	m.dropOffers(f)
	for _, a := range m.sortedAgents() {
		if a.presence == registered {
			a.port.ShutdownFramework(f.id)
		}
		delete(a.away, f.id)
	}
	for _, t := range sortedTasks(f.tasks) {
		m.killRemoved(f, t)
	}
	for _, e := range f.sortedExecutors() {
		m.removeExecutor(f, e)
	}
	m.order.forget(f.id)
	f.unregistered = time.Now()
	delete(m.frameworks, f.id)
	m.completed = bounded(append(m.completed, f), maxCompletedFrameworks)
	m.publishFrameworkRemoved(f)
	m.allocateSoon()
	m.log.Info("framework removed", zap.String("framework", f.id))
}

// killRemoved records a task of a removed framework as killed. Nobody is told
// but the operators.
func (m *Master) killRemoved(f *framework, t *task) {
	m.release(t)
	delete(f.tasks, t.id())
	f.completed = bounded(append(f.completed, t), maxCompletedTasks)
	if terminal(t.latest) {
		return
	}
	status := m.masterStatus(f, t.TaskID, mesos.TASK_KILLED, mesos.REASON_FRAMEWORK_REMOVED)
	status.AgentID, status.ExecutorID = &t.AgentID, t.ExecutorID
	status.Message = text("Framework " + f.id + " removed")
	m.record(t, status)
}

// masterInfo describes the master as SUBSCRIBED and GET_MASTER show it.
func (m *Master) masterInfo() mesos.MasterInfo {
	host := m.address.IP.String()
	port := uint32(m.address.Port)
	v4 := m.address.IP.To4()
	info := mesos.MasterInfo{
		ID: m.id, Port: &port, PID: text(m.pid()), Hostname: &host, Version: text(version),
		Address: &mesos.Address{Hostname: &host, IP: &host, Port: int32(port)},
	}
	if v4 != nil { // packed in network order, read as a little-endian number
		info.IP = binary.LittleEndian.Uint32(v4)
	}
	return info
}

func (m *Master) pid() string { return "master@" + m.address.String() }
