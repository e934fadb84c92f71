package wire

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// DebugText prints a message in the text format of protobuf as C++ prints it
// (DebugString), which is how Mesos shows messages to people: fields by
// number, braces, two blanks a level.
func DebugText(m Message) string {
	_, value := structOf(m)
	var out strings.Builder
	debugStruct(&out, value, "")
	return out.String()
}

func debugStruct(out *strings.Builder, v reflect.Value, indent string) {
	fields := slices.Clone(infoOf(v.Type()).fields)
	slices.SortFunc(fields, func(a, b field) int { return cmp.Compare(a.number, b.number) })
	for i := range fields {
		f, value := &fields[i], v.Field(fields[i].index)
		if f.isMap || !isSet(f, value) {
			continue
		}
		if !f.repeated {
			debugField(out, f, value, indent)
			continue
		}
		for j := range value.Len() {
			debugField(out, f, value.Index(j), indent)
		}
	}
}

func debugField(out *strings.Builder, f *field, v reflect.Value, indent string) {
	v = reflect.Indirect(v)
	switch {
	case v.Kind() == reflect.Struct:
		fmt.Fprintf(out, "%s%s {\n", indent, f.name)
		debugStruct(out, v, indent+"  ")
		fmt.Fprintf(out, "%s}\n", indent)
	case f.enum != nil:
		fmt.Fprintf(out, "%s%s: %s\n", indent, f.name, f.enumName[int32(v.Int())])
	case v.Kind() == reflect.String:
		fmt.Fprintf(out, "%s%s: %s\n", indent, f.name, strconv.Quote(v.String()))
	case v.Kind() == reflect.Slice:
		fmt.Fprintf(out, "%s%s: %q\n", indent, f.name, v.Bytes())
	case isFloat(v):
		fmt.Fprintf(out, "%s%s: %s\n", indent, f.name, strconv.FormatFloat(v.Float(), 'g', -1, 64))
	default:
		fmt.Fprintf(out, "%s%s: %v\n", indent, f.name, v.Interface())
	}
}
