package taskgroup

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/strictyaml"
	"fairlead/proto"
)

// Limits on one task.
const (
	maxArgs  = 1000
	maxEnv   = 1000
	maxURIs  = 100
	maxPorts = 1000
	maxItems = 1000 // of one set
	maxKinds = 32
	maxURI   = 8 << 10
)

const defaultKillGraceMillis = 3_000

// Tasks reads the tasks of a group.
func Tasks(v strictyaml.Value, purpose Purpose) []proto.Task {
	var out []proto.Task
	before, mains, asked := v.Problems(), 0, false
	lines := make(map[string]int)
	var probed portUses
	for _, item := range v.List(maxTasks) {
		o, ok := item.Object()
		if !ok {
			continue
		}
		t := task(o, purpose, &probed)
		o.Done()
		if line, twice := lines[t.Name]; twice && t.Name != "" {
			item.Failf("task %s is already defined in line %d", t.Name, line)
		}
		lines[t.Name] = item.Line()
		if !t.Sidecar {
			mains++
		}
		asked = asked || asksForCPUsOrMem(t)
		out = append(out, t)
	}
	probed.check(out)
	switch {
	case v.Problems() > before:
	case mains == 0:
		v.Failf("expected at least one task that is no sidecar")
	case !asked:
		v.Failf("the group asks for neither cpus nor mem: give a task resources, such as {cpus: 0.1, mem: 32}")
	}
	return out
}

func asksForCPUsOrMem(t proto.Task) bool {
	return slices.ContainsFunc(t.Resources, func(r proto.Resource) bool {
		return r.Name == "cpus" || r.Name == "mem"
	})
}

func task(o *strictyaml.Object, purpose Purpose, probed *portUses) proto.Task {
	t := proto.Task{KillGraceMs: defaultKillGraceMillis}
	if v, ok := o.Required("name"); ok {
		t.Name, _ = v.Matching(namePattern, nameRule)
	}
	command(o, &t, purpose)
	if v, ok := o.Optional("resources"); ok {
		t.Resources, t.Ports = Resources(v)
		if purpose == Runnable {
			wholeGPUs(v, t.Resources)
		}
	}
	if v, ok := o.Optional("env"); ok {
		t.Env = pairs(v, maxEnv)
	}
	if v, ok := o.Optional("uris"); ok {
		t.Uris = uris(v)
	}
	if v, ok := o.Optional("kill_grace"); ok {
		t.KillGraceMs, _ = v.Millis()
	}
	if v, ok := o.Optional("sidecar"); ok {
		t.Sidecar = v.Bool()
	}
	r := probeReader{own: t.Ports, probed: probed}
	if v, ok := o.Optional("ready"); ok {
		t.Ready = r.ready(v)
		onlyForSidecar(v, t.Sidecar)
	}
	if v, ok := o.Optional("quit"); ok {
		t.Quit = r.quit(v)
		onlyForSidecar(v, t.Sidecar)
	}
	if v, ok := o.Optional("health"); ok {
		t.Health = r.health(v)
	}
	return t
}

func onlyForSidecar(v strictyaml.Value, sidecar bool) {
	if !sidecar {
		v.Failf("only a task with sidecar: true can have this")
	}
}

func command(o *strictyaml.Object, t *proto.Task, purpose Purpose) {
	line, hasCommand := o.Optional("command")
	args, hasArgs := o.Optional("args")
	switch {
	case hasCommand && hasArgs:
		args.Failf("a task has either command or args")
	case hasCommand:
		t.Command, _ = line.Text(maxText)
	case hasArgs:
		items := args.List(maxArgs)
		if len(items) == 0 && args.IsList() {
			args.Failf("expected at least the program to run")
		}
		for i, item := range items {
			arg, ok := item.Literal(maxText)
			if ok && arg == "" && i == 0 {
				item.Failf("must not be empty")
			}
			t.Args = append(t.Args, arg)
		}
	case purpose == Runnable:
		o.Failf("expected command or args")
	}
}

// misnamed says what is probably meant by names that would otherwise be custom resources, which no
// agent has, so that the group would wait for ever.
func misnamed(name string) string {
	lower := strings.ToLower(name)
	switch lower {
	case "cpu", "cores":
		return "cpus"
	case "memory", "ram":
		return "mem"
	case "gpu":
		return "gpus"
	case "port":
		return "ports"
	case "cpus", "mem", "disk", "gpus", "ports":
		if lower != name {
			return lower
		}
	}
	return ""
}

