package api_test

import (
	"compress/gzip"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fairlead/internal/api"
	"fairlead/scheduler"

	"go.uber.org/zap/zaptest"
	"net/http/httptest"
)

func TestUnknownPathsAndMethodsAreRefusedInJSON(t *testing.T) {
	f := serve(t, "cpus:1;mem:1")
	f.refused(f.do("GET", "/v1/nothing", ""), 404, api.CodeNotFound, "/v1/nothing")
	f.refused(f.do("GET", "/v1/groups/only-a-framework", ""), 404, api.CodeNotFound, "only-a-framework")
	for path, allow := range map[string]string{
		"/v1/groups": "GET, HEAD, POST", "/v1/groups/A/a": "DELETE, GET, HEAD", "/v1/plan": "POST", "/": "GET, HEAD",
	} {
		a := f.do("PUT", path, "")
		f.refused(a, 405, api.CodeMethodNotAllowed, "PUT")
		if got := a.header.Get("Allow"); got != allow {
			t.Errorf("PUT %s: Allow is %q, want %q", path, got, allow)
		}
	}
	if a := f.do("HEAD", "/healthz", ""); a.status != http.StatusOK || a.body != "" {
		t.Errorf("HEAD: %d %q", a.status, a.body)
	}
}

func TestAnotherSiteCannotSubmitThroughABrowser(t *testing.T) {
	f := serve(t, "cpus:1;mem:4096")
	f.refused(f.do("POST", "/v1/groups", group("A", "a"), "Origin", "http://evil.example"), 403, api.CodeForbidden, "another site")
	f.refused(f.do("DELETE", "/v1/groups/A/a", "", "Sec-Fetch-Site", "cross-site"), 403, api.CodeForbidden, "another site")
	if a := f.do("POST", "/v1/groups", group("A", "a"), "Origin", f.url); a.status != http.StatusOK {
		t.Errorf("the own page: %d %s", a.status, a.body)
	}
}

func TestABodyIsSentAsItIs(t *testing.T) {
	f := serve(t, "cpus:1;mem:4096")
	var packed strings.Builder
	z := gzip.NewWriter(&packed)
	z.Write([]byte(group("A", "a"))) //nolint:errcheck // into memory
	z.Close()                        //nolint:errcheck // see above
	for _, to := range [][2]string{{"POST", "/v1/groups"}, {"PUT", "/v1/roles/eng"}} {
		a := f.do(to[0], to[1], packed.String(), "Content-Encoding", "gzip")
		f.refused(a, 415, api.CodeEncoding, `"gzip" is not read: send it as it is`)
		if got := a.header.Get("Accept-Encoding"); got != "identity" {
			t.Errorf("%s: accepted is %q", to[1], got)
		}
	}
	if a := f.do("POST", "/v1/groups", group("A", "a"), "Content-Encoding", "identity"); a.status != http.StatusOK {
		t.Errorf("as it is: %d %s", a.status, a.body)
	}
}

func TestLivingAndBeingReadyAreDifferentThings(t *testing.T) {
	f := serve(t, "cpus:1;mem:1")
	for _, c := range []struct {
		name                  string
		connected, reconciled bool
		ready                 int
		why                   string
	}{
		{"connected", true, true, 200, ""},
		{"not reconciled", true, false, 503, "accounted for every task"},
		{"without a master", false, false, 503, "connection refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f.t = t
			f.setStatus(func(s *scheduler.Status) {
				s.Connected, s.Reconciled, s.LastError = c.connected, c.reconciled, "connection refused"
			})
			if a := f.do("GET", "/healthz", ""); a.status != 200 {
				t.Errorf("healthz: %d", a.status)
			}
			a := f.do("GET", "/readyz", "")
			if a.status != c.ready {
				t.Errorf("readyz: %d, want %d", a.status, c.ready)
			}
			if c.ready == 503 {
				f.refused(a, 503, api.CodeUnavailable, c.why)
			}
			if got := read[api.Status](f, "/v1/status"); got.Connected != c.connected || got.FrameworkID != "fw-1" || got.Version != "v1.2.3" {
				t.Errorf("status %+v", got)
			}
		})
	}
}

func TestAgentsAndOffersAsTheSchedulerSeesThem(t *testing.T) {
	f := serve(t, "cpus:4;mem:16384")
	f.submit(group("A", "a"))
	a := f.do("GET", "/v1/agents", "")
	want := `{"agents":[{"id":"agent-1","host":"host-1","attributes":{"rack":"r1"},"total":{"cpus":4,"mem":16384},"used":{"cpus":1,"mem":4096},"runs":1,"slots":0,"offers":0,"lost":false}]}`
	if strings.TrimSpace(a.body) != want {
		t.Errorf("agents\n got %swant %s", a.body, want)
	}
	if got := strings.TrimSpace(f.do("GET", "/v1/offers", "").body); got != `{"offers":[]}` {
		t.Errorf("offers %s", got)
	}
}

