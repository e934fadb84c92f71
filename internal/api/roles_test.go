package api_test

import (
	"strings"
	"testing"

	"fairlead/internal/api"
)

// What is left out stays; a refusal names the field, and changes nothing.
func TestRolesAndFrameworksAreChangedWhileTheSchedulerRuns(t *testing.T) {
	f := serve(t, "cpus:9;mem:18432")
	for _, step := range []struct{ path, body, want string }{
		{"/v1/roles/eng/dev", `{"weight": 2.5, "limit": {"cpus": 4}}`, `"weight":2.5`},
		{"/v1/roles/eng/dev", `{"weight": 3}`, `"limit":{"cpus":4}`},
		{"/v1/roles/eng/dev", `{"limit": {}}`, `"weight":3,`},
		{"/v1/frameworks/spark", `{"weight": 2, "role": "eng/dev"}`, `"role":"eng/dev","weight":2,`},
		{"/v1/frameworks/spark", `{"weight": 4}`, `"role":"eng/dev","weight":4,`},
	} {
		if r := f.do("PUT", step.path, step.body); r.status != 200 || !strings.Contains(r.body, step.want) {
			t.Errorf("PUT %s %s: %d %s", step.path, step.body, r.status, r.body)
		}
	}
	for _, step := range []struct {
		path, body string
		status     int
		code, part string // the part is of the whole answer
	}{
		{"/v1/roles/eng", `{"weight": 0}`, 422, api.CodeUnsupported, `"field":"weight"`},
		{"/v1/roles/eng", `{"weight": -1}`, 400, api.CodeInvalid, "-1 is negative"},
		{"/v1/roles/eng", `{"guarantee": {"cpus": 2}, "limit": {"cpus": 1}}`, 422, api.CodeUnsupported, `"field":"limit"`},
		{"/v1/roles/eng/dev", `{"guarantee": {"cpus": 2}}`, 422, api.CodeUnsupported, `"field":"guarantee"`},
		{"/v1/roles/eng", `{"guarantee": {"cpus": 10}}`, 422, api.CodeUnsatisfiable, "the cluster has 9"},
		{"/v1/roles/eng", `{"wait": 1}`, 400, api.CodeInvalid, "wait: unknown field"},
		{"/v1/roles/eng", ``, 400, api.CodeInvalid, "expected one object"},
		{"/v1/roles/-eng", `{"weight": 1}`, 400, api.CodeBadRequest, `"field":"role"`},
		{"/v1/roles/eng?allow_unsatisfiable=maybe", `{"weight": 1}`, 400, api.CodeBadRequest, "maybe"},
		{"/v1/frameworks/spark", `{"weight": 0}`, 422, api.CodeUnsupported, `"field":"weight"`},
		{"/v1/frameworks/sp%20ark", `{"weight": 1}`, 400, api.CodeBadRequest, `"field":"framework"`},
	} {
		a := f.do("PUT", step.path, step.body)
		if f.refused(a, step.status, step.code, ""); !strings.Contains(a.body, step.part) {
			t.Errorf("PUT %s %s: %s, want %s in it", step.path, step.body, a.body, step.part)
		}
	}
	if r := f.do("PUT", "/v1/roles/eng?allow_unsatisfiable=true", `{"guarantee": {"cpus": 10}}`); r.status != 200 {
		t.Errorf("what is allowed is refused: %s", r.body)
	}
}
