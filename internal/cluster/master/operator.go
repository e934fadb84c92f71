package master

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/master"

	"fairlead/internal/cluster/wire"
)

// serveOperator is POST /api/v1.
func (m *Master) serveOperator(w http.ResponseWriter, r *http.Request) {
	if _, ok := m.authenticate(w, r, "mesos-master-readwrite"); !ok {
		return
	}
	var call master.Call
	if err := wire.DecodeCall(r, "master", &call); err != nil {
		wire.WriteError(w, err)
		return
	}
	if fault := operatorFault(&call); fault != "" {
		wire.WriteError(w, wire.InvalidCall("master", fault))
		return
	}
	media, err := wire.Negotiate(r)
	if err != nil {
		wire.WriteError(w, err)
		return
	}
	if call.Type == master.Call_SUBSCRIBE {
		m.serveOperatorStream(w, r, media)
		return
	}
	var answer *master.Response
	var refusal error
	if err = m.do(func() { answer, refusal = m.answer(&call) }); err == nil {
		err = refusal
	}
	switch {
	case err != nil:
		wire.WriteError(w, err)
	case answer == nil:
		w.WriteHeader(http.StatusOK)
	default:
		wire.WriteMessage(w, media, answer)
	}
}

// operatorFault checks that the member a call needs is there.
func operatorFault(call *master.Call) string {
	present := true
	switch call.Type {
	case master.Call_GET_METRICS:
		present = call.GetMetrics != nil
	case master.Call_SET_LOGGING_LEVEL:
		present = call.SetLoggingLevel != nil
	case master.Call_LIST_FILES:
		present = call.ListFiles != nil
	case master.Call_READ_FILE:
		present = call.ReadFile != nil
	case master.Call_UPDATE_WEIGHTS:
		present = call.UpdateWeights != nil
	case master.Call_RESERVE_RESOURCES:
		present = call.ReserveResources != nil
	case master.Call_UNRESERVE_RESOURCES:
		present = call.UnreserveResources != nil
	case master.Call_CREATE_VOLUMES:
		present = call.CreateVolumes != nil
	case master.Call_DESTROY_VOLUMES:
		present = call.DestroyVolumes != nil
	case master.Call_UPDATE_MAINTENANCE_SCHEDULE:
		present = call.UpdateMaintenanceSchedule != nil
	case master.Call_START_MAINTENANCE:
		present = call.StartMaintenance != nil
	case master.Call_STOP_MAINTENANCE:
		present = call.StopMaintenance != nil
	case master.Call_UPDATE_QUOTA:
		present = call.UpdateQuota != nil
	case master.Call_DRAIN_AGENT:
		present = call.DrainAgent != nil
	case master.Call_DEACTIVATE_AGENT:
		present = call.DeactivateAgent != nil
	case master.Call_REACTIVATE_AGENT:
		present = call.ReactivateAgent != nil
	case master.Call_TEARDOWN:
		present = call.Teardown != nil
	case master.Call_MARK_AGENT_GONE:
		present = call.MarkAgentGone != nil
	}
	if present {
		return ""
	}
	return "Expecting '" + strings.ToLower(call.Type.String()) + "' to be present"
}

// answer does what an operator asks; a nil answer is 200 with an empty body.
// What the embedded cluster does not have is 501.
func (m *Master) answer(call *master.Call) (*master.Response, error) {
	if act, ok := m.actions()[call.Type]; ok {
		return nil, act(call)
	}
	answer := &master.Response{Type: master.Response_Type(master.Response_Type_value[call.Type.String()])}
	if !m.describeMaster(answer) && !m.describeState(answer) {
		return nil, wire.NotImplemented()
	}
	return answer, nil
}

// actions are the calls that change something.
func (m *Master) actions() map[master.Call_Type]func(*master.Call) error {
	return map[master.Call_Type]func(*master.Call) error{
		master.Call_TEARDOWN:         m.tearDownCall,
		master.Call_MARK_AGENT_GONE:  m.markGone,
		master.Call_DEACTIVATE_AGENT: m.deactivate,
		master.Call_REACTIVATE_AGENT: m.reactivate,
		master.Call_READ_FILE:        noFile,
		master.Call_LIST_FILES:       noFile,
	}
}

// describeMaster answers what concerns the master itself.
func (m *Master) describeMaster(answer *master.Response) bool {
	switch answer.Type {
	case master.Response_GET_HEALTH:
		answer.GetHealth = &master.Response_GetHealth{Healthy: true}
	case master.Response_GET_VERSION:
		answer.GetVersion = &master.Response_GetVersion{VersionInfo: mesos.VersionInfo{Version: version}}
	case master.Response_GET_FLAGS:
		answer.GetFlags = &master.Response_GetFlags{Flags: flagList(m.flags())}
	case master.Response_GET_METRICS:
		answer.GetMetrics = &master.Response_GetMetrics{Metrics: metricList(m.metrics())}
	case master.Response_GET_LOGGING_LEVEL:
		answer.GetLoggingLevel = &master.Response_GetLoggingLevel{}
	case master.Response_GET_MASTER:
		info, started := m.masterInfo(), seconds(m.started)
		answer.GetMaster = &master.Response_GetMaster{MasterInfo: &info, StartTime: &started, ElectedTime: &started}
	default:
		return false
	}
	return true
}

