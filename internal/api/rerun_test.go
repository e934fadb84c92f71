package api_test

import (
	"strings"
	"testing"

	"fairlead/allocator"
	"fairlead/internal/api"
)

func TestWhatHasEndedIsStartedAgain(t *testing.T) {
	f := serve(t, "cpus:4;mem:16384")
	f.submit(group("A", "a"))
	f.submit(group("A", "b", "after: [a]"))
	f.refused(f.do("POST", "/v1/groups/A/a/rerun", ""), 422, api.CodeUnsupported, "A/a has not ended")
	f.end("A/a/0", allocator.TaskFailed, "")
	f.refused(f.do("POST", "/v1/groups/A/a/rerun?below=perhaps", ""), 400, api.CodeBadRequest, "perhaps")
	f.refused(f.do("POST", "/v1/groups/A/none/rerun", ""), 404, api.CodeNotFound, "A/none")
	a := f.do("POST", "/v1/groups/A/a/rerun?below=true", "")
	if a.status != 200 || !strings.Contains(a.body, `[{"framework":"A","name":"a"},{"framework":"A","name":"b"}]`) {
		t.Errorf("got %d %s", a.status, a.body)
	}
	if g := read[api.Group](f, "/v1/groups/A/a"); g.State != "running" || g.Reruns != 1 {
		t.Errorf("a: got %+v, want it running a second time", g)
	}
	if g := read[api.Group](f, "/v1/groups/A/b"); g.State != "waiting" || g.Ended != nil {
		t.Errorf("b: got %+v, want it waiting", g)
	}
}
