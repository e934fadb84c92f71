package mesoshttp

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

func TestEventsAreReadHoweverTheStreamIsCut(t *testing.T) {
	const name = "scheduler/command-tasks/protobuf/01-subscribe.stream"
	stream := fixture(t, name)
	want := manifest(t)[name]
	random := rand.New(rand.NewPCG(3, 4))
	cuts := map[string]func() int{
		"byte by byte":        func() int { return 1 },
		"13 bytes each":       func() int { return 13 },
		"at random places":    func() int { return 1 + random.IntN(2000) },
		"one byte, then much": func() int { return 1 + 5000*random.IntN(2) },
	}
	for label, size := range cuts {
		t.Run(label, func(t *testing.T) {
			var pieces [][]byte
			for rest := stream; len(rest) > 0; {
				n := min(size(), len(rest))
				pieces, rest = append(pieces, rest[:n]), rest[n:]
			}
			server := serve(t, streamPieces(pieces...))
			got, err := drain(subscribe(t, newClient(t, server.URL)))
			if !slices.Equal(got, want) || !errors.Is(err, ErrStreamEnded) {
				t.Errorf("%d of %d events, end %v", len(got), len(want), err)
			}
		})
	}
}

func TestStreamsThatBreakEndInATypedError(t *testing.T) {
	good := heartbeatFrame(t)
	var broken *RecordError
	cases := map[string]struct {
		tail string
		is   func(error) bool
	}{
		"an end in order":          {"", func(err error) bool { return errors.Is(err, ErrStreamEnded) }},
		"a truncated record":       {"20\nabc", func(err error) bool { return errors.As(err, &broken) }},
		"a truncated length":       {"20", func(err error) bool { return errors.As(err, &broken) }},
		"garbage for a length":     {"<html>", func(err error) bool { return errors.As(err, &broken) }},
		"an absurd length":         {"18446744073709551615\n", func(err error) bool { return errors.As(err, &broken) }},
		"garbage for an event":     {"6\n\xff\xff\xff\xff\xff\xff", func(err error) bool { return errors.As(err, &broken) }},
		"JSON instead of an event": {"20\n{\"type\":\"HEARTBEAT\"}", func(err error) bool { return errors.As(err, &broken) }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			server := serve(t, streamPieces(good, []byte(c.tail)))
			s := subscribe(t, newClient(t, server.URL))
			got, err := drain(s)
			if !slices.Equal(got, []string{"HEARTBEAT"}) || !c.is(err) {
				t.Errorf("events %v, then %v", got, err)
			}
			if _, again := s.Next(); again != err {
				t.Errorf("the second time it ends with %v, the first time with %v", again, err)
			}
			if err := s.Call(t.Context(), reviveCall()); !errors.Is(err, ErrNotSubscribed) {
				t.Errorf("a call after the end: %v, want ErrNotSubscribed", err)
			}
		})
	}
}

func TestConnectionThatIsCutIsAnErrorAndNotAnEndInOrder(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		acceptSubscription(w)
		_, _ = w.Write(heartbeatFrame(t))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	got, err := drain(subscribe(t, newClient(t, server.URL)))
	if len(got) != 1 || errors.Is(err, ErrStreamEnded) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("events %v, then %v; want one and a broken connection", got, err)
	}
}

func TestUnknownEventTypesAreReturnedAsUnknown(t *testing.T) {
	server := serve(t, streamPieces(frame([]byte{0x08, 99}), frame([]byte{0x08, 0}), heartbeatFrame(t)))
	got, _ := drain(subscribe(t, newClient(t, server.URL)))
	if want := []string{"UNKNOWN", "UNKNOWN", "HEARTBEAT"}; !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
}

func TestCloseAndTheContextWakeAWaitingNext(t *testing.T) {
	reason := errors.New("giving up")
	ends := map[string]struct {
		end  func(*Stream, context.CancelCauseFunc)
		want error
	}{
		"Close":            {func(s *Stream, _ context.CancelCauseFunc) { s.Close() }, ErrClosed},
		"the context":      {func(_ *Stream, cancel context.CancelCauseFunc) { cancel(reason) }, reason},
		"Close twice over": {func(s *Stream, _ context.CancelCauseFunc) { s.Close(); s.Close() }, ErrClosed},
	}
	for name, c := range ends {
		t.Run(name, func(t *testing.T) {
			gone := make(chan struct{})
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				acceptSubscription(w)
				_, _ = w.Write(heartbeatFrame(t))
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done() // the master notices that the connection is gone
				close(gone)
			})
			ctx, cancel := context.WithCancelCause(t.Context())
			s, err := newClient(t, server.URL).Subscribe(ctx, subscribeCall())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Next(); err != nil {
				t.Fatal(err)
			}
			go c.end(s, cancel)
			if _, err := s.Next(); !errors.Is(err, c.want) {
				t.Errorf("Next ends with %v, want %v", err, c.want)
			}
			<-gone
			cancel(nil)
		})
	}
}

// pipeNet is a network inside of a process: connections are pipes, so that a synctest bubble can tell when everybody
// waits, and time is virtual.
type pipeNet struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipeNet() *pipeNet { return &pipeNet{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipeNet) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipeNet) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipeNet) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipeNet) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5050} }

