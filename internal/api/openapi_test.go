package api

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap"
)

// document is the part of OpenAPI that is held against the code.
type document struct {
	Paths      map[string]map[string]json.RawMessage
	Components struct {
		Schemas map[string]struct {
			Properties map[string]json.RawMessage
		}
	}
}

func parseDocument(t *testing.T) document {
	t.Helper()
	var d document
	if err := json.Unmarshal(openAPIDocument, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestOpenAPIDescribesEveryRouteAndNoOther(t *testing.T) {
	var want, got []string
	s := New(Config{Logger: zap.NewNop()})
	for _, r := range s.table() {
		want = append(want, r.method+" "+strings.Replace(r.pattern, "/{$}", "/", 1))
	}
	for path, methods := range parseDocument(t).Paths {
		for method := range methods {
			got = append(got, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("described\n%s\nserved\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestOpenAPIDescribesEveryFieldAndNoOther(t *testing.T) {
	schemas := parseDocument(t).Components.Schemas
	for _, v := range []any{
		Framework{}, Role{}, Shares{}, Fairness{}, FairNode{}, Agent{}, Agents{}, Offer{}, Offers{}, Group{}, Groups{}, GroupDetail{}, Instance{},
		OwnedInstance{}, Instances{}, TaskState{}, Attempt{}, Explanation{}, Ahead{}, Reason{}, Lack{}, Plan{}, Planned{},
		ShareChange{}, Start{}, FailedConstraint{}, Nearest{}, Quota{}, Entitlement{}, Holder{}, Victim{}, Step{},
		Submitted{}, Accepted{}, Name{}, Deleted{}, Status{}, Event{}, Events{}, Error{}, ErrorBody{},
	} {
		kind := reflect.TypeOf(v)
		want := jsonFields(kind)
		var got []string
		for name := range schemas[kind.Name()].Properties {
			got = append(got, name)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: described %v, sent %v", kind.Name(), got, want)
		}
	}
}

func jsonFields(kind reflect.Type) []string {
	var out []string
	for _, f := range reflect.VisibleFields(kind) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.Anonymous && name != "-" && name != "" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestOpenAPIHasNoDanglingReference(t *testing.T) {
	d := parseDocument(t)
	for part := range strings.SplitSeq(string(openAPIDocument), `"#/components/schemas/`) {
		name, _, _ := strings.Cut(part, `"`)
		if _, ok := d.Components.Schemas[name]; !ok && name != "{\n " && !strings.HasPrefix(part, "{") {
			t.Errorf("no schema %q", name)
		}
	}
}

func TestErrorCodesAreThoseOfTheDocument(t *testing.T) {
	for _, code := range []string{
		CodeBadRequest, CodeInvalid, CodeForbidden, CodeNotFound, CodeMethodNotAllowed, CodeConflict, CodeTooLarge,
		CodeEncoding, CodeUnsupported, CodeUnsatisfiable, CodeInternal, CodeAgent, CodeUnavailable,
	} {
		if !strings.Contains(string(openAPIDocument), `"`+code+`"`) {
			t.Errorf("the document does not name the code %s", code)
		}
	}
	if e := errorOf(http.ErrBodyNotAllowed); e.Status != http.StatusInternalServerError || e.Code != CodeInternal {
		t.Errorf("an error of no known kind is %+v", e)
	}
}

func TestAmountsAreExactNumbers(t *testing.T) {
	for _, text := range []string{"0", "1", "0.1", "12288", "2.125", "-0.5"} {
		var a Amount
		if err := json.Unmarshal([]byte(text), &a); err != nil {
			t.Fatal(err)
		}
		if got, err := json.Marshal(a); err != nil || string(got) != text {
			t.Errorf("%s became %s, %v", text, got, err)
		}
	}
	var a Amount
	if json.Unmarshal([]byte(`0.1234`), &a) == nil || json.Unmarshal([]byte(`"1"`), &a) == nil {
		t.Error("read what is no amount")
	}
}
