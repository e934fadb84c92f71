package wire

import (
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/gogo/protobuf/proto"
)

// field is one field of a generated message, as its struct tag tells it.
type field struct {
	index    int
	number   int
	name     string // snake_case, as in the .proto file
	required bool
	repeated bool
	isMap    bool
	enum     map[string]int32 // nil if not an enum
	enumName map[int32]string
	fallback string // explicit default
	hasDef   bool
	listed   bool // a list that JSON shows even if it is empty
}

// messageInfo lists a message's fields in the order of the .proto file, which
// is the order Mesos writes JSON in.
type messageInfo struct {
	fields []field
	byName map[string]*field
}

// infoCache remembers what infoOf found. It only grows, to the number of
// message types, and holds nothing but a pure function of its key, so sharing
// it cannot be observed; reading the tags anew would triple the time of a call.
var infoCache sync.Map // reflect.Type -> *messageInfo

// infoOf reads the struct tags of a generated type.
func infoOf(t reflect.Type) *messageInfo {
	if known, ok := infoCache.Load(t); ok {
		return known.(*messageInfo)
	}
	info := &messageInfo{byName: map[string]*field{}}
	for i := range t.NumField() {
		if f, ok := fieldOf(t.Field(i)); ok {
			f.index, f.listed = i, listedWhenEmpty(t.Name(), f.name)
			info.fields = append(info.fields, f)
		}
	}
	for i := range info.fields {
		info.byName[info.fields[i].name] = &info.fields[i]
	}
	known, _ := infoCache.LoadOrStore(t, info)
	return known.(*messageInfo)
}

// listedWhenEmpty names the only lists that a master writes as [] rather than
// not at all: those of GET_STATE and its four parts, which it does not write
// through the general mapping.
func listedWhenEmpty(message, field string) bool {
	switch message + "." + field {
	case "Response_GetTasks.tasks", "Response_GetTasks.unreachable_tasks", "Response_GetTasks.completed_tasks",
		"Response_GetExecutors.executors",
		"Response_GetFrameworks.frameworks", "Response_GetFrameworks.completed_frameworks",
		"Response_GetAgents.agents", "Response_GetAgents.recovered_agents":
		return true
	}
	return false
}

// fieldOf parses a tag such as `varint,2,opt,name=type,enum=mesos.Value_Type,def=1`.
func fieldOf(sf reflect.StructField) (field, bool) {
	tag, ok := sf.Tag.Lookup("protobuf")
	if !ok {
		return field{}, false
	}
	f := field{isMap: sf.Type.Kind() == reflect.Map}
	if before, def, found := strings.Cut(tag, ",def="); found { // def is last and may hold commas
		tag, f.fallback, f.hasDef = before, def, true
	}
	parts := strings.Split(tag, ",")
	f.number, _ = strconv.Atoi(parts[1])
	f.required = parts[2] == "req"
	f.repeated = parts[2] == "rep" && !f.isMap
	for _, part := range parts[3:] {
		switch key, value, _ := strings.Cut(part, "="); key {
		case "name":
			f.name = value
		case "enum":
			f.enum = proto.EnumValueMap(value)
			f.enumName = make(map[int32]string, len(f.enum))
			for name, number := range f.enum {
				f.enumName[number] = name
			}
		}
	}
	return f, true
}

// structOf returns the description and the addressable struct of a message.
func structOf(m Message) (*messageInfo, reflect.Value) {
	value := reflect.ValueOf(m).Elem()
	return infoOf(value.Type()), value
}

// isSet reports whether a field of a message is present. Plain optional values
// exist only for enums with an UNKNOWN of 0 and in proto3 messages: there zero
// means absent.
func isSet(f *field, v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if f.repeated || f.isMap {
			return v.Len() > 0
		}
		return f.required && v.Kind() == reflect.Slice || !v.IsNil()
	}
	return f.required || !v.IsZero()
}

// scrubEnums gives numbers the schema does not know the meaning proto2 gives
// them: in an optional field the field is unset, in a list the element is
// gone, in a required field the message is incomplete.
func scrubEnums(m Message) error {
	_, value := structOf(m)
	return scrubStruct(value)
}

func scrubStruct(v reflect.Value) error {
	info := infoOf(v.Type())
	for i := range info.fields {
		f := &info.fields[i]
		if err := scrubField(f, v.Field(f.index)); err != nil {
			return err
		}
	}
	return nil
}

func scrubField(f *field, v reflect.Value) error {
	switch {
	case f.isMap || !isSet(f, v):
		return nil
	case f.enum != nil:
		return scrubEnum(f, v)
	case f.repeated && messageType(v.Type().Elem()):
		for i := range v.Len() {
			if err := scrubStruct(reflect.Indirect(v.Index(i))); err != nil {
				return err
			}
		}
	case !f.repeated && messageType(v.Type()):
		return scrubStruct(reflect.Indirect(v))
	}
	return nil
}

func scrubEnum(f *field, v reflect.Value) error {
	known := func(e reflect.Value) bool {
		_, ok := f.enumName[int32(reflect.Indirect(e).Int())]
		return ok
	}
	if f.repeated {
		kept := reflect.MakeSlice(v.Type(), 0, v.Len())
		for i := range v.Len() {
			if known(v.Index(i)) {
				kept = reflect.Append(kept, v.Index(i))
			}
		}
		v.Set(kept)
		return nil
	}
	if known(v) {
		return nil
	}
	if f.required {
		return proto.NewRequiredNotSetError(f.name)
	}
	v.SetZero()
	return nil
}

func messageType(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct
}
