package taskgroup

import (
	"errors"
	"testing"

	"fairlead/internal/strictyaml"
)

// Whatever a file holds, it is read without a panic; what is wrong has a place; and what is
// accepted is accepted again once written in the canonical form.
func FuzzParse(f *testing.F) {
	f.Add(etl)
	f.Add(string(ToJSON(wantETL())))
	f.Add("name: a\n---\n# c\n---\n- b\n...\n%YAML 1.2\n")
	f.Add("name: |\n  a\n b\ntasks: >-\n\t- [{a: 'b', \"c\\u00e9\": ? }]\n")
	f.Add("{\"name\": \"a\", \"tasks\": [{\"name\": 1.5e3, \"x\": null}]} {}")
	f.Add("a: &x [*x, !!str 1]\n<<: *x\n")
	f.Fuzz(func(t *testing.T, file string) {
		groups, err := Parse("f.yaml", []byte(file))
		if err != nil {
			expectPlaces(t, err, groups != nil)
			return
		}
		back, err := Parse("f.yaml", ToYAML(groups...))
		if err != nil {
			t.Fatalf("accepted, but its canonical form is refused: %v", err)
		}
		for i := range groups {
			if !back[i].Equal(groups[i]) {
				t.Fatalf("group %d:\n got %v\nwant %v", i, back[i], groups[i])
			}
		}
	})
}

func expectPlaces(t *testing.T, err error, accepted bool) {
	t.Helper()
	var all strictyaml.Errors
	if !errors.As(err, &all) || len(all) == 0 || accepted {
		t.Fatalf("got %v of type %T, want strictyaml.Errors and no groups", err, err)
	}
	for _, e := range all {
		wholeFile := e.Line == 0 && e.Column == 0 && e.Field == ""
		if e.File != "f.yaml" || e.Message == "" || (e.Line < 1 || e.Column < 1) && !wholeFile {
			t.Errorf("%+v has no place or no message", *e)
		}
	}
}
