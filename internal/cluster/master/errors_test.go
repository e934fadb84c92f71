package master_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"fairlead/internal/cluster/frameworktest"
	"fairlead/internal/cluster/master"
	"fairlead/internal/cluster/recording"
	"fairlead/internal/cluster/wire"
)

// exchange is a line of errors.jsonl.
type exchange struct {
	Name    string
	Server  string
	Request struct {
		Method, Path string
		Headers      [][2]string
		Body         string
		BodyBase64   string `json:"body_base64"`
	}
	Response struct {
		Status     int
		Headers    [][2]string
		Body       string
		BodyBase64 string `json:"body_base64"`
		LeftOpen   bool   `json:"left_open"`
	}
}

// differences are all exchanges in which this master does not answer as the
// recorded one did, and why.
var differences = map[string]string{
	"scheduler/type-UNKNOWN": "the real master dies of it; here 501",

	"scheduler/subscribe-constraints-foreign-role":   "offer constraints are not supported and ignored, as unknown fields are",
	"scheduler/subscribe-constraints-empty-group":    "offer constraints",
	"scheduler/subscribe-constraints-no-selector":    "offer constraints",
	"scheduler/subscribe-constraints-bad-regex":      "offer constraints",
	"scheduler/subscribe-constraints-null-predicate": "offer constraints",

	"operator/drain-unknown":                        "agents cannot be drained: 501",
	"operator/drain-negative-grace-accepted":        "agents cannot be drained: 501",
	"operator/update-quota-too-large":               "there is no quota: 501",
	"operator/update-quota-guarantee-above-limit":   "there is no quota: 501",
	"operator/update-quota-star":                    "there is no quota: 501",
	"operator/update-weights-negative":              "there are no weights: 501",
	"operator/maintenance-unknown-machine-accepted": "there is no maintenance: 501",
	"operator/maintenance-empty-window":             "there is no maintenance: 501",
	"operator/start-maintenance-unscheduled":        "there is no maintenance: 501",
	"operator/reserve-unknown-agent":                "operators cannot reserve: 501",
	"operator/reserve-empty":                        "operators cannot reserve: 501",

	"endpoint/state-post":    "other ids and times; compared in TestState",
	"endpoint/root-accepted": "there is no web interface",
}

const recordedMaster = "7864c435-aac8-479a-8bff-e8a02fec4282"
const recordedStream = "513942f9-e164-4854-af78-baf6b04acfd1"

// Every recorded refusal, and its accepted neighbours, gets the recorded status
// and body.
func TestRecordedErrors(t *testing.T) {
	lines := recording.Lines[exchange](t, "errors.jsonl")
	m := newMaster(t, master.Config{})
	f := recordedCluster(t, m)
	for _, line := range lines {
		if line.Server != "master" {
			continue
		}
		t.Run(line.Name, func(t *testing.T) {
			if why, differs := differences[line.Name]; differs {
				if same := answersAlike(t, m, f, line) == ""; same {
					t.Errorf("the answer is the recorded one, though listed as different (%s)", why)
				}
				return
			}
			if fault := answersAlike(t, m, f, line); fault != "" {
				t.Error(fault)
			}
		})
	}
}

// Authentication in a master that has credentials.
func TestRecordedAuthentication(t *testing.T) {
	m := newMaster(t, master.Config{Credentials: map[string]string{"fw": "s3cret"}})
	for _, line := range recording.Lines[exchange](t, "errors.jsonl") {
		if line.Server != "master-auth" || line.Name == "auth/version-none-accepted" { // another version
			continue
		}
		t.Run(line.Name, func(t *testing.T) {
			if fault := answersAlike(t, m, nil, line); fault != "" {
				t.Error(fault)
			}
		})
	}
}

// recordedCluster is what the recorded master had: a connected framework with
// a task, one that is disconnected, one that is completed, an agent.
func recordedCluster(t *testing.T, m *master.Master) *frameworktest.Framework {
	t.Helper()
	a := newAgent(t, m, "cpus:8;mem:8192;disk:10000;ports:[31000-31999]")
	timeout := 3600.0
	info := func(name, role string) *mesos.FrameworkInfo {
		i := frameworktest.Info(name, role)
		principal := "fixtures"
		i.FailoverTimeout, i.Principal = &timeout, &principal
		return i
	}
	f := frameworktest.Subscribe(t, url(m), wire.JSON, info("errors", "eng"))
	launch(t, f, a, "e1")
	away := frameworktest.Subscribe(t, url(m), wire.JSON, info("away", "none"))
	away.Close()
	eventually(t, "the framework is disconnected", func() bool {
		status, _ := away.Send(&scheduler.Call{Type: scheduler.Call_REVIVE})
		return status == http.StatusForbidden
	})
	completed := frameworktest.Subscribe(t, url(m), wire.JSON, info("completed", "none"))
	completed.Call(&scheduler.Call{Type: scheduler.Call_TEARDOWN})
	completed.Ended()
	return f
}

// answersAlike replays an exchange, with the ids of this master, and returns
// the first difference.
func answersAlike(t *testing.T, m *master.Master, f *frameworktest.Framework, line exchange) string {
	t.Helper()
	swap := func(text string) string {
		text = strings.ReplaceAll(text, recordedMaster, m.ID())
		if f != nil {
			text = strings.ReplaceAll(text, recordedStream, f.StreamID)
		}
		return text
	}
	body := recordedBody(t, line.Request.Body, line.Request.BodyBase64, swap)
	// A stream that should end and does not is a difference, not a hang.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if _, differs := differences[line.Name]; differs {
		ctx, cancel = context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
	}
	request, err := http.NewRequestWithContext(ctx, line.Request.Method, url(m)+swap(line.Request.Path), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range line.Request.Headers {
		request.Header[http.CanonicalHeaderKey(header[0])] = []string{swap(header[1])}
	}
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request) // redirects are answers here
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	if response.StatusCode != line.Response.Status {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 300))
		return fmt.Sprintf("status %d %q, want %d %q", response.StatusCode, text, line.Response.Status, line.Response.Body)
	}
	if line.Response.LeftOpen {
		return subscribed(response)
	}
	got, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	if want := swap(line.Response.Body); string(got) != want {
		return fmt.Sprintf("body\n%s\nwant\n%s", got, want)
	}
	return ""
}

// recordedBody is the request's body with the ids of this master, which have
// the same length, inside protobuf and gzip too.
func recordedBody(t *testing.T, text, encoded string, swap func(string) string) string {
	t.Helper()
	if encoded == "" {
		return swap(text)
	}
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	unzip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return swap(string(data))
	}
	plain, err := io.ReadAll(unzip)
	if err != nil {
		t.Fatal(err)
	}
	var zipped bytes.Buffer
	zip := gzip.NewWriter(&zipped)
	if _, err := zip.Write([]byte(swap(string(plain)))); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return zipped.String()
}

// subscribed wants SUBSCRIBED as the first record of a stream that stays open.
func subscribed(response *http.Response) string {
	var header []byte
	for one := make([]byte, 1); ; {
		if _, err := response.Body.Read(one); err != nil {
			return err.Error()
		}
		if one[0] == '\n' {
			break
		}
		header = append(header, one[0])
	}
	length, err := strconv.Atoi(string(header))
	if err != nil {
		return err.Error()
	}
	record := make([]byte, length)
	if _, err := io.ReadFull(response.Body, record); err != nil {
		return err.Error()
	}
	if !strings.HasPrefix(string(record), `{"type":"SUBSCRIBED","subscribed":{"framework_id":`) {
		return string(record)
	}
	return ""
}
