package allocator

import (
	"reflect"
	"testing"
)

// TestAlike changes each field of a group in turn, those of its tasks and
// constraints included: only the names may differ among groups that share a
// template. A field that alike does not know fails here.
func TestAlike(t *testing.T) {
	base := func() *Group {
		return &Group{Framework: "f", Name: "n", Digest: "d", After: []string{"x"}, AfterEnd: []string{"y"},
			Constraints: []Constraint{{}}, Tasks: []Task{{Resources: []Quantity{{}}}}}
	}
	if a, b := base(), base(); !alike(a, b) || a.hash() != b.hash() {
		t.Fatal("equal groups are not alike")
	}
	fields := 0
	eachLeaf(reflect.TypeFor[Group](), nil, func(path []int, name string) {
		fields++
		g := base()
		change(leaf(reflect.ValueOf(g).Elem(), path))
		names := name == "Framework" || name == "Name" || name == "Digest"
		if len(path) > 1 {
			names = false // of a task
		}
		if got := alike(base(), g); got != names {
			t.Errorf("%s %v differs: alike is %t", name, path, got)
		}
	})
	if fields < 18 {
		t.Errorf("only %d fields were changed", fields)
	}
}

// eachLeaf walks to every field that is not a struct or a slice of them.
func eachLeaf(at reflect.Type, path []int, visit func([]int, string)) {
	for i := range at.NumField() {
		f := at.Field(i)
		below, step := f.Type, append(append([]int(nil), path...), i)
		if below.Kind() == reflect.Slice {
			below = below.Elem()
		}
		if below.Kind() == reflect.Struct {
			eachLeaf(below, step, visit)
			continue
		}
		visit(step, f.Name)
	}
}

// leaf finds a field; of slices it takes the first, which must be there.
func leaf(v reflect.Value, path []int) reflect.Value {
	for _, i := range path {
		v = v.Field(i)
		if v.Kind() == reflect.Slice {
			if v.Len() == 0 {
				v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			}
			v = v.Index(0)
		}
	}
	return v
}

func change(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "!")
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Uint8, reflect.Uint32, reflect.Uint64:
		v.SetUint(v.Uint() + 1)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(v.Int() + 1)
	default:
		panic("a field of a new type: " + v.Type().String())
	}
}
