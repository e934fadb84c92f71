package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
)

// handler answers a request. An error that it returns becomes the answer; it
// must not have written anything then.
type handler func(w http.ResponseWriter, r *http.Request) error

// route is one line of the table of everything that is served.
type route struct {
	method  string
	pattern string // of http.ServeMux, without the method
	handle  handler
	stream  bool // answers for as long as the client likes
}

func (s *Server) table() []route {
	const group = "/v1/groups/{framework}/{group}"
	return []route{
		{method: "POST", pattern: "/v1/groups", handle: s.submit},
		{method: "GET", pattern: "/v1/groups", handle: s.groups},
		{method: "GET", pattern: "/v1/instances", handle: s.instances},
		{method: "GET", pattern: group, handle: s.group},
		{method: "DELETE", pattern: group, handle: s.remove},
		{method: "GET", pattern: group + "/explain", handle: s.explain},
		{method: "GET", pattern: group + "/endpoints", handle: s.endpoints},
		{method: "POST", pattern: group + "/rerun", handle: s.rerun},
		{method: "GET", pattern: group + "/logs", handle: s.logs, stream: true},
		{method: "POST", pattern: "/v1/plan", handle: s.plan},
		{method: "GET", pattern: "/v1/shares", handle: s.shares},
		{method: "GET", pattern: "/v1/fairness", handle: s.fairness},
		{method: "PUT", pattern: "/v1/roles/{role...}", handle: s.setRole},
		{method: "PUT", pattern: "/v1/frameworks/{framework}", handle: s.setFramework},
		{method: "GET", pattern: "/v1/agents", handle: s.agents},
		{method: "GET", pattern: "/v1/offers", handle: s.offers},
		{method: "GET", pattern: "/v1/status", handle: s.status},
		{method: "GET", pattern: "/v1/events", handle: s.events, stream: true},
		{method: "GET", pattern: "/v1/openapi.json", handle: openAPI},
		{method: "GET", pattern: "/metrics", handle: s.metrics.serve},
		{method: "GET", pattern: "/healthz", handle: healthz},
		{method: "GET", pattern: "/readyz", handle: s.readyz},
		{method: "GET", pattern: ExecutorPath, handle: s.executor, stream: true},
		{method: "GET", pattern: "/{$}", handle: dashboard},
	}
}

// routes builds the handler of everything: the table, behind the checks that
// every request passes.
func (s *Server) routes() http.Handler {
	byPattern := map[string]map[string]http.Handler{}
	for _, r := range s.table() {
		if byPattern[r.pattern] == nil {
			byPattern[r.pattern] = map[string]http.Handler{}
		}
		byPattern[r.pattern][r.method] = s.wrap(r)
	}
	mux := http.NewServeMux()
	for pattern, methods := range byPattern {
		mux.Handle(pattern, byMethod(methods))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, &Error{Status: http.StatusNotFound, Code: CodeNotFound, Message: "nothing is served at " + r.URL.Path})
	})
	// A page of another site must not submit work through its visitor's browser.
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, &Error{Status: http.StatusForbidden, Code: CodeForbidden, Message: "requests on behalf of another site are refused"})
	}))
	return guard.Handler(secure(mux))
}

// secure tells browsers to take answers for what they are.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// byMethod answers what ServeMux would, but in JSON.
func byMethod(methods map[string]http.Handler) http.Handler {
	var allowed []string
	for m := range methods {
		allowed = append(allowed, m)
		if m == http.MethodGet {
			allowed = append(allowed, http.MethodHead)
		}
	}
	slices.Sort(allowed)
	allow := strings.Join(allowed, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		if h, ok := methods[method]; ok {
			h.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Allow", allow)
		writeError(w, &Error{
			Status: http.StatusMethodNotAllowed, Code: CodeMethodNotAllowed,
			Message: fmt.Sprintf("%s is not possible here: allowed are %s", r.Method, allow),
		})
	})
}

// wrap bounds a route's time, counts it, and writes its error.
func (s *Server) wrap(route route) http.Handler {
	return s.metrics.observe(route, func(w http.ResponseWriter, r *http.Request) {
		grant(w)
		if !route.stream {
			ctx, cancel := context.WithTimeout(r.Context(), answerTimeout)
			defer cancel()
			r = r.WithContext(ctx)
		}
		err := route.handle(w, r)
		if err == nil || r.Context().Err() == context.Canceled {
			return // nobody is left to tell
		}
		e := errorOf(err)
		if e.Status >= 500 {
			s.log.Warn("request failed", zap.String("method", r.Method), zap.String("path", r.URL.Path), zap.Error(err))
		}
		writeError(w, e)
	})
}

// grant gives a client some time to take the next piece of an answer.
// Without it one that takes nothing would hold its handler for ever.
func grant(w http.ResponseWriter) {
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout)) //nolint:errcheck // then there is none
}
