package agent

import (
	"net/http"
	"strings"

	"fairlead/internal/cluster/agent/files"
	"fairlead/internal/cluster/wire"
)

// version is the Mesos release whose behaviour the agent shows.
const version = "1.12.0"

// actor is the name of the agent's server-side actor: every path is served
// below it too, because old libraries build their URLs from the agent's PID.
const actor = "/slave(1)"

// handler routes by exact path; a trailing slash is ignored. Brackets may come
// percent-encoded.
func (a *Agent) handler() http.Handler {
	filesHandler := a.files.Handler()
	routes := map[string]http.HandlerFunc{
		"/api/v1":             a.operatorAPI,
		"/api/v1/executor":    a.executorAPI,
		"/files/browse":       readOnly(filesHandler.ServeHTTP),
		"/files/read":         readOnly(filesHandler.ServeHTTP),
		"/files/download":     readOnly(filesHandler.ServeHTTP),
		"/files/debug":        readOnly(filesHandler.ServeHTTP),
		"/health":             readOnly(a.healthPage),
		"/version":            readOnly(a.versionPage),
		"/flags":              readOnly(a.flagsPage),
		"/state":              a.statePage, // GET and POST, as in Mesos
		"/containers":         readOnly(a.containersPage),
		"/monitor/statistics": readOnly(a.statisticsPage),
		"/metrics/snapshot":   readOnly(a.metricsPage),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimSuffix(r.URL.Path, "/")
		if below, ok := strings.CutPrefix(path, actor); ok {
			path = below
		}
		if serve, ok := routes[path]; ok {
			serve(w, r)
			return
		}
		wire.WriteError(w, wire.NotFound())
	})
}

// readOnly refuses every method but GET.
func readOnly(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := wire.RequireMethod(r, http.MethodGet); err != nil {
			wire.WriteError(w, err)
			return
		}
		serve(w, r)
	}
}

// errClosed answers who comes while the agent is going.
func errClosed() error {
	return &wire.StatusError{Code: http.StatusServiceUnavailable, Text: "Agent is shutting down"}
}

func (a *Agent) healthPage(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }

func (a *Agent) versionPage(w http.ResponseWriter, r *http.Request) {
	files.WriteJSON(w, r, map[string]string{"version": version})
}

// flagsPage shows the settings that a Mesos agent has too, under its names.
func (a *Agent) flagsPage(w http.ResponseWriter, r *http.Request) {
	files.WriteJSON(w, r, map[string]any{"flags": a.flags()})
}

func (a *Agent) flags() map[string]string {
	return map[string]string{
		"work_dir":                       a.cfg.WorkDir,
		"hostname":                       a.cfg.Hostname,
		"executor_registration_timeout":  formatDuration(a.cfg.RegistrationTimeout),
		"executor_shutdown_grace_period": formatDuration(a.cfg.ShutdownGrace),
		"recovery_timeout":               formatDuration(a.cfg.RecoveryTimeout),
		"fetcher_stall_timeout":          formatDuration(a.cfg.FetchStall),
		"isolation":                      "none",
	}
}
