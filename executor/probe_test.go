package executor

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fairlead/proto/executorpb"
)

func TestProbe(t *testing.T) {
	answer := func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/broken", http.StatusFound)
		case "/broken":
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/slow":
			<-r.Context().Done()
		}
	}
	plainPort := port(t, answer)
	secure := httptest.NewTLSServer(http.HandlerFunc(answer))
	defer secure.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	closed := freePort(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "here"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	get := func(port uint32, path string) target { return target{http: &executorpb.HTTP{Port: port, Path: path}} }
	tests := []struct {
		name string
		to   target
		want string // error; empty for success
	}{
		{"http", get(plainPort, "/"), ""},
		{"a redirection is an answer, and not followed", get(plainPort, "/moved"), ""},
		{"http with an error", get(plainPort, "/broken"), "HTTP status 503"},
		{"http without an answer", get(plainPort, "/slow"), "no answer in time"},
		{"http refused", get(closed, "/"), "connection refused"},
		{"https with a certificate of its own", target{http: &executorpb.HTTP{Port: portOf(secure.Listener), Scheme: "https", Path: "/"}}, ""},
		{"tcp", target{tcp: &executorpb.TCP{Port: portOf(l)}}, ""},
		{"tcp refused", target{tcp: &executorpb.TCP{Port: closed}}, "connection refused"},
		{"command in the directory of the task", target{command: "test -e here"}, ""},
		{"command with the variables of the task", target{command: `test "$COLOUR" = blue`}, ""},
		{"command that fails", target{command: "exit 4"}, "exited with status 4"},
		{"command that hangs", target{command: "sleep 100"}, "no answer in time"},
		{"nothing", target{}, "it says nothing to try"},
	}
	p := newProber()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			limit := patience
			if test.want == "no answer in time" {
				limit = 50 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			got := ""
			if err := p.get(ctx, test.to, command{dir: dir, env: []string{"COLOUR=blue", "PATH=" + os.Getenv("PATH")}}); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("get: %q, want %q", got, test.want)
			}
		})
	}
}

// What the last attempt said is the reason, not that the time was over in the middle of one more.
func TestReadinessTellsTheLastCompleteAttempt(t *testing.T) {
	dir := t.TempDir()
	to := target{command: "test -e tried && { touch again; sleep 100; }; touch tried; exit 5"}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { // the time is over in the middle of the second attempt, however slow the first was
		defer cancel()
		for ctx.Err() == nil {
			if _, err := os.Stat(filepath.Join(dir, "again")); err == nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	defer cancel()
	err := newProber().untilReady(ctx, to, command{dir: dir, env: []string{"PATH=" + os.Getenv("PATH")}}, time.Millisecond)
	if err == nil || err.Error() != "exited with status 5" {
		t.Errorf("untilReady: %v", err)
	}
}
