package master

import (
	"encoding/json"
	"net/http"
	"strings"

	"fairlead/internal/cluster/wire"
)

// route is what stands at a path.
type route struct {
	serve http.HandlerFunc
	exact bool // paths below it are 404
}

// routes are the endpoints; each also answers below /master.
func (m *Master) routes() map[string]route {
	return map[string]route{
		"/api/v1/scheduler":     {serve: m.serveScheduler},
		"/api/v1":               {serve: m.serveOperator},
		"/redirect":             {serve: m.serveRedirect, exact: true},
		"/health":               {serve: m.serveHealth},
		"/version":              {serve: m.plain(func(*http.Request) any { return m.versionView() })},
		"/state":                {serve: m.readonly(m.stateView)},
		"/state.json":           {serve: m.readonly(m.stateView)},
		"/state-summary":        {serve: m.readonly(m.summaryView)},
		"/slaves":               {serve: m.readonly(m.slavesView)},
		"/frameworks":           {serve: m.readonly(m.frameworksView)},
		"/tasks":                {serve: m.readonly(m.tasksView)},
		"/roles":                {serve: m.readonly(m.rolesView)},
		"/weights":              {serve: m.readonly(func(*http.Request) any { return []any{} })},
		"/quota":                {serve: m.readonly(empty)},
		"/maintenance/schedule": {serve: m.readonly(empty)},
		"/maintenance/status":   {serve: m.readonly(empty)},
		"/flags":                {serve: m.readonly(func(*http.Request) any { return map[string]any{"flags": m.flags()} })},
		"/metrics/snapshot":     {serve: m.serveMetrics},
		"/teardown":             {serve: m.serveTeardown},
		"/files/browse":         {serve: m.serveFiles},
		"/files/read":           {serve: m.serveFiles},
		"/files/download":       {serve: m.serveFiles},
		"/files/debug":          {serve: m.readonly(empty)},
	}
}

func empty(*http.Request) any { return map[string]any{} }

// ServeHTTP finds the endpoint of a path as a real master does: a trailing
// slash is dropped, and what is registered nowhere goes to the nearest parent
// that is.
func (m *Master) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimSuffix(r.URL.Path, "/")
	if below, ok := strings.CutPrefix(path, "/master/"); ok {
		path = "/" + below
	}
	if path == "" && r.URL.Path == "/" {
		m.serveIndex(w)
		return
	}
	table := m.routes()
	for at := path; at != ""; at = at[:strings.LastIndexByte(at, '/')] {
		found, ok := table[at]
		if !ok {
			continue
		}
		if found.exact && at != path {
			break
		}
		found.serve(w, r)
		return
	}
	wire.WriteError(w, wire.NotFound())
}

// readonly serves a JSON view of the state. GET and POST alike, as in Mesos.
func (m *Master) readonly(view func(*http.Request) any) http.HandlerFunc {
	show := m.plain(view)
	return func(w http.ResponseWriter, r *http.Request) {
		if _, ok := m.authenticate(w, r, "mesos-master-readonly"); ok {
			show(w, r)
		}
	}
}

// plain is readonly without authentication.
func (m *Master) plain(view func(*http.Request) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body []byte
		var failed error
		err := m.do(func() { body, failed = json.Marshal(view(r)) })
		if err == nil {
			err = failed
		}
		if err != nil {
			wire.WriteError(w, err)
			return
		}
		writeJSON(w, r, body)
	}
}

// writeJSON answers with JSON, wrapped in a function call if jsonp asks so.
func writeJSON(w http.ResponseWriter, r *http.Request, body []byte) {
	kind := "application/json"
	if callback := r.URL.Query().Get("jsonp"); callback != "" {
		kind = "text/javascript"
		body = []byte(callback + "(" + string(body) + ")")
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(body)
}

// serveIndex is for people who open the address in a browser.
func (m *Master) serveIndex(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write([]byte(`<!DOCTYPE html>
<html lang="en"><head><title>Fairlead: embedded Mesos master</title></head><body>
<h1>Embedded Mesos master</h1>
<p>There is no web interface here. <a href="state">state</a>, <a href="slaves">agents</a>,
<a href="frameworks">frameworks</a>, <a href="tasks">tasks</a>, <a href="metrics/snapshot">metrics</a>;
frameworks subscribe at <code>/api/v1/scheduler</code>.</p>
</body></html>
`))
}

func (m *Master) serveHealth(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }

// serveRedirect points to the leader, which this master always is.
func (m *Master) serveRedirect(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", "//"+m.address.String())
	w.WriteHeader(http.StatusTemporaryRedirect)
}

func (m *Master) serveTeardown(w http.ResponseWriter, r *http.Request) {
	if _, ok := m.authenticate(w, r, "mesos-master-readwrite"); !ok {
		return
	}
	if err := wire.RequireMethod(r, http.MethodPost); err != nil {
		wire.WriteError(w, err)
		return
	}
	id, err := formValue(r, "frameworkId")
	if err == nil && id == "" {
		err = wire.BadRequest("Missing 'frameworkId' query parameter in the request body")
	}
	if err == nil {
		err = m.teardown(id)
	}
	if err != nil {
		wire.WriteError(w, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// teardown removes a framework on behalf of an operator.
func (m *Master) teardown(id string) error {
	var refusal error
	err := m.do(func() {
		f := m.frameworks[id]
		if f == nil {
			refusal = wire.BadRequest("No framework found with specified ID")
			return
		}
		m.removeFramework(f)
	})
	if err != nil {
		return err
	}
	return refusal
}

// serveFiles: the master attaches no files, so every path is unknown.
func (m *Master) serveFiles(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Query().Get("path") == "":
		wire.WriteText(w, http.StatusBadRequest, "Expecting 'path=value' in query.\n")
	case strings.HasSuffix(r.URL.Path, "/download"):
		wire.WriteError(w, wire.NotFound())
	default:
		wire.WriteText(w, http.StatusNotFound, "")
	}
}