// inBubble runs f with a client whose master is handler, in virtual time.
func inBubble(t *testing.T, handler http.HandlerFunc, f func(*testing.T, *Client)) {
	synctest.Test(t, func(t *testing.T) {
		pipes := newPipeNet()
		server := &http.Server{Handler: handler}
		served := make(chan struct{})
		go func() {
			defer close(served)
			_ = server.Serve(pipes)
		}()
		transport := &http.Transport{DialContext: pipes.dial}
		c, err := New(Config{Masters: "10.0.0.1:5050", Transport: transport})
		if err != nil {
			t.Fatal(err)
		}
		f(t, c)
		c.Close()
		server.Close()
		<-served
	})
}

func TestSilenceOfFiveHeartbeatIntervalsEndsTheStream(t *testing.T) {
	cases := map[string]struct {
		first []byte
		want  time.Duration
	}{
		"as SUBSCRIBED says":            {subscribedFrame(t, 2), 10 * time.Second},
		"15 s each before SUBSCRIBED":   {heartbeatFrame(t), 75 * time.Second},
		"15 s each if it says nothing":  {subscribedFrame(t, 0), 75 * time.Second},
		"15 s each if it says nonsense": {subscribedFrame(t, 1e300), 75 * time.Second},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			handler := func(w http.ResponseWriter, r *http.Request) {
				streamPieces(c.first)(w, r)
				<-r.Context().Done()
			}
			inBubble(t, handler, func(t *testing.T, client *Client) {
				s, err := client.Subscribe(t.Context(), subscribeCall())
				if err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				got, err := drain(s)
				if waited := time.Since(begin); len(got) != 1 || !errors.Is(err, ErrHeartbeatTimeout) || waited != c.want {
					t.Errorf("after %d events and %v: %v; want ErrHeartbeatTimeout after %v", len(got), waited, err, c.want)
				}
			})
		})
	}
}

func TestEveryEventRestartsTheWatch(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		streamPieces(subscribedFrame(t, 1))(w, r)
		for range 20 {
			time.Sleep(4900 * time.Millisecond) // virtual
			_, _ = w.Write(heartbeatFrame(t))
			_ = http.NewResponseController(w).Flush()
		}
	}
	inBubble(t, handler, func(t *testing.T, client *Client) {
		s, err := client.Subscribe(t.Context(), subscribeCall())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := drain(s); len(got) != 21 || !errors.Is(err, ErrStreamEnded) {
			t.Errorf("%d events, then %v; want 21 and an end in order", len(got), err)
		}
	})
}

func TestASlowReaderIsNotTakenForASilentMaster(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		streamPieces(subscribedFrame(t, 1), heartbeatFrame(t))(w, r)
	}
	inBubble(t, handler, func(t *testing.T, client *Client) {
		s, err := client.Subscribe(t.Context(), subscribeCall())
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			time.Sleep(time.Hour) // virtual
			if _, err := s.Next(); err != nil {
				t.Fatal(err)
			}
		}
		s.Close()
	})
}

func TestAMasterThatDoesNotAnswerIsGivenUp(t *testing.T) {
	hang := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}
	inBubble(t, hang, func(t *testing.T, client *Client) {
		begin := time.Now()
		_, err := client.Subscribe(t.Context(), subscribeCall())
		if waited := time.Since(begin); !errors.Is(err, ErrNoLeader) || waited != defaultSubscribeTimeout {
			t.Errorf("after %v: %v, want ErrNoLeader after %v", waited, err, defaultSubscribeTimeout)
		}
	})
}

func TestACallThatIsNotAnsweredFailsAndLeavesTheStreamAlone(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var call scheduler.Call
		if err := call.Unmarshal(body); err != nil || call.Type != scheduler.Call_SUBSCRIBE {
			<-r.Context().Done()
			return
		}
		streamPieces(subscribedFrame(t, 100))(w, r)
		<-r.Context().Done()
	}
	inBubble(t, handler, func(t *testing.T, client *Client) {
		s, err := client.Subscribe(t.Context(), subscribeCall())
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		err = s.Call(t.Context(), reviveCall())
		if waited := time.Since(begin); err == nil || errors.Is(err, ErrNotSubscribed) || waited != defaultCallTimeout {
			t.Errorf("after %v: %v, want a failure after %v", waited, err, defaultCallTimeout)
		}
		if event, err := s.Next(); err != nil || event.Type != scheduler.Event_SUBSCRIBED {
			t.Errorf("the stream gives %v %v", event, err)
		}
		s.Close()
	})
}

func TestBackoffGrowsIsRandomAndIsCapped(t *testing.T) {
	plain := Backoff{}
	var got []string
	for range 9 {
		got = append(got, plain.Next().String())
	}
	if want := "250ms 500ms 1s 2s 4s 8s 15s 15s 15s"; strings.Join(got, " ") != want {
		t.Errorf("bounds %v, want %s", got, want)
	}
	plain.Reset()
	if pause := plain.Next(); pause != 250*time.Millisecond {
		t.Errorf("after Reset it begins with %v", pause)
	}
	random := rand.New(rand.NewPCG(1, 1))
	jittered := Backoff{Random: random.Float64}
	seen := map[time.Duration]bool{}
	for i := range 1000 {
		pause := jittered.Next()
		seen[pause] = true
		if i > 6 && (pause < backoffMax/2 || pause >= backoffMax) {
			t.Fatalf("pause %v is outside of [%v, %v)", pause, backoffMax/2, backoffMax)
		}
	}
	if len(seen) < 900 {
		t.Errorf("only %d different pauses of 1000", len(seen))
	}
}
