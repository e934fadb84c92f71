package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"fairlead/internal/api"
	"fairlead/internal/client"
	"fairlead/internal/taskgroup"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// talk returns a client of a server that answers with handle.
func talk(t *testing.T, handle http.HandlerFunc) *client.Client {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return dial(t, server.URL)
}

func dial(t *testing.T, url string) *client.Client {
	t.Helper()
	c, err := client.New(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// answers is a handler that always answers the same.
func answers(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body) //nolint:errcheck // the test sees it
	}
}

// cuts is a handler whose answer begins well and breaks off.
func cuts(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, body) //nolint:errcheck // the test sees it
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

func TestAddressesOfServers(t *testing.T) {
	for server, want := range map[string]string{
		"127.0.0.1:8080": "http://127.0.0.1:8080", "https://h/prefix": "https://h/prefix",
		"ftp://h": "", "http://": "", "http://h:port": "", ":%": "",
	} {
		c, err := client.New(server)
		switch {
		case want == "" && err == nil:
			t.Errorf("%q was taken for %s", server, c.Server())
		case want != "" && (err != nil || c.Server() != want):
			t.Errorf("%q: %v, want %s", server, err, want)
		}
	}
}

func TestNoAnswerIsToldFromARefusal(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for name, c := range map[string]*client.Client{
		"nobody listens":        dial(t, "http://"+l.Addr().String()),
		"something else":        talk(t, answers(404, "<html>not found</html>")),
		"an error without text": talk(t, answers(500, `{"error": {}}`)),
		"not JSON":              talk(t, answers(200, "hello")),
		"it breaks off":         talk(t, cuts(`{"frameworks": [`)),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := c.Shares(t.Context()); !errors.Is(err, client.ErrNoAnswer) || !strings.Contains(err.Error(), c.Server()) {
				t.Errorf("got %v, want no answer from %s", err, c.Server())
			}
		})
	}
	c := talk(t, answers(409, `{"error": {"code": "conflict", "message": "the name is taken", "field": "name"}}`))
	_, err = c.Shares(t.Context())
	var refused *api.Error
	if !errors.As(err, &refused) || *refused != (api.Error{Status: 409, Code: "conflict", Message: "the name is taken", Field: "name"}) {
		t.Errorf("got %v, want the refusal", err)
	}
}

func TestRequestsAreThoseOfTheContract(t *testing.T) {
	var got []string
	c := talk(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+strings.Join(strings.Fields(string(body)), "")))
		io.WriteString(w, "{}") //nolint:errcheck // the test sees it
	})
	ctx, name := t.Context(), api.Name{Framework: "a b", Name: "x/y"}
	groups, err := taskgroup.Parse("g.yaml", []byte("name: g\ntasks: [{name: m, command: 'true', resources: {cpus: 1, mem: 1}}]"))
	if err != nil {
		t.Fatal(err)
	}
	c.Groups(ctx, "")
	c.Groups(ctx, "A")
	c.Group(ctx, name)
	c.Explain(ctx, name)
	c.Delete(ctx, name, -1)
	c.Delete(ctx, name, 0)
	c.Events(ctx, client.EventQuery{After: 7})
	c.Submit(ctx, groups, false)
	c.Submit(ctx, nil, true)
	want := []string{
		"GET /v1/groups", "GET /v1/groups?framework=A", "GET /v1/groups/a%20b/x%2Fy", "GET /v1/groups/a%20b/x%2Fy/explain",
		"DELETE /v1/groups/a%20b/x%2Fy", "DELETE /v1/groups/a%20b/x%2Fy?instance=0", "GET /v1/events?after=7&follow=false",
		`POST /v1/groups {"groups":[{"name":"g","framework":"default","instances":1,"gang":false,"priority":0,` +
			`"restart":{"policy":"never"},"preemptible":true,"tasks":[{"name":"m","command":"true","resources":{"cpus":1,"mem":1},"kill_grace":"3s"}]}]}`,
		`POST /v1/groups?allow_unsatisfiable=true {"groups":null}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestFollowedEventsComeInOrderUntilTheStreamEnds(t *testing.T) {
	const two = ": hello\n\nid: 1\nevent: a\ndata: {\"seq\":1,\"type\":\"a\"}\n\n: alive\n\nid: 2\nevent: b\ndata: {\"seq\":2,\"type\":\"b\"}\n\n"
	for name, handle := range map[string]http.HandlerFunc{
		"on purpose":       answers(200, two+"event: end\ndata: {}\n\nid: 3\nevent: c\ndata: {\"seq\":3}\n\n"),
		"without a word":   answers(200, two),
		"in the middle":    cuts(two + "id: 3\nevent: c\nda"),
		"with no sense":    answers(200, two+"event: c\ndata: nonsense\n\n"),
		"with a huge line": answers(200, two+"data: "+strings.Repeat("x", 2<<20)),
	} {
		t.Run(name, func(t *testing.T) {
			var got []uint64
			err := talk(t, handle).Follow(t.Context(), client.EventQuery{}, func(e api.Event) error {
				got = append(got, e.Seq)
				return nil
			})
			if !slices.Equal(got, []uint64{1, 2}) || !errors.Is(err, client.ErrNoAnswer) {
				t.Errorf("events %v, then %v", got, err)
			}
		})
	}
}

func TestFollowEndsWithItsReader(t *testing.T) {
	enough := errors.New("enough")
	c := talk(t, answers(200, "event: a\ndata: {\"seq\":1}\n\n"))
	if err := c.Follow(t.Context(), client.EventQuery{}, func(api.Event) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Follow(ctx, client.EventQuery{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
}

// full is a writer without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestLogsThatBreakOffAreAnError(t *testing.T) {
	var out bytes.Buffer
	err := talk(t, cuts("half of ")).Logs(t.Context(), client.Logs{}, &out)
	if out.String() != "half of " || !errors.Is(err, client.ErrNoAnswer) {
		t.Errorf("read %q, then %v", out.String(), err)
	}
	err = talk(t, answers(200, "all")).Logs(t.Context(), client.Logs{}, full{})
	if err == nil || errors.Is(err, client.ErrNoAnswer) {
		t.Errorf("a full disk is not the server's fault: %v", err)
	}
}
