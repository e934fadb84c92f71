package mesoshttp

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

func TestMasterAddresses(t *testing.T) {
	good := map[string]string{
		"10.0.0.1:5050":                      "http://10.0.0.1:5050",
		"mesos.example":                      "http://mesos.example:5050",
		"master@10.0.0.1:5050":               "http://10.0.0.1:5050",
		"[::1]:5050":                         "http://[::1]:5050",
		"mesos://a:5050":                     "http://a:5050",
		"http://a:5050/":                     "http://a:5050",
		"https://a/mesos/":                   "https://a/mesos",
		"http://proxy/mesos":                 "http://proxy/mesos",
		"http://a:5050/api/v1/scheduler":     "http://a:5050",
		"http://a:1/x/api/v1/scheduler":      "http://a:1/x",
		"a:5050, b:5051 ,http://c:5052":      "http://a:5050 http://b:5051 http://c:5052",
		"mesos://http://a:5050,https://b:81": "http://a:5050 https://b:81",
	}
	for address, want := range good {
		c, err := New(Config{Masters: address})
		if err != nil {
			t.Errorf("%q: %v", address, err)
			continue
		}
		var got []string
		for _, base := range c.masters {
			got = append(got, base.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q means %q, want %q", address, got, want)
		}
	}
	for _, address := range []string{"", ",", "a:5050,", "ftp://a:21", "http://", "http://:5050", "http://u:p@a:5050", "http://a?x=1",
		"file:///etc/mesos", "http://a:b", "zk://", "zk://a:2181", "zk://a:2181/", "zk:///mesos"} {
		if _, err := New(Config{Masters: address}); err == nil {
			t.Errorf("%q was accepted", address)
		}
	}
	if _, err := New(Config{Masters: "a:5050", Principal: "p", Secret: "a:b"}); err == nil {
		t.Error("a secret with a colon was accepted")
	}
}

// recorder is a leading master that notes what it is asked.
type recorder struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	bodies   [][]byte
	answer   func(http.ResponseWriter, *scheduler.Call)
}

func newRecorder(t *testing.T, answer func(http.ResponseWriter, *scheduler.Call)) *recorder {
	r := &recorder{answer: answer}
	r.Server = serve(t, func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		r.requests, r.bodies = append(r.requests, request), append(r.bodies, body)
		r.mu.Unlock()
		var call scheduler.Call
		if err := call.Unmarshal(body); err != nil {
			t.Error(err)
		}
		r.answer(w, &call)
	})
	return r
}

// leading answers like a master that leads: an event stream that waits, and 202.
func leading(t *testing.T) func(http.ResponseWriter, *scheduler.Call) {
	return func(w http.ResponseWriter, call *scheduler.Call) {
		if call.Type != scheduler.Call_SUBSCRIBE {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		acceptSubscription(w)
		_, _ = w.Write(subscribedFrame(t, 15))
	}
}

func redirectTo(location string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}
}

// A standby passes the subscription on as a real one does: host and port only, the scheme left out, the path of
// the actor. The POST, its body and the credentials must arrive at the leader, and so must every later call.
func TestSubscriptionAndAllCallsGoToTheLeader(t *testing.T) {
	leader := newRecorder(t, leading(t))
	var asked atomic.Int32
	standby := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		redirectTo("//"+leader.Listener.Addr().String()+"/master/api/v1/scheduler")(w, r)
	})
	c := newClientWith(t, Config{Masters: standby.URL, Principal: "me", Secret: "s3cret"})
	s := subscribe(t, c)
	if s.Master() != leader.Listener.Addr().String() {
		t.Errorf("subscribed with %s, the leader is %s", s.Master(), leader.Listener.Addr())
	}
	for range 2 {
		if err := s.Call(t.Context(), reviveCall()); err != nil {
			t.Fatal(err)
		}
	}
	if len(leader.requests) != 3 || asked.Load() != 1 {
		t.Fatalf("the leader was asked %d times and the standby %d; want 3 and 1", len(leader.requests), asked.Load())
	}
	for i, r := range leader.requests {
		user, secret, _ := r.BasicAuth()
		if r.Method != "POST" || r.URL.Path != "/master/api/v1/scheduler" || user != "me" || secret != "s3cret" {
			t.Errorf("request %d: %s %s by %q, %q", i, r.Method, r.URL.Path, user, secret)
		}
		if got := r.Header["Content-Type"]; len(got) != 1 || got[0] != "application/x-protobuf" || r.Header.Get("Accept") != got[0] {
			t.Errorf("request %d: Content-Type %q, Accept %q", i, got, r.Header.Get("Accept"))
		}
		if id := r.Header.Get("Mesos-Stream-Id"); (i == 0) != (id == "") || i > 0 && id != "stream-1" {
			t.Errorf("request %d: stream id %q", i, id)
		}
	}
	want, err := subscribeCall().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(leader.bodies[0], want) {
		t.Errorf("the leader got % x, want % x", leader.bodies[0], want)
	}
}