// describeState answers what concerns the cluster. There are no weights,
// quotas, operations and maintenance here, so their lists are empty.
func (m *Master) describeState(answer *master.Response) bool {
	switch answer.Type {
	case master.Response_GET_STATE:
		answer.GetState = m.viewState()
	case master.Response_GET_AGENTS:
		answer.GetAgents = m.viewAgents()
	case master.Response_GET_FRAMEWORKS:
		answer.GetFrameworks = m.viewFrameworks()
	case master.Response_GET_EXECUTORS:
		answer.GetExecutors = m.viewExecutors()
	case master.Response_GET_TASKS:
		answer.GetTasks = m.viewTasks()
	case master.Response_GET_ROLES:
		answer.GetRoles = &master.Response_GetRoles{Roles: m.viewRoles()}
	case master.Response_GET_OPERATIONS:
		answer.GetOperations = &master.Response_GetOperations{}
	case master.Response_GET_QUOTA:
		answer.GetQuota = &master.Response_GetQuota{}
	case master.Response_GET_WEIGHTS:
		answer.GetWeights = &master.Response_GetWeights{}
	case master.Response_GET_MAINTENANCE_STATUS:
		answer.GetMaintenanceStatus = &master.Response_GetMaintenanceStatus{}
	case master.Response_GET_MAINTENANCE_SCHEDULE:
		answer.GetMaintenanceSchedule = &master.Response_GetMaintenanceSchedule{}
	default:
		return false
	}
	return true
}

func (m *Master) tearDownCall(call *master.Call) error {
	f := m.frameworks[call.Teardown.FrameworkID.Value]
	if f == nil {
		return wire.BadRequest("No framework found with specified ID")
	}
	m.removeFramework(f)
	return nil
}

// markGone ends an agent for good: its tasks are GONE_BY_OPERATOR (LOST), and
// it can never come back under its id.
func (m *Master) markGone(call *master.Call) error {
	id := call.MarkAgentGone.AgentID.Value
	a := m.agents[id]
	if a == nil || a.presence == removed {
		return &wire.StatusError{Code: http.StatusNotFound, Text: "Agent '" + id + "' not found"}
	}
	why := loss{
		state: mesos.TASK_GONE_BY_OPERATOR, reason: mesos.REASON_AGENT_REMOVED_BY_OPERATOR,
		message: "Agent has been marked gone",
	}
	switch a.presence {
	case registered:
		m.loseAgent(a, gone, why)
	case unreachable:
		m.giveUp(a, why)
	}
	return nil
}

// giveUp turns an unreachable agent into a gone one: nothing of it is awaited
// any more.
func (m *Master) giveUp(a *agent, why loss) {
	a.presence, a.lost, a.away = gone, time.Now(), map[string][]*executor{}
	for _, f := range m.sortedFrameworks() {
		var elsewhere []*task
		for _, t := range f.unreachable {
			if t.AgentID.Value != a.id {
				elsewhere = append(elsewhere, t)
				continue
			}
			m.loseTask(f, t, a, why)
		}
		f.unreachable = elsewhere
	}
}

func (m *Master) deactivate(call *master.Call) error {
	a := m.agents[call.DeactivateAgent.AgentID.Value]
	if a == nil || a.presence == gone || a.presence == removed {
		return wire.BadRequest("Unknown agent")
	}
	if !a.deactivated {
		a.deactivated = true
		m.rescindAll(a)
	}
	return nil
}

func (m *Master) reactivate(call *master.Call) error {
	a := m.agents[call.ReactivateAgent.AgentID.Value]
	if a == nil || !a.deactivated {
		return wire.BadRequest("Agent is not deactivated")
	}
	a.deactivated = false
	m.allocateSoon()
	return nil
}

// noFile: the master attaches no files.
func noFile(*master.Call) error {
	return &wire.StatusError{Code: http.StatusNotFound, Empty: true}
}

func flagList(flags map[string]string) []mesos.Flag {
	var list []mesos.Flag
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		list = append(list, mesos.Flag{Name: name, Value: text(flags[name])})
	}
	return list
}

func metricList(metrics map[string]float64) []mesos.Metric {
	list := make([]mesos.Metric, 0, len(metrics))
	for name, value := range metrics {
		list = append(list, mesos.Metric{Name: name, Value: &value})
	}
	slices.SortFunc(list, func(a, b mesos.Metric) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// serveOperatorStream is SUBSCRIBE: the state, then what changes.
func (m *Master) serveOperatorStream(w http.ResponseWriter, r *http.Request, media wire.MediaType) {
	s := &subscriber{out: newOutbox(media, m.cfg.MaxQueued)}
	if err := m.do(func() { m.addSubscriber(s) }); err != nil {
		wire.WriteError(w, err)
		return
	}
	defer m.inbox.post(func() { m.removeSubscriber(s) })
	stream, err := wire.OpenStream(w, media)
	if err != nil {
		return
	}
	heartbeat, err := media.Marshal(&master.Event{Type: master.Event_HEARTBEAT})
	if err != nil {
		return
	}
	_ = s.out.run(r.Context(), stream, heartbeat, m.cfg.Heartbeat) // the operator went away
}

func (m *Master) addSubscriber(s *subscriber) {
	if len(m.subscribers) == maxSubscribers {
		m.subscribers[0].out.end()
		m.subscribers = m.subscribers[1:]
	}
	interval := m.cfg.Heartbeat.Seconds()
	for _, event := range []*master.Event{
		{Type: master.Event_SUBSCRIBED, Subscribed: &master.Event_Subscribed{
			GetState: m.viewState(), HeartbeatIntervalSeconds: &interval,
		}},
		{Type: master.Event_HEARTBEAT},
	} {
		if record, err := s.out.media.Marshal(event); err == nil {
			s.out.put(record)
		}
	}
	m.subscribers = append(m.subscribers, s)
}

func (m *Master) removeSubscriber(s *subscriber) {
	m.subscribers = slices.DeleteFunc(m.subscribers, func(other *subscriber) bool { return other == s })
}
