package wire

import (
	"fmt"
	"reflect"
)

// missingFields lists the proto2-required fields that a JSON object lacks, as
// paths such as `accept.operations[0].launch.task_infos[0].agent_id`: first
// those of the message itself, then those inside its members. It looks at the
// JSON rather than at the decoded struct because a plain Go value cannot tell
// "empty" from "not given". The object has been decoded without error.
func missingFields(t reflect.Type, object map[string]any, prefix string) []string {
	var missing []string
	info := infoOf(t)
	for _, f := range info.fields {
		if f.required && !given(&f, object[f.name]) {
			missing = append(missing, prefix+f.name)
		}
	}
	for _, f := range info.fields {
		element := elementType(t.Field(f.index).Type)
		if object[f.name] == nil || element.Kind() != reflect.Struct {
			continue
		}
		switch value := object[f.name].(type) {
		case []any:
			for i, item := range value {
				missing = append(missing, missingIn(element, item, fmt.Sprintf("%s%s[%d].", prefix, f.name, i))...)
			}
		case map[string]any:
			missing = append(missing, missingInMember(&f, element, value, prefix)...)
		}
	}
	return missing
}

func missingInMember(f *field, element reflect.Type, value map[string]any, prefix string) []string {
	switch {
	case f.isMap:
		var missing []string
		for key, item := range value {
			missing = append(missing, missingIn(element, item, fmt.Sprintf("%s%s[%s].", prefix, f.name, key))...)
		}
		return missing
	case f.repeated:
		return missingFields(element, value, prefix+f.name+"[0].")
	}
	return missingFields(element, value, prefix+f.name+".")
}

func missingIn(t reflect.Type, item any, prefix string) []string {
	if object, ok := item.(map[string]any); ok {
		return missingFields(t, object, prefix)
	}
	return nil
}

func given(f *field, v any) bool {
	return v != nil && (f.enum == nil || knownEnum(f, v))
}

func elementType(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	return t
}