func TestRedirectsThatLeadNowhereAreNoLeader(t *testing.T) {
	var loop *httptest.Server
	var asked atomic.Int32
	loop = serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		redirectTo("//"+loop.Listener.Addr().String()+schedulerPath)(w, r)
	})
	cases := map[string]string{
		"a master that points to itself":   loop.URL,
		"a master without a leader's name": serve(t, redirectTo("")).URL,
		"a target that is no address":      serve(t, redirectTo("//%zz")).URL,
		"a dead leader":                    serve(t, redirectTo("//"+deadAddress(t)+schedulerPath)).URL,
	}
	for name, address := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := newClient(t, address).Subscribe(t.Context(), subscribeCall())
			if !errors.Is(err, ErrNoLeader) && name != "a master without a leader's name" {
				t.Errorf("error %v, want ErrNoLeader", err)
			}
			if err == nil {
				t.Error("it was accepted")
			}
		})
	}
	if n := asked.Load(); n > 2*maxRedirects {
		t.Errorf("the loop was walked %d times", n)
	}
}

func TestCredentialsAreNotSentInClearAfterAnEncryptedRequest(t *testing.T) {
	plain := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the clear address was asked") })
	secure := httptest.NewTLSServer(redirectTo("http://" + plain.Listener.Addr().String() + schedulerPath))
	defer secure.Close()
	c := newClientWith(t, Config{Masters: secure.URL, Principal: "me", Secret: "x", Transport: secure.Client().Transport})
	if _, err := c.Subscribe(t.Context(), subscribeCall()); err == nil || !strings.Contains(err.Error(), "without encryption") {
		t.Errorf("error %v", err)
	}
}

func deadAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func TestMastersAreAskedOneAfterTheOther(t *testing.T) {
	leader := newRecorder(t, leading(t))
	electing := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "No leader elected", http.StatusServiceUnavailable)
	})
	masters := strings.Join([]string{deadAddress(t), electing.URL, leader.URL}, ",")
	if s := subscribe(t, newClient(t, masters)); s.Master() != leader.Listener.Addr().String() {
		t.Errorf("subscribed with %s", s.Master())
	}
	_, err := newClient(t, deadAddress(t)+","+electing.URL).Subscribe(t.Context(), subscribeCall())
	for _, want := range []string{"connection refused", "No leader elected"} {
		if !errors.Is(err, ErrNoLeader) || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("error %v, want ErrNoLeader that mentions %q", err, want)
		}
	}
}

func TestACancelledContextStopsTheSearch(t *testing.T) {
	hang := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	ctx := within(t, 20*time.Millisecond)
	_, err := newClient(t, hang.URL).Subscribe(ctx, subscribeCall())
	if err == nil || errors.Is(err, ErrNoLeader) || !strings.Contains(err.Error(), "deadline exceeded") {
		t.Errorf("error %v, want the context's", err)
	}
}

// recordedError is a line of errors.jsonl.
type recordedError struct {
	Name    string `json:"name"`
	Request struct {
		Path string `json:"path"`
	} `json:"request"`
	Response struct {
		Status int         `json:"status"`
		Header [][2]string `json:"headers"`
		Body   string      `json:"body"`
		Base64 string      `json:"body_base64"`
	} `json:"response"`
}

