package master

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/wire"
)

// serveMetrics is /metrics/snapshot: one flat object of numbers. The timeout
// parameter is checked and then not needed: nothing here takes long.
func (m *Master) serveMetrics(w http.ResponseWriter, r *http.Request) {
	if _, ok := m.authenticate(w, r, "mesos-master-readonly"); !ok {
		return
	}
	if timeout := r.URL.Query().Get("timeout"); timeout != "" {
		if _, err := wire.ParseDuration(timeout); err != nil {
			wire.WriteText(w, http.StatusBadRequest,
				"Invalid timeout '"+timeout+"': Failed to convert '' to number.\n")
			return
		}
	}
	var snapshot map[string]float64
	if err := m.do(func() { snapshot = m.metrics() }); err != nil {
		wire.WriteError(w, err)
		return
	}
	body, err := json.Marshal(snapshot)
	if err != nil {
		wire.WriteError(w, err)
		return
	}
	writeJSON(w, r, body)
}

// metrics are the counters and the gauges of now, by the names of Mesos.
func (m *Master) metrics() map[string]float64 {
	all := map[string]float64{
		"master/elected": 1, "master/uptime_secs": m.uptime(),
		"master/outstanding_offers": float64(len(m.offers)), "master/dropped_messages": 0,
	}
	maps.Copy(all, m.counters)
	m.resourceMetrics(all)
	m.presenceMetrics(all)
	m.taskMetrics(all)
	for _, f := range m.sortedFrameworks() {
		prefix := "master/frameworks/" + url.QueryEscape(f.info.Name) + "/" + f.id + "/"
		all[prefix+"subscribed"] = one(f.connected())
		for name, value := range f.counters {
			all[prefix+name] = value
		}
		for _, role := range f.roles {
			all[prefix+"roles/"+role+"/suppressed"] = one(f.suppressed[role])
		}
	}
	return all
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func (m *Master) resourceMetrics(all map[string]float64) {
	var total wire.Resources
	for _, a := range m.sortedAgents() {
		if a.presence == registered {
			total = append(total, a.total...) // only sums by name are taken
		}
	}
	used, offered := m.used(everything), m.offeredNow(everything)
	for _, name := range []string{"cpus", "gpus", "mem", "disk"} {
		all0, _ := total.Sum(name)
		inUse, _ := used.Sum(name)
		out, _ := offered.Sum(name)
		all["master/"+name+"_total"], all["master/"+name+"_used"] = wire.Unfixed(all0), wire.Unfixed(inUse)
		all["master/"+name+"_percent"] = 0
		if all0 > 0 {
			all["master/"+name+"_percent"] = float64(inUse) / float64(all0)
		}
		all["allocator/mesos/resources/"+name+"/total"] = wire.Unfixed(all0)
		all["allocator/mesos/resources/"+name+"/offered_or_allocated"] = wire.Unfixed(inUse + out)
	}
}

func (m *Master) presenceMetrics(all map[string]float64) {
	for name, want := range map[string]func(*agent) bool{
		"active":       func(a *agent) bool { return a.offered() },
		"inactive":     func(a *agent) bool { return a.presence == registered && a.deactivated },
		"connected":    func(a *agent) bool { return a.presence == registered },
		"disconnected": func(*agent) bool { return false },
		"unreachable":  func(a *agent) bool { return a.presence == unreachable },
	} {
		all["master/slaves_"+name] = float64(m.countAgents(want))
	}
	connected := 0
	for _, f := range m.frameworks {
		if f.connected() {
			connected++
		}
	}
	away := len(m.frameworks) - connected
	for _, name := range []string{"connected", "active"} {
		all["master/frameworks_"+name] = float64(connected)
		all["master/frameworks_dis"+name] = float64(away)
	}
	delete(all, "master/frameworks_disactive")
	all["master/frameworks_inactive"] = float64(away)
}

// taskMetrics: live states are gauges, final states are counted as they come.
func (m *Master) taskMetrics(all map[string]float64) {
	for _, s := range []mesos.TaskState{
		mesos.TASK_FINISHED, mesos.TASK_FAILED, mesos.TASK_KILLED, mesos.TASK_LOST, mesos.TASK_ERROR,
		mesos.TASK_DROPPED, mesos.TASK_GONE, mesos.TASK_GONE_BY_OPERATOR,
		mesos.TASK_STAGING, mesos.TASK_STARTING, mesos.TASK_RUNNING, mesos.TASK_KILLING, mesos.TASK_UNREACHABLE,
	} {
		all["master/tasks_"+shortState(s)] += 0
	}
	for _, f := range m.frameworks {
		for _, t := range f.tasks {
			if !terminal(*t.State) {
				all["master/tasks_"+shortState(*t.State)]++
			}
		}
		all["master/tasks_unreachable"] += float64(len(f.unreachable))
	}
}