func TestMetricsShowTheTreeAndTheRequests(t *testing.T) {
	f := serve(t, "cpus:9;mem:18432")
	f.submit(paper)
	f.do("GET", "/v1/nothing", "")
	f.do("GET", "/v1/groups/A/none", "")
	got := f.do("GET", "/metrics", "").body
	for _, line := range []string{
		`fairlead_build_info{version="v1.2.3"} 1`,
		`fairlead_connected 1`,
		`fairlead_reconciled 1`,
		`fairlead_agents 1`,
		`fairlead_cluster_resource{resource="mem"} 18432`,
		`fairlead_framework_dominant_share{framework="A",role="*"} 0.6666666666666666`,
		`fairlead_framework_allocated{framework="B",resource="cpus",role="*"} 6`,
		`fairlead_framework_instances{framework="A",role="*",state="pending"} 7`,
		`fairlead_framework_placements_total{framework="B",role="*"} 2`,
		`fairlead_groups{state="running"} 2`,
		`fairlead_groups{state="failed"} 0`,
		`fairlead_role_dominant_share{role="*"} 1`,
		`fairlead_framework_share{framework="A",role="*"} 0.666666`,
		`fairlead_framework_fair_share{framework="A",role="*"} 0.666666`,
		`fairlead_framework_below_fair{framework="A",role="*"} 0`,
		`fairlead_role_fair_share{role="*"} 1`,
		`fairlead_framework_share_short_seconds_total{framework="B",role="*"} 0`,
		`fairlead_http_request_duration_seconds_count{method="POST",route="/v1/groups",status="200"} 1`,
		`fairlead_http_request_duration_seconds_count{method="GET",route="/v1/groups/{framework}/{group}",status="404"} 1`,
	} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

func TestASchedulerThatStopsFailsTheScrape(t *testing.T) {
	f := serve(t, "cpus:9;mem:18432")
	f.stop()
	if a := f.do("GET", "/metrics", ""); a.status != 500 || !strings.Contains(a.body, "stopping") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestTheExecutorIsServedForCaches(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "fairlead-executor")
	if err := os.WriteFile(binary, []byte("\x7fELF and more"), 0o755); err != nil {
		t.Fatal(err)
	}
	f := &fixture{book: newBook(t, "cpus:1;mem:1")}
	server := httptest.NewServer(api.New(api.Config{Scheduler: f.book, Logger: zaptest.NewLogger(t), Executor: binary}))
	t.Cleanup(server.Close)
	f.url, f.http = server.URL, server.Client()

	a := f.do("GET", api.ExecutorPath, "")
	if a.status != 200 || a.body != "\x7fELF and more" || a.header.Get("Content-Length") != "13" {
		t.Errorf("%d %q with %v", a.status, a.body, a.header)
	}
	tag := a.header.Get("ETag")
	if again := f.do("GET", api.ExecutorPath, "", "If-None-Match", tag); again.status != http.StatusNotModified || tag == "" {
		t.Errorf("the tag %q gives %d", tag, again.status)
	}
	if err := os.WriteFile(binary, []byte("another build"), 0o755); err != nil {
		t.Fatal(err)
	}
	if again := f.do("GET", api.ExecutorPath, "", "If-None-Match", tag); again.status != 200 || again.body != "another build" {
		t.Errorf("a new file gives %d %q", again.status, again.body)
	}
	if part := f.do("GET", api.ExecutorPath, "", "Range", "bytes=8-"); part.status != http.StatusPartialContent || part.body != "build" {
		t.Errorf("a range gives %d %q", part.status, part.body)
	}
}

func TestWithoutAnExecutorNoneIsServed(t *testing.T) {
	f := serve(t, "cpus:1;mem:1")
	f.refused(f.do("GET", api.ExecutorPath, ""), 404, api.CodeNotFound, "no executor")
}

func TestTheDashboardNeedsNothingFromElsewhere(t *testing.T) {
	f := serve(t, "cpus:1;mem:1")
	a := f.do("GET", "/", "")
	if a.status != 200 || !strings.Contains(a.body, "<title>Fairlead</title>") {
		t.Fatalf("%d %.80s", a.status, a.body)
	}
	for _, foreign := range []string{"http://", "https://", "src=", "@import", "url(", "style=", "onclick", "innerHTML"} {
		if strings.Contains(a.body, foreign) {
			t.Errorf("the page contains %q", foreign)
		}
	}
	policy := a.header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "connect-src 'self'", "script-src 'sha256-", "style-src 'sha256-"} {
		if !strings.Contains(policy, part) {
			t.Errorf("policy %q lacks %q", policy, part)
		}
	}
}
