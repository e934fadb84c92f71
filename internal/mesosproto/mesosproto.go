// Package mesosproto decodes mesos-go's messages safely.
package mesosproto

import "fmt"

// Message is any generated message of mesos-go.
type Message interface{ Unmarshal([]byte) error }

// Unmarshal decodes data into a message. The generated decoders of mesos-go are
// older than the fix of CVE-2021-3121 and panic on some inputs that are no
// protobuf at all; for the caller that is one more malformed message.
func Unmarshal(data []byte, into Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("malformed protobuf: %v", p)
		}
	}()
	return into.Unmarshal(data)
}
