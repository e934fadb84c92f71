package mesosproto_test

import (
	"testing"

	"github.com/mesos/mesos-go/api/v1/lib/executor"
	"github.com/mesos/mesos-go/api/v1/lib/master"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"fairlead/internal/mesosproto"
)

// poison makes mesos-go's own decoder of events panic: the length of field 2,
// added to its place, wraps around below zero.
var poison = []byte{0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}

func TestAMalformedLengthIsAnError(t *testing.T) {
	for _, m := range []mesosproto.Message{&scheduler.Event{}, &scheduler.Call{}, &executor.Event{}, &executor.Call{}, &master.Call{}} {
		if err := mesosproto.Unmarshal(poison, m); err == nil {
			t.Errorf("%T: no error", m)
		}
	}
}

// TestMesosGoStillPanics tells when the guard is no longer needed.
func TestMesosGoStillPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("mesos-go's decoder no longer panics: this package can go")
		}
	}()
	(&scheduler.Event{}).Unmarshal(poison)
}

func FuzzUnmarshal(f *testing.F) {
	f.Add(poison)
	f.Fuzz(func(_ *testing.T, data []byte) {
		mesosproto.Unmarshal(data, &scheduler.Event{})
		mesosproto.Unmarshal(data, &scheduler.Call{})
		mesosproto.Unmarshal(data, &executor.Event{})
		mesosproto.Unmarshal(data, &master.Response{})
	})
}
