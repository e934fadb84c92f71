package taskgroup

import (
	"strings"

	"fairlead/internal/strictyaml"
	"fairlead/proto"
	"fairlead/proto/executorpb"
)

// Defaults of probes, in milliseconds.
const (
	readyTimeout   = 60_000
	readyInterval  = 1_000
	quitGrace      = 5_000
	healthInterval = 10_000
	healthTimeout  = 20_000
	healthGrace    = 10_000
	healthFailures = 3
)

// probeReader reads the checks of a task that has so many ports of its own.
type probeReader struct {
	own    uint32
	probed *portUses
}

// portUses are the port indexes of checks. A task with ports means its own; one
// without, such as a proxy in front of another task, those of the whole group.
// How many these are is known only when all tasks have been read.
type portUses []portUse

type portUse struct {
	value strictyaml.Value
	index int64
	own   uint32
}

func (uses portUses) check(tasks []proto.Task) {
	total := uint32(0)
	for i := range tasks {
		total += tasks[i].Ports
	}
	for _, u := range uses {
		switch {
		case u.own > 0 && u.index >= int64(u.own):
			u.value.Failf("the task has %d ports: expected 0 to %d, counting from 0", u.own, u.own-1)
		case u.own == 0 && total == 0:
			u.value.Failf("no task of the group has a port: add ports: 1 to its resources")
		case u.own == 0 && u.index >= int64(total):
			u.value.Failf("the group has %d ports: expected 0 to %d, counting from 0", total, total-1)
		}
	}
}

func (r probeReader) ready(v strictyaml.Value) *executorpb.Probe {
	o, ok := v.Object()
	if !ok {
		return nil
	}
	defer o.Done()
	p := &executorpb.Probe{}
	p.Http, p.Tcp, p.Command = r.means(o)
	p.TimeoutMs = millis(o, "timeout", readyTimeout)
	p.IntervalMs = millis(o, "interval", readyInterval)
	return p
}

func (r probeReader) health(v strictyaml.Value) *executorpb.Health {
	o, ok := v.Object()
	if !ok {
		return nil
	}
	defer o.Done()
	h := &executorpb.Health{Failures: healthFailures}
	h.Http, h.Tcp, h.Command = r.means(o)
	h.IntervalMs = millis(o, "interval", healthInterval)
	h.TimeoutMs = millis(o, "timeout", healthTimeout)
	h.GraceMs = millis(o, "grace", healthGrace)
	if failures, ok := o.Optional("failures"); ok {
		n, _ := failures.Int(1, 1000)
		h.Failures = uint32(n)
	}
	return h
}

func (r probeReader) quit(v strictyaml.Value) *executorpb.Quit {
	o, ok := v.Object()
	if !ok {
		return nil
	}
	defer o.Done()
	q := &executorpb.Quit{}
	http, hasHTTP := o.Optional("http")
	command, hasCommand := o.Optional("command")
	switch {
	case hasHTTP == hasCommand:
		o.Failf("expected exactly one of http and command")
	case hasHTTP:
		q.Http = r.http(http)
	default:
		q.Command, _ = command.Text(maxText)
	}
	q.GraceMs = millis(o, "grace", quitGrace)
	return q
}

// means reads how to check: exactly one of http, tcp and command.
func (r probeReader) means(o *strictyaml.Object) (*executorpb.HTTP, *executorpb.TCP, string) {
	http, hasHTTP := o.Optional("http")
	tcp, hasTCP := o.Optional("tcp")
	command, hasCommand := o.Optional("command")
	switch {
	case hasHTTP && !hasTCP && !hasCommand:
		return r.http(http), nil, ""
	case hasTCP && !hasHTTP && !hasCommand:
		return nil, r.tcp(tcp), ""
	case hasCommand && !hasHTTP && !hasTCP:
		line, _ := command.Text(maxText)
		return nil, nil, line
	}
	o.Failf("expected exactly one of http, tcp and command")
	return nil, nil, ""
}

func (r probeReader) http(v strictyaml.Value) *executorpb.HTTP {
	o, ok := v.Object()
	if !ok {
		return nil
	}
	defer o.Done()
	h := &executorpb.HTTP{Port: r.port(o), Path: "/", Scheme: "http"}
	if path, ok := o.Optional("path"); ok {
		s, ok := path.Text(maxURI)
		if ok && (!strings.HasPrefix(s, "/") || strings.ContainsAny(s, " \t\r\n")) {
			path.Failf("expected a path that begins with a slash, such as /healthz")
		}
		h.Path = s
	}
	if scheme, ok := o.Optional("scheme"); ok && scheme.OneOf("http", "https") == 1 {
		h.Scheme = "https"
	}
	return h
}

func (r probeReader) tcp(v strictyaml.Value) *executorpb.TCP {
	o, ok := v.Object()
	if !ok {
		return nil
	}
	defer o.Done()
	return &executorpb.TCP{Port: r.port(o)}
}

// port is the index of one of the task's ports, or of the group's.
func (r probeReader) port(o *strictyaml.Object) uint32 {
	v, ok := o.Required("port")
	if !ok {
		return 0
	}
	n, ok := v.Int(0, maxPorts*maxTasks)
	if ok {
		*r.probed = append(*r.probed, portUse{v, n, r.own})
	}
	return uint32(n)
}

func millis(o *strictyaml.Object, name string, def int64) int64 {
	v, ok := o.Optional(name)
	if !ok {
		return def
	}
	ms, ok := v.Millis()
	if ok && ms == 0 && name != "grace" {
		v.Failf("must be longer than 0s")
	}
	return ms
}
