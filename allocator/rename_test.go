package allocator

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// TestRenamedFrameworksDecideAlike gives every framework and role another name
// that sorts in the same place. Texts, which name them, are left out.
func TestRenamedFrameworksDecideAlike(t *testing.T) {
	names := map[string]string{
		"A": "analytics", "B": "batch", "C": "crawl",
		"*": "*", "eng": "ENG", "eng/dev": "ENG/z", "ops": "Ops",
	}
	old := map[string]string{}
	for from, to := range names {
		old[to] = from
	}
	rename := func(by map[string]string) func(field, value string) string {
		return func(field, value string) string {
			switch field {
			case "Framework", "Role":
				if to, ok := by[value]; ok {
					return to
				}
			case "Message":
				return ""
			}
			return value
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		h := historiesOf(t, world{restless: true})
		for _, actions := range h.decided {
			for i := range actions {
				actions[i] = rewritten(actions[i], rename(nil))
			}
		}
		h.again(t, h.cfg,
			func(e Event) Event { e.Fact = rewritten(e.Fact, rename(names)); return e },
			func(a Action) Action { return rewritten(a, rename(old)) })
	})
}

// rewritten copies a value with each text in it changed, by the name of the field
// that it is in.
func rewritten[V any](v V, change func(field, value string) string) V {
	out := reflect.New(reflect.TypeOf(v)).Elem()
	out.Set(reflect.ValueOf(v))
	rewrite(out, "", change)
	return out.Interface().(V)
}

func rewrite(v reflect.Value, field string, change func(field, value string) string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(change(field, v.String()))
	case reflect.Pointer:
		if !v.IsNil() {
			fresh := reflect.New(v.Type().Elem())
			fresh.Elem().Set(v.Elem())
			rewrite(fresh.Elem(), field, change)
			v.Set(fresh)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			rewrite(v.Field(i), v.Type().Field(i).Name, change)
		}
	case reflect.Slice:
		if v.IsNil() {
			return
		}
		fresh := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(fresh, v)
		for i := range fresh.Len() {
			rewrite(fresh.Index(i), field, change)
		}
		v.Set(fresh)
	}
}
