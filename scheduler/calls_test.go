package scheduler

import (
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	mesossched "github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// Every call a master takes must name the framework, have a type and the member named after it (but REVIVE and
// SUPPRESS, which need none), and arrive as it was sent.
func TestCallsHaveTheShapeThatAMasterWants(t *testing.T) {
	id, agent := mesos.FrameworkID{Value: "f-0000"}, mesos.AgentID{Value: "S0"}
	task := mesos.TaskID{Value: "f.g.0.r1.t"}
	uuid := []byte("0123456\x40\x80abcdefg")
	cases := []struct {
		call *mesossched.Call
		want string
	}{
		{acceptCall(id, []string{"O1", "O2"}, nil, 0), "ACCEPT: O1 O2, refuse 0"},
		{declineCall(id, []string{"O3"}, 1500), "DECLINE: O3, refuse 1.5"},
		{newCall(id, mesossched.Call_REVIVE), "REVIVE: "},
		{newCall(id, mesossched.Call_SUPPRESS), "SUPPRESS: "},
		{killCall(id, &agent, task), "KILL: f.g.0.r1.t on S0"},
		{acknowledge(id, agent, task, uuid), "ACKNOWLEDGE: f.g.0.r1.t on S0, 16 bytes"},
		{reconcileCall(id, nil), "RECONCILE: "},
		{reconcileCall(id, []taskAt{{"a", "S0"}, {"b", "S1"}}), "RECONCILE: a on S0 b on S1"},
	}
	for _, c := range cases {
		encoded, err := c.call.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		var back mesossched.Call
		if err := back.Unmarshal(encoded); err != nil {
			t.Fatal(err)
		}
		if got := callText(&back); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
		if back.GetFrameworkID().GetValue() != "f-0000" {
			t.Errorf("%s names the framework %q", c.want, back.GetFrameworkID().GetValue())
		}
	}
}

func callText(c *mesossched.Call) string {
	var parts []string
	offers := func(ids []mesos.OfferID, f *mesos.Filters) {
		for _, id := range ids {
			parts = append(parts, id.Value)
		}
		parts[len(parts)-1] += ", refuse " + trimmed(f.GetRefuseSeconds())
	}
	switch c.Type {
	case mesossched.Call_ACCEPT:
		offers(c.Accept.OfferIDs, c.Accept.Filters)
	case mesossched.Call_DECLINE:
		offers(c.Decline.OfferIDs, c.Decline.Filters)
	case mesossched.Call_KILL:
		parts = append(parts, c.Kill.TaskID.Value, "on", c.Kill.AgentID.GetValue())
	case mesossched.Call_ACKNOWLEDGE:
		a := c.Acknowledge
		parts = append(parts, a.TaskID.Value, "on", a.AgentID.Value+",", trimmed(float64(len(a.UUID))), "bytes")
	case mesossched.Call_RECONCILE:
		for _, task := range c.Reconcile.Tasks {
			parts = append(parts, task.TaskID.Value, "on", task.AgentID.GetValue())
		}
	}
	return c.Type.String() + ": " + strings.Join(parts, " ")
}

func trimmed(f float64) string { return amountOf(f).String() }
