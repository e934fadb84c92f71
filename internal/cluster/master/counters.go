package master

import (
	"fmt"
	"strings"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// counters are cumulative numbers by metric name.
type counters map[string]float64

func (c counters) add(name string, n float64) { c[name] += n }

// lower is the name of an enum value as metrics have it.
func lower(v fmt.Stringer) string { return strings.ToLower(v.String()) }

func text(s string) *string { return &s }

func timeInfo(t time.Time) *mesos.TimeInfo { return &mesos.TimeInfo{Nanoseconds: t.UnixNano()} }

// seconds is a time as unversioned endpoints and TaskStatus carry it.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixNano()) / 1e9
}

// shortState is the name of a task state in metrics: "running".
func shortState(s mesos.TaskState) string {
	return strings.ToLower(strings.TrimPrefix(s.String(), "TASK_"))
}
