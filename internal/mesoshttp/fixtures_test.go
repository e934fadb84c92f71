package mesoshttp

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/mesos/mesos-go/api/v1/lib/encoding/codecs"
	"github.com/mesos/mesos-go/api/v1/lib/encoding/framing"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// manifest lists what was recorded, with the types of the events of each stream.
func manifest(t testing.TB) map[string][]string {
	t.Helper()
	var list struct {
		Files []struct {
			File    string   `json:"file"`
			Message string   `json:"message"`
			Records []string `json:"records"`
		} `json:"files"`
	}
	if err := json.Unmarshal(fixture(t, "manifest.json"), &list); err != nil {
		t.Fatal(err)
	}
	streams := make(map[string][]string)
	for _, file := range list.Files {
		if file.Message == "mesos.v1.scheduler.Event" {
			streams[file.File] = file.Records
		}
	}
	return streams
}

func TestEveryRecordedProtobufStreamIsReadEventByEvent(t *testing.T) {
	count := 0
	for name, want := range manifest(t) {
		if !strings.Contains(name, "/protobuf/") {
			continue
		}
		count++
		t.Run(name, func(t *testing.T) {
			server := serve(t, streamPieces(fixture(t, name)))
			got, err := drain(subscribe(t, newClient(t, server.URL)))
			if !slices.Equal(got, want) || !errors.Is(err, ErrStreamEnded) {
				t.Errorf("events %v, end %v\nwant   %v", got, err, want)
			}
		})
	}
	if count < 20 {
		t.Errorf("only %d protobuf streams were found", count)
	}
}

// What is recorded in JSON cannot all be decoded with mesos-go: every SUBSCRIBED names a master capability, QUOTA_V2,
// that it does not know. That is why this package speaks protobuf; should it become untrue, this test says so.
func TestOnlySUBSCRIBEDCannotBeDecodedFromRecordedJSON(t *testing.T) {
	undecodable := map[string]int{}
	total := 0
	for name, want := range manifest(t) {
		if !strings.HasPrefix(name, "scheduler/") || strings.Contains(name, "/protobuf/") {
			continue
		}
		for i, record := range records(t, fixture(t, name)) {
			total++
			var event scheduler.Event
			decoder := codecs.ByMediaType[codecs.MediaTypeJSON].NewDecoder(func() framing.Reader {
				return framing.ReaderFunc(func() ([]byte, error) { return record, nil })
			})
			if err := decoder.Decode(&event); err != nil {
				undecodable[want[i]]++
				continue
			}
			if got := event.Type.String(); got != want[i] {
				t.Errorf("%s: event %d is a %s, want %s", name, i, got, want[i])
			}
		}
	}
	if len(undecodable) != 1 || undecodable["SUBSCRIBED"] == 0 || total < 300 {
		t.Errorf("of %d events these were not decoded: %v; want every SUBSCRIBED and nothing else", total, undecodable)
	}
}

// schedulerCalls lists the recorded protobuf calls to the scheduler API; operator calls stand between them.
func schedulerCalls(t testing.TB) []string {
	t.Helper()
	isOperator := func(name string) bool { return !strings.HasSuffix(answerTo(t, name).path, schedulerPath) }
	calls := slices.DeleteFunc(fixtureFiles(t, "scheduler", ".req.pb"), isOperator)
	if len(calls) < 100 {
		t.Fatalf("only %d calls were found", len(calls))
	}
	return calls
}

func answerTo(t testing.TB, call string) exchange {
	return readExchange(t, strings.TrimSuffix(call, ".req.pb")+".http")
}

// Every recorded protobuf call is decoded and encoded again; what mesos-go does not know (offer constraints) is the
// only thing that may be lost.
func TestEveryRecordedProtobufCallSurvivesDecodingAndEncoding(t *testing.T) {
	shorter := 0
	for _, name := range schedulerCalls(t) {
		content := fixture(t, name)
		var call scheduler.Call
		if err := call.Unmarshal(content); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		again, err := call.Marshal()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(again) != len(content) {
			shorter++
			if !strings.Contains(name, "update-framework/") {
				t.Errorf("%s: %d bytes became %d", name, len(content), len(again))
			}
		}
	}
	if shorter == 0 {
		t.Error("no call with offer constraints was met; is the recording complete?")
	}
}

// The calls that a real master answered with 202 or 200 must pass our own check, and the ones that killed it must not.
func TestLocalCheckAgreesWithTheRecordedMaster(t *testing.T) {
	for _, name := range schedulerCalls(t) {
		answer := answerTo(t, name)
		var call scheduler.Call
		if err := call.Unmarshal(fixture(t, name)); err != nil {
			t.Fatal(err)
		}
		if call.Type == scheduler.Call_SUBSCRIBE || answer.status >= 300 {
			continue
		}
		if err := checkCall(&call); err != nil {
			t.Errorf("%s was answered %d, but we would refuse to send it: %v", name, answer.status, err)
		}
	}
}

// The raw bytes of a subscription, header and chunks as they were on the socket, are replayed by a TCP listener.
func TestRecordedConnectionIsReadFromTheSocket(t *testing.T) {
	wire := fixture(t, "wire/subscribe-protobuf.wire")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for _, size := range []int{len(wire), 1, 7} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			replay(t, listener, wire, size)
		}()
		s := subscribe(t, newClient(t, listener.Addr().String()))
		got, err := drain(s)
		want := []string{"SUBSCRIBED", "HEARTBEAT", "OFFERS"}
		if len(got) < len(want) || !slices.Equal(got[:len(want)], want) || !errors.Is(err, ErrStreamEnded) {
			t.Errorf("in pieces of %d bytes: events %v, end %v; want %v and an end in order", size, got, err, want)
		}
		if s.id != "95dcb47a-3587-45f6-831d-6166c8961678" {
			t.Errorf("stream id %q", s.id)
		}
		s.Close()
		<-done
	}
}

// replay answers one connection with the pieces of wire, whatever is asked.
func replay(t *testing.T, listener net.Listener, wire []byte, size int) {
	conn, err := listener.Accept()
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
		t.Error(err)
		return
	}
	for piece := range slices.Chunk(wire, size) {
		if _, err := conn.Write(piece); err != nil {
			t.Error(err)
			return
		}
	}
}

// The JSON subscription of the same session is what a master sends to a client that did not ask for protobuf.
func TestAnswerInAnotherMediaTypeIsRefused(t *testing.T) {
	wire := fixture(t, "wire/subscribe-json.wire")
	if !bytes.Contains(wire, []byte("application/json")) {
		t.Fatal("the recording is not JSON")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		replay(t, listener, wire, len(wire))
	}()
	_, err = newClient(t, listener.Addr().String()).Subscribe(t.Context(), subscribeCall())
	if err == nil || !strings.Contains(err.Error(), `Content-Type "application/json"`) {
		t.Errorf("error %v, want one that names the content type", err)
	}
	<-done
}
