package wire

import (
	"bytes"
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

// EncodeJSON writes one message in the Mesos JSON mapping: fields in the order
// of the .proto file, bytes as base64, doubles always with a point, and unset
// optional scalars with an explicit default written with that default.
func EncodeJSON(m Message) ([]byte, error) {
	_, value := structOf(m)
	return appendStruct(nil, value)
}

func appendStruct(out []byte, v reflect.Value) ([]byte, error) {
	info := infoOf(v.Type())
	out = append(out, '{')
	first := true
	for i := range info.fields {
		f := &info.fields[i]
		value := v.Field(f.index)
		set := isSet(f, value) || f.listed
		if !set && !f.writesDefault() {
			continue
		}
		if !first {
			out = append(out, ',')
		}
		first = false
		out = appendString(out, f.name)
		out = append(out, ':')
		var err error
		if out, err = appendField(out, f, value, set); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

// writesDefault: deprecated fields do not write theirs. `role` is the only
// deprecated field with a default in the v1 API.
func (f *field) writesDefault() bool { return f.hasDef && f.name != "role" }

func appendField(out []byte, f *field, v reflect.Value, set bool) ([]byte, error) {
	switch {
	case !set:
		return appendDefault(out, f, v.Type().Elem())
	case f.isMap:
		return appendMap(out, f, v)
	case f.repeated:
		return appendList(out, f, v)
	}
	return appendValue(out, f, v)
}

func appendDefault(out []byte, f *field, t reflect.Type) ([]byte, error) {
	switch {
	case f.enum != nil:
		number, err := strconv.Atoi(f.fallback)
		return appendString(out, f.enumName[int32(number)]), err
	case t.Kind() == reflect.Bool:
		return strconv.AppendBool(out, f.fallback == "1"), nil
	case t.Kind() == reflect.String:
		return appendString(out, f.fallback), nil
	case t.Kind() == reflect.Float64:
		value, err := strconv.ParseFloat(f.fallback, 64)
		return AppendDouble(out, value), err
	}
	return append(out, f.fallback...), nil
}

func appendList(out []byte, f *field, v reflect.Value) ([]byte, error) {
	out = append(out, '[')
	for i := range v.Len() {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = appendValue(out, f, v.Index(i)); err != nil {
			return nil, err
		}
	}
	return append(out, ']'), nil
}

func appendMap(out []byte, f *field, v reflect.Value) ([]byte, error) {
	byKey := make(map[string]reflect.Value, v.Len())
	for entries := v.MapRange(); entries.Next(); {
		byKey[entries.Key().String()] = entries.Value()
	}
	out = append(out, '{')
	for i, key := range slices.Sorted(maps.Keys(byKey)) {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendString(out, key), ':')
		var err error
		if out, err = appendValue(out, f, byKey[key]); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

func appendValue(out []byte, f *field, v reflect.Value) ([]byte, error) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil, fmt.Errorf("required field %s is not set", f.name)
		}
		v = v.Elem()
	}
	switch {
	case f.enum != nil:
		name, known := f.enumName[int32(v.Int())]
		if !known {
			return nil, fmt.Errorf("field %s: no enum name for %d", f.name, v.Int())
		}
		return appendString(out, name), nil
	case v.Kind() == reflect.Struct:
		return appendStruct(out, v)
	case v.Kind() == reflect.String:
		return appendString(out, v.String()), nil
	case v.Kind() == reflect.Slice:
		return appendString(out, base64.StdEncoding.EncodeToString(v.Bytes())), nil
	case v.Kind() == reflect.Bool:
		return strconv.AppendBool(out, v.Bool()), nil
	case isFloat(v):
		return AppendDouble(out, v.Float()), nil
	case v.CanUint():
		return strconv.AppendUint(out, v.Uint(), 10), nil
	case v.CanInt():
		return strconv.AppendInt(out, v.Int(), 10), nil
	}
	return nil, errors.New("unsupported kind " + v.Kind().String())
}

// AppendDouble writes a number as Mesos writes doubles: 15.0, 0.1, 1e+30;
// infinities as strings, the only form its own parser reads back.
func AppendDouble(out []byte, value float64) []byte {
	switch {
	case math.IsInf(value, 1):
		return append(out, `"Infinity"`...)
	case math.IsInf(value, -1):
		return append(out, `"-Infinity"`...)
	case math.IsNaN(value):
		return append(out, '0') // not representable; no valid message holds it
	}
	format := byte('f')
	if size := math.Abs(value); size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'e'
	}
	text := strconv.FormatFloat(value, format, -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return append(out, text...)
}

func appendString(out []byte, text string) []byte {
	var quoted bytes.Buffer
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string always encodes
	return append(out, bytes.TrimSuffix(quoted.Bytes(), []byte{'\n'})...)
}
