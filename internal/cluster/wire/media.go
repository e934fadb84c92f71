package wire

import (
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/gogo/protobuf/proto"

	"fairlead/internal/mesosproto"
)

// MediaType is one of the two codings of a v1 message.
type MediaType int

// The codings a v1 endpoint speaks.
const (
	JSON MediaType = iota
	Protobuf
)

const (
	typeJSON     = "application/json"
	typeProtobuf = "application/x-protobuf"
)

// String returns the media type as it stands in a Content-Type header.
func (t MediaType) String() string {
	if t == Protobuf {
		return typeProtobuf
	}
	return typeJSON
}

// Message is a generated Mesos message (gogo/protobuf).
type Message interface {
	proto.Message
	Marshal() ([]byte, error)
	Unmarshal([]byte) error
}

// Marshal encodes one message; the result is what the body of a response or
// one record of a stream holds.
func (t MediaType) Marshal(m Message) ([]byte, error) {
	if t == JSON {
		return EncodeJSON(m)
	}
	body, err := m.Marshal()
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", proto.MessageName(m), err)
	}
	return body, nil
}

// Unmarshal decodes one message. Numbers and names of enums the schema does
// not know count as absent in both codings.
func (t MediaType) Unmarshal(body []byte, m Message) error {
	if t == JSON {
		return DecodeJSON(body, m)
	}
	if err := mesosproto.Unmarshal(body, m); err != nil {
		return fmt.Errorf("decode %s: %w", proto.MessageName(m), err)
	}
	return scrubEnums(m)
}

// Negotiate picks the coding of an answer. As in Mesos, JSON is chosen
// whenever the Accept header permits it (an absent header permits everything),
// so a client that wants protobuf has to ask for nothing else.
func Negotiate(r *http.Request) (MediaType, error) {
	for _, t := range []MediaType{JSON, Protobuf} {
		if accepts(r.Header.Values("Accept"), t.String()) {
			return t, nil
		}
	}
	return JSON, &StatusError{
		Code: http.StatusNotAcceptable,
		Text: "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'",
	}
}

// accepts reports whether an Accept header allows a media type. q=0 excludes
// the type it stands at, even if a wildcard allows it; other weights do not
// matter to Mesos.
func accepts(headers []string, want string) bool {
	if len(headers) == 0 {
		return true
	}
	allowed := false
	for _, entry := range strings.Split(strings.Join(headers, ","), ",") {
		media, params, err := mime.ParseMediaType(entry)
		if err != nil {
			continue
		}
		if q, given := params["q"]; given {
			if weight, err := strconv.ParseFloat(q, 64); err == nil && weight == 0 {
				if media == want {
					return false
				}
				continue
			}
		}
		allowed = allowed || media == want || media == "*/*" || media == "application/*"
	}
	return allowed
}
