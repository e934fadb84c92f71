package wire

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/gogo/protobuf/proto"
)

// maxBody bounds the body of a call after decompression. Real calls are a few
// kilobytes; mesos-go itself refuses records above 4 MiB.
const maxBody = 32 << 20

// DecodeCall does the checks every v1 endpoint starts with, in their order:
// method, Content-Type present, body readable, Content-Type known, all
// proto2-required fields there, and `type` set. api is the prefix of the
// endpoint's validation texts ("scheduler", "executor", "master", "agent").
// A refusal is a *StatusError with the text of the real server; a call of
// type UNKNOWN is 501 (a real master's scheduler endpoint dies of it).
func DecodeCall(r *http.Request, api string, call Message) error {
	if err := RequireMethod(r, http.MethodPost); err != nil {
		return err
	}
	coding, err := contentType(r)
	if err != nil {
		return err
	}
	body, err := readBody(r)
	if err != nil {
		return err
	}
	if coding == Protobuf {
		err = decodeProtobuf(body, call)
	} else {
		err = decodeJSONCall(body, call)
	}
	if err != nil {
		return err
	}
	if callType(call) != 0 {
		return nil
	}
	if typeGiven(coding, body, call) {
		return NotImplemented()
	}
	return InvalidCall(api, "Expecting 'type' to be present")
}

// InvalidCall is the refusal of a well-formed body that is not a valid call.
func InvalidCall(api, text string) *StatusError {
	if api == "executor" {
		return BadRequest("Failed to validate Executor::Call: %s", text)
	}
	return BadRequest("Failed to validate %s::Call: %s", api, text)
}

// contentType compares exactly, as Mesos does: a charset parameter is 415.
func contentType(r *http.Request) (MediaType, error) {
	switch values := r.Header.Values("Content-Type"); {
	case len(values) == 0:
		return JSON, BadRequest("Expecting 'Content-Type' to be present")
	case values[0] == typeJSON:
		return JSON, nil
	case values[0] == typeProtobuf:
		return Protobuf, nil
	}
	return JSON, &StatusError{
		Code: http.StatusUnsupportedMediaType,
		Text: "Expecting 'Content-Type' of application/json or application/x-protobuf",
	}
}

var errBodyTooLarge = &StatusError{Code: http.StatusRequestEntityTooLarge}

// readBody reads and, for gzip, decompresses the body. Any other coding is
// ignored, as in Mesos.
func readBody(r *http.Request) ([]byte, error) {
	var source io.Reader = r.Body
	zipped := strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip")
	if zipped {
		unzip, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, badEncoding()
		}
		source = unzip
	}
	body, err := io.ReadAll(io.LimitReader(source, maxBody+1))
	switch {
	case err != nil && zipped:
		return nil, badEncoding()
	case err != nil:
		return nil, BadRequest("Failed to read body: %v", err)
	case len(body) > maxBody:
		return nil, errBodyTooLarge
	}
	return body, nil
}

func badEncoding() *StatusError {
	return &StatusError{Code: http.StatusInternalServerError, Text: "failed to decode body"}
}

func decodeProtobuf(body []byte, call Message) error {
	if err := Protobuf.Unmarshal(body, call); err != nil {
		return BadRequest("Failed to parse body into Call protobuf")
	}
	return nil
}

func decodeJSONCall(body []byte, call Message) error {
	tree, err := parseJSON(body)
	if err != nil {
		return BadRequest("Failed to parse body into JSON: %v", err)
	}
	if err := decodeTree(tree, call); err != nil {
		return BadRequest("Failed to convert JSON into Call protobuf: %v", err)
	}
	return nil
}

// callType returns the number of the call's `type`. All Call messages of the
// v1 API have that field, of an enum type with UNKNOWN = 0.
func callType(call Message) int64 {
	info, value := structOf(call)
	field := info.byName["type"]
	return value.Field(field.index).Int()
}

// typeGiven tells an explicit UNKNOWN from no type at all, which the generated
// structs cannot: their enum fields are plain values.
func typeGiven(coding MediaType, body []byte, call Message) bool {
	info, _ := structOf(call)
	field := info.byName["type"]
	if coding == Protobuf {
		return hasZeroVarint(body, field.number)
	}
	tree, err := parseJSON(body)
	if err != nil {
		return false
	}
	object, _ := tree.(map[string]any)
	name, _ := object["type"].(string)
	number, known := field.enum[name]
	return known && number == 0
}

// hasZeroVarint looks for a top-level field of the given number that was sent
// as a varint of value 0.
func hasZeroVarint(body []byte, number int) bool {
	buffer := proto.NewBuffer(body)
	for {
		key, err := buffer.DecodeVarint()
		if err != nil {
			return false
		}
		switch key & 7 {
		case proto.WireVarint:
			value, err := buffer.DecodeVarint()
			if err == nil && int(key>>3) == number && value == 0 {
				return true
			}
		case proto.WireBytes:
			_, err = buffer.DecodeRawBytes(false)
		case proto.WireFixed64:
			_, err = buffer.DecodeFixed64()
		case proto.WireFixed32:
			_, err = buffer.DecodeFixed32()
		default:
			err = errors.New("group")
		}
		if err != nil {
			return false
		}
	}
}

// DecodeJSON reads one message in the Mesos JSON mapping. It accepts what a
// Mesos server accepts: unknown fields and unknown names in optional enums are
// ignored, null counts as absent, numbers may be strings, a single value may
// stand for a list of one.
func DecodeJSON(body []byte, m Message) error {
	tree, err := parseJSON(bytes.TrimSpace(body))
	if err != nil {
		return err
	}
	return decodeTree(tree, m)
}