var resourcePattern = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_-]{0,62}$`)

// amount reads the amount of a scalar resource.
func amount(e strictyaml.Entry) (drf.Amount, bool) {
	name := e.Key.Name
	switch {
	case misnamed(name) != "":
		e.Key.Failf("unknown resource: did you mean %s?", misnamed(name))
	case !resourcePattern.MatchString(name):
		e.Key.Failf("not the name of a resource: expected a letter, then letters, digits, _ and -")
	case e.IsText() && (name == "mem" || name == "disk"):
		e.Failf("expected a number of MiB, such as 512, without a unit")
	default:
		return e.Amount()
	}
	return 0, false
}

// standardResources come first, in this order.
var standardResources = [...]string{"cpus", "mem", "disk", "gpus"}

// canonicalOrder compares the names of resources.
func canonicalOrder(a, b string) int {
	// As unsigned, the -1 of other names comes last.
	rank := func(name string) uint { return uint(slices.Index(standardResources[:], name)) }
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
}

// setsName is the key of what is counted by items: {sets: {zones: 1}}.
const setsName = "sets"

// sets reads how many items of each set are asked for.
func sets(v strictyaml.Value, most int64) []allocator.Quantity {
	var out []allocator.Quantity
	for _, e := range v.Entries(maxKinds) {
		if !resourcePattern.MatchString(e.Key.Name) {
			e.Key.Failf("not the name of a set: expected a letter, then letters, digits, _ and -")
		}
		if n, ok := e.Int(0, most); ok {
			out = append(out, allocator.Quantity{Name: allocator.SetName(e.Key.Name), Amount: drf.Amount(n) * drf.Unit})
		}
	}
	return out
}

// Resources reads amounts by the name of the resource. They are in canonical order, without those
// that are zero; ports are counted apart, and items of sets are named as the allocator does.
func Resources(v strictyaml.Value) ([]proto.Resource, uint32) {
	var out []proto.Resource
	ports := uint32(0)
	for _, e := range v.Entries(maxKinds) {
		if e.Key.Name == "ports" {
			n, _ := e.Int(0, maxPorts)
			ports = uint32(n)
			continue
		}
		if e.Key.Name == setsName {
			for _, q := range sets(e.Value, maxItems) {
				out = append(out, proto.Resource{Name: q.Name, Milli: int64(q.Amount)})
			}
			continue
		}
		if amount, ok := amount(e); ok && amount > 0 {
			out = append(out, proto.Resource{Name: e.Key.Name, Milli: int64(amount)})
		}
	}
	out = slices.DeleteFunc(out, func(r proto.Resource) bool { return r.Milli == 0 })
	slices.SortFunc(out, func(a, b proto.Resource) int { return canonicalOrder(a.Name, b.Name) })
	return out, ports
}

// wholeGPUs refuses parts of a GPU to groups that are to run: a Mesos agent hands out whole ones.
func wholeGPUs(v strictyaml.Value, resources []proto.Resource) {
	for _, r := range resources {
		if a := drf.Amount(r.Milli); r.Name == "gpus" && a%drf.Unit != 0 {
			v.Failf("gpus %s: a Mesos agent hands out whole GPUs; parts of one are for simulations", a)
		}
	}
}

func uris(v strictyaml.Value) []proto.URI {
	var out []proto.URI
	for _, item := range v.List(maxURIs) {
		u := proto.URI{Extract: true}
		if item.IsText() {
			u.Value = uriValue(item)
		} else {
			readURI(item, &u)
		}
		out = append(out, u)
	}
	return out
}

func readURI(v strictyaml.Value, u *proto.URI) {
	o, ok := v.Object()
	if !ok {
		return
	}
	defer o.Done()
	if value, ok := o.Required("value"); ok {
		u.Value = uriValue(value)
	}
	if value, ok := o.Optional("executable"); ok {
		u.Executable = value.Bool()
	}
	if value, ok := o.Optional("extract"); ok {
		u.Extract = value.Bool()
	}
	if value, ok := o.Optional("cache"); ok {
		u.Cache = value.Bool()
	}
	if value, ok := o.Optional("output_file"); ok {
		u.OutputFile = outputFile(value)
	}
}

// uriValue refuses the characters that Mesos' fetcher does (src/slave/containerizer/fetcher.cpp),
// and spaces, which are a slip.
func uriValue(v strictyaml.Value) string {
	s, ok := v.Text(maxURI)
	if ok && strings.ContainsAny(s, "\\'\x00 \t\r\n") {
		v.Failf("a URI must not contain white space, \\ or '")
	}
	return s
}

// outputFile stays inside the sandbox, as Mesos' fetcher demands.
func outputFile(v strictyaml.Value) string {
	s, ok := v.Text(maxURI)
	if ok && (path.IsAbs(s) || path.Clean(s) != s || s == "." || s == ".." || strings.HasPrefix(s, "../") ||
		strings.ContainsAny(s, "\\'\r\n")) {
		v.Failf("expected the path of a file inside the sandbox, such as data/input.csv")
	}
	return s
}
