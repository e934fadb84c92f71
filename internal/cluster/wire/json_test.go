package wire_test

import (
	"strings"
	"testing"

	"github.com/mesos/mesos-go/api/v1/lib/agent"
	"github.com/mesos/mesos-go/api/v1/lib/master"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"fairlead/internal/cluster/wire"
)

// What the mapping accepts, and what it makes of it.
func TestDecodeJSON(t *testing.T) {
	for _, c := range []struct{ name, in, out string }{
		{"null is absent", `{"type":"REVIVE","revive":null}`, `{"type":"REVIVE"}`},
		{"unknown fields are ignored", `{"type":"REVIVE","x":{"y":[1]}}`, `{"type":"REVIVE"}`},
		{"the last of two keys counts", `{"type":"REVIVE","type":"SUPPRESS"}`, `{"type":"SUPPRESS"}`},
		{"one value for a list", `{"type":"REVIVE","revive":{"roles":"a"}}`, `{"type":"REVIVE","revive":{"roles":["a"]}}`},
		{"one message for a list", `{"type":"DECLINE","decline":{"offer_ids":{"value":"o"}}}`,
			`{"type":"DECLINE","decline":{"offer_ids":[{"value":"o"}]}}`},
		{"null in a list", `{"type":"REVIVE","revive":{"roles":["a",null]}}`, `{"type":"REVIVE","revive":{"roles":["a"]}}`},
		{"a number as text", `{"type":"DECLINE","decline":{"offer_ids":[],"filters":{"refuse_seconds":"1.5"}}}`,
			`{"type":"DECLINE","decline":{"filters":{"refuse_seconds":1.5}}}`},
		{"infinity", `{"type":"DECLINE","decline":{"filters":{"refuse_seconds":"-Infinity"}}}`,
			`{"type":"DECLINE","decline":{"filters":{"refuse_seconds":"-Infinity"}}}`},
		{"an integer loses its fraction", `{"type":"KILL","kill":{"task_id":{"value":"t"},"kill_policy":{"grace_period":{"nanoseconds":5.9}}}}`,
			`{"type":"KILL","kill":{"task_id":{"value":"t"},"kill_policy":{"grace_period":{"nanoseconds":5}}}}`},
		{"a bool as text", `{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"u","name":"n","checkpoint":"true"}}}`,
			`{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"u","name":"n","failover_timeout":0.0,"checkpoint":true}}}`},
		{"an unknown capability stays, without type",
			`{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"u","name":"n","capabilities":[{"type":"TIME_TRAVEL"}]}}}`,
			`{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"u","name":"n","failover_timeout":0.0,"checkpoint":false,"capabilities":[{}]}}}`},
		{"bytes", `{"type":"MESSAGE","message":{"agent_id":{"value":"a"},"executor_id":{"value":"e"},"data":"AP8="}}`,
			`{"type":"MESSAGE","message":{"agent_id":{"value":"a"},"executor_id":{"value":"e"},"data":"AP8="}}`},
		{"text is not escaped more than needed", `{"type":"REVIVE","revive":{"roles":["<a&b>/é\u0001"]}}`,
			`{"type":"REVIVE","revive":{"roles":["<a&b>/é\u0001"]}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var call scheduler.Call
			if err := wire.DecodeJSON([]byte(c.in), &call); err != nil {
				t.Fatal(err)
			}
			out, err := wire.EncodeJSON(&call)
			if err != nil || string(out) != c.out {
				t.Errorf("%v\n got %s\nwant %s", err, out, c.out)
			}
		})
	}
}

// What it refuses, with the text of a real master where one is recorded.
func TestDecodeJSONRefuses(t *testing.T) {
	for in, want := range map[string]string{
		`{"type":5}`:                        "Not expecting a JSON number for field 'type'",
		`{"type":["REVIVE"]}`:               "Not expecting a JSON array for field 'type'",
		`{"revive":true}`:                   "Not expecting a JSON boolean for field 'revive'",
		`{"revive":{"roles":[["a"]]}}`:      "Not expecting a JSON array for field 'roles'",
		`{"framework_id":{}}`:               "Missing required fields: framework_id.value",
		`{"decline":{"offer_ids":[{},{}]}}`: "Missing required fields: decline.offer_ids[0].value, decline.offer_ids[1].value",
		`{"request":{"requests":[{"resources":[{"name":"c","type":"X"}]}]}}`:             "Failed to find enum for 'X'",
		`{"kill":{"kill_policy":{"grace_period":{"nanoseconds":"1secs"}}}}`:              "Failed to parse '1secs' as a JSON number for field 'nanoseconds'",
		`{"kill":{"kill_policy":{"grace_period":{"nanoseconds":99999999999999999999}}}}`: "Number '99999999999999999999' does not fit field 'nanoseconds'",
		`{"message":{"data":"AA"}}`: "Failed to base64 decode bytes field 'data': Invalid length",
		"{\"type\":\n\"REVIVE\",}":  "syntax error at line 2 near: }",
	} {
		var call scheduler.Call
		err := wire.DecodeJSON([]byte(in), &call)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
}

// No input makes the decoder panic, and what it accepts survives being written
// and read again, in both codings.
func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{
		`{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"u","name":"n","capabilities":[{"type":"MULTI_ROLE"}]}}}`,
		`{"type":"ACCEPT","accept":{"offer_ids":[{"value":"o"}],"operations":[{"type":"LAUNCH","launch":{"task_infos":` +
			`[{"name":"t","task_id":{"value":"t"},"agent_id":{"value":"a"},"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":0.1}}],` +
			`"limits":{"cpus":{"value":"Infinity"}}}]}}]}}`,
		`{"type":"ACKNOWLEDGE","acknowledge":{"agent_id":{"value":"a"},"task_id":{"value":"t"},"uuid":"AAECAwQFRgeICQoLDA0ODw=="}}`,
		`{"type":null,"type":7}`, `[]`, `{`, "\x10\x05\n", `{"a":[[[{}]]]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, blank := range []func() wire.Message{
			func() wire.Message { return &scheduler.Call{} },
			func() wire.Message { return &scheduler.Event{} },
			func() wire.Message { return &master.Call{} },
			func() wire.Message { return &agent.Call{} },
		} {
			first, again := blank(), blank()
			if wire.DecodeJSON(body, first) != nil {
				continue
			}
			text, err := wire.EncodeJSON(first)
			if err != nil {
				t.Fatalf("decoded but not encoded: %v", err)
			}
			if err := wire.DecodeJSON(text, again); err != nil {
				t.Fatalf("own output refused: %v: %s", err, text)
			}
			if second, err := wire.EncodeJSON(again); err != nil || string(second) != string(text) {
				t.Fatalf("second output differs: %v\n%s\n%s", err, text, second)
			}
			wire.DebugText(first)
		}
	})
}

// FuzzUnmarshalProtobuf: the same for protobuf with unknown enum numbers.
func FuzzUnmarshalProtobuf(f *testing.F) {
	f.Add([]byte{0x10, 0x63})
	f.Add([]byte{0x0a, 0x03, 0x0a, 0x01, 'f', 0x10, 0x05})
	f.Fuzz(func(t *testing.T, body []byte) {
		var call scheduler.Call
		if wire.Protobuf.Unmarshal(body, &call) != nil {
			return
		}
		if _, err := wire.EncodeJSON(&call); err != nil {
			t.Fatalf("accepted but not written: %v", err)
		}
	})
}
