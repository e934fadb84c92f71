package wire

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// decodeTree maps parsed JSON onto a message. Fields are taken in the order of
// their names, as in Mesos, so that of several errors the same one is reported.
func decodeTree(tree any, m Message) error {
	object, ok := tree.(map[string]any)
	if !ok {
		return errors.New("Expecting a JSON object")
	}
	_, value := structOf(m)
	if err := decodeStruct(value, object); err != nil {
		return err
	}
	if missing := missingFields(value.Type(), object, ""); len(missing) > 0 {
		return fmt.Errorf("Missing required fields: %s", strings.Join(missing, ", "))
	}
	return nil
}

func decodeStruct(dst reflect.Value, object map[string]any) error {
	info := infoOf(dst.Type())
	for _, name := range slices.Sorted(maps.Keys(object)) {
		f, known := info.byName[name]
		if !known || object[name] == nil {
			continue
		}
		if err := decodeField(dst.Field(f.index), f, object[name]); err != nil {
			return err
		}
	}
	return nil
}

func decodeField(dst reflect.Value, f *field, v any) error {
	switch {
	case f.isMap:
		return decodeMap(dst, f, v)
	case f.repeated:
		return decodeList(dst, f, v)
	}
	if _, isList := v.([]any); isList {
		return fmt.Errorf("Not expecting a JSON array for field '%s'", f.name)
	}
	return decodeValue(dst, f, v)
}

// decodeList takes a value that is no array for a list of one.
func decodeList(dst reflect.Value, f *field, v any) error {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, item := range list {
		if item == nil {
			continue
		}
		element := reflect.New(dst.Type().Elem()).Elem()
		if f.enum != nil && !knownEnum(f, item) {
			continue
		}
		if _, nested := item.([]any); nested {
			return fmt.Errorf("Not expecting a JSON array for field '%s'", f.name)
		}
		if err := decodeValue(element, f, item); err != nil {
			return err
		}
		dst.Set(reflect.Append(dst, element))
	}
	return nil
}

func knownEnum(f *field, v any) bool {
	name, isString := v.(string)
	_, known := f.enum[name]
	return known || !isString
}

func decodeMap(dst reflect.Value, f *field, v any) error {
	object, ok := v.(map[string]any)
	if !ok {
		return unexpected(f, v)
	}
	if dst.IsNil() {
		dst.Set(reflect.MakeMap(dst.Type()))
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if object[key] == nil {
			continue
		}
		element := reflect.New(dst.Type().Elem()).Elem()
		if err := decodeValue(element, f, object[key]); err != nil {
			return err
		}
		dst.SetMapIndex(reflect.ValueOf(key), element)
	}
	return nil
}

func decodeValue(dst reflect.Value, f *field, v any) error {
	if dst.Kind() == reflect.Pointer {
		element := reflect.New(dst.Type().Elem())
		if f.enum != nil && !f.required && !knownEnum(f, v) {
			return nil
		}
		if err := decodeValue(element.Elem(), f, v); err != nil {
			return err
		}
		dst.Set(element)
		return nil
	}
	switch dst.Kind() {
	case reflect.Struct:
		object, ok := v.(map[string]any)
		if !ok {
			return unexpected(f, v)
		}
		return decodeStruct(dst, object)
	case reflect.String:
		text, ok := v.(string)
		if !ok {
			return unexpected(f, v)
		}
		dst.SetString(text)
	case reflect.Slice:
		return decodeBytes(dst, f, v)
	case reflect.Bool:
		return decodeBool(dst, f, v)
	default:
		if f.enum != nil {
			return decodeEnum(dst, f, v)
		}
		return decodeNumber(dst, f, v)
	}
	return nil
}

func decodeEnum(dst reflect.Value, f *field, v any) error {
	name, ok := v.(string)
	if !ok {
		return unexpected(f, v)
	}
	number, known := f.enum[name]
	if !known && f.required {
		return fmt.Errorf("Failed to find enum for '%s'", name)
	}
	dst.SetInt(int64(number))
	return nil
}

func decodeBytes(dst reflect.Value, f *field, v any) error {
	text, ok := v.(string)
	if !ok {
		return unexpected(f, v)
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return fmt.Errorf("Failed to base64 decode bytes field '%s': %s", f.name, base64Fault(text))
	}
	if data == nil {
		data = []byte{}
	}
	dst.SetBytes(data)
	return nil
}

func base64Fault(text string) string {
	for _, c := range []byte(text) {
		letter := c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !letter && c != '+' && c != '/' && c != '=' {
			return fmt.Sprintf("Invalid character '%c'", c)
		}
	}
	return "Invalid length"
}

func decodeBool(dst reflect.Value, f *field, v any) error {
	switch value := v.(type) {
	case bool:
		dst.SetBool(value)
	case string:
		if value != "true" && value != "false" {
			return fmt.Errorf("Failed to parse '%s' as a JSON boolean for field '%s'", value, f.name)
		}
		dst.SetBool(value == "true")
	default:
		return unexpected(f, v)
	}
	return nil
}

func decodeNumber(dst reflect.Value, f *field, v any) error {
	text, isString := v.(string)
	if isString {
		if special, ok := infinity(text); ok && isFloat(dst) {
			dst.SetFloat(special)
			return nil
		}
		tree, err := parseJSON([]byte(text))
		if err != nil {
			return fmt.Errorf("Failed to parse '%s' as a JSON number for field '%s': %v", text, f.name, err)
		}
		v = tree
	}
	number, ok := v.(json.Number)
	if !ok {
		return unexpected(f, v)
	}
	if !setNumber(dst, number.String()) {
		return fmt.Errorf("Number '%s' does not fit field '%s'", number, f.name)
	}
	return nil
}

func infinity(text string) (float64, bool) {
	switch text {
	case "Infinity":
		return math.Inf(1), true
	case "-Infinity":
		return math.Inf(-1), true
	}
	return 0, false
}

func isFloat(v reflect.Value) bool {
	return v.Kind() == reflect.Float64 || v.Kind() == reflect.Float32
}

// setNumber stores a JSON number; integers lose a fraction, as in Mesos.
func setNumber(dst reflect.Value, text string) bool {
	if isFloat(dst) {
		value, err := strconv.ParseFloat(text, 64)
		dst.SetFloat(value)
		return err == nil
	}
	if dst.CanUint() {
		value, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			value, err = truncated(text, math.MaxUint64, func(x float64) uint64 { return uint64(x) })
		}
		if err != nil || dst.OverflowUint(value) {
			return false
		}
		dst.SetUint(value)
		return true
	}
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		value, err = truncated(text, math.MaxInt64, func(x float64) int64 { return int64(x) })
	}
	if err != nil || dst.OverflowInt(value) {
		return false
	}
	dst.SetInt(value)
	return true
}

func truncated[T int64 | uint64](text string, limit float64, convert func(float64) T) (T, error) {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, err
	}
	low := -limit
	if ^T(0) > 0 { // unsigned
		low = 0
	}
	if value >= limit || value < low {
		return 0, strconv.ErrRange
	}
	return convert(value), nil
}

func unexpected(f *field, v any) error {
	kind := "object"
	switch v.(type) {
	case string:
		kind = "string"
	case json.Number:
		kind = "number"
	case bool:
		kind = "boolean"
	case []any:
		kind = "array"
	}
	return fmt.Errorf("Not expecting a JSON %s for field '%s'", kind, f.name)
}