func recordedErrors(t *testing.T) []recordedError {
	t.Helper()
	var all []recordedError
	for line := range bytes.Lines(fixture(t, "errors.jsonl")) {
		var e recordedError
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func (e recordedError) serve(w http.ResponseWriter) {
	for _, h := range e.Response.Header {
		if h[0] != "Date" && h[0] != "Content-Length" && h[0] != "Transfer-Encoding" {
			w.Header().Add(h[0], h[1])
		}
	}
	w.WriteHeader(e.Response.Status)
	body := []byte(e.Response.Body)
	if e.Response.Base64 != "" {
		body, _ = base64.StdEncoding.DecodeString(e.Response.Base64)
	}
	_, _ = w.Write(body)
}

// Every refusal that a real master was seen to give on the scheduler API is served to Subscribe and to Call.
func TestRecordedRefusalsBecomeStatusErrors(t *testing.T) {
	resubscribe := map[string]bool{}
	seen := 0
	for _, e := range recordedErrors(t) {
		status := e.Response.Status
		if !strings.HasSuffix(e.Request.Path, schedulerPath) || status < 400 {
			continue
		}
		seen++
		var refusing atomic.Bool
		refusing.Store(true)
		master := newRecorder(t, func(w http.ResponseWriter, call *scheduler.Call) {
			if refusing.Load() || call.Type != scheduler.Call_SUBSCRIBE {
				e.serve(w)
				return
			}
			leading(t)(w, call)
		})
		c := newClient(t, master.URL)
		_, err := c.Subscribe(t.Context(), subscribeCall())
		wantStatus(t, e.Name, err, status, e.Response.Body)
		refusing.Store(false)
		s := subscribe(t, c)
		err = s.Call(t.Context(), reviveCall())
		wantStatus(t, e.Name, err, status, e.Response.Body)
		if errors.Is(err, ErrNotSubscribed) {
			resubscribe[e.Response.Body] = true
		}
		if event, err := s.Next(); err != nil || event.Type != scheduler.Event_SUBSCRIBED {
			t.Errorf("%s: a refused call ended the stream: %v", e.Name, err)
		}
	}
	if seen < 50 {
		t.Fatalf("only %d recorded refusals were found", seen)
	}
	for body := range resubscribe {
		known := false
		for _, text := range []string{"stream ID", "Mesos-Stream-Id", "Framework cannot be found", "Framework is not subscribed"} {
			known = known || strings.Contains(body, text)
		}
		if !known {
			t.Errorf("%q is taken for the loss of the subscription", body)
		}
	}
	for _, text := range []string{"Framework cannot be found", "Framework is not subscribed"} {
		if !resubscribe[text] {
			t.Errorf("%q is not taken for the loss of the subscription; recorded are %v", text, resubscribe)
		}
	}
}

func wantStatus(t *testing.T, name string, err error, code int, body string) {
	t.Helper()
	var status *StatusError
	if !errors.As(err, &status) || status.Code != code || status.Body != body {
		t.Errorf("%s: error %v, want status %d %q", name, err, code, body)
	}
	if errors.Is(err, ErrNoLeader) != (code == http.StatusServiceUnavailable) {
		t.Errorf("%s: status %d is ErrNoLeader: %v", name, code, errors.Is(err, ErrNoLeader))
	}
}

func TestStatusOfAServerThatIsNoMaster(t *testing.T) {
	for _, code := range []int{200, 204, 301, 404, 500, 502} {
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(code)
		})
		c := newClient(t, server.URL)
		_, err := c.Subscribe(t.Context(), subscribeCall())
		var status *StatusError
		switch {
		case err == nil:
			t.Errorf("status %d was accepted", code)
		case code == 200 && !strings.Contains(err.Error(), "not a Mesos master"):
			t.Errorf("status 200: %v", err)
		case code != 200 && (!errors.As(err, &status) || status.Code != code):
			t.Errorf("status %d: %v", code, err)
		}
	}
}

func TestALongErrorTextIsCutAndASlowOneIsNotWaitedFor(t *testing.T) {
	inBubble(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(500)
		_, _ = w.Write(bytes.Repeat([]byte("x"), maxErrorBody/2))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}, func(t *testing.T, c *Client) {
		begin := time.Now()
		_, err := c.Subscribe(t.Context(), subscribeCall())
		var status *StatusError
		if !errors.As(err, &status) || status.Code != 500 || len(status.Body) != maxErrorBody/2 {
			t.Errorf("error %.100v", err)
		}
		if waited := time.Since(begin); waited != errorBodyTimeout {
			t.Errorf("waited %v for the rest of the text, want %v", waited, errorBodyTimeout)
		}
	})
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(500)
		_, _ = w.Write(bytes.Repeat([]byte("x"), 3*maxErrorBody))
	})
	_, err := newClient(t, server.URL).Subscribe(t.Context(), subscribeCall())
	var status *StatusError
	if !errors.As(err, &status) || len(status.Body) != maxErrorBody {
		t.Errorf("error %.100v, want one with a text of %d bytes", err, maxErrorBody)
	}
}
