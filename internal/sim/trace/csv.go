package trace

import (
	"fmt"
	"slices"
	"strconv"

	"fairlead/allocator"
	"fairlead/internal/strictyaml"
	"fairlead/internal/taskgroup"
)

func csvFormat() Format {
	return Format{
		Name: "csv",
		About: `Fairlead's own form, for traces that have no other: a header line, then a task group a
line. The columns, in any order, all but one resource optional:
  arrival_s    seconds from the start (0)
  framework    who it belongs to (default)
  role         its role (*)
  group        its name, unique in the framework (row-LINE; names that are given are
               kept in memory, to find one that is there twice)
  instances    how many (1)
  duration_s   seconds that each instance runs (empty: without end)
  gang         true or false (false): all instances start together or none
Every other column is a resource, such as cpus, mem and disk (MiB), gpus, or one of
your own; empty is 0. --cluster must name the machines.`,
		start:        func() parser { return &neutral{} },
		needsCluster: true,
		endless:      true,
	}
}

// neutralColumns are those that are no resources.
var neutralColumns = []string{"arrival_s", "framework", "role", "group", "instances", "duration_s", "gang"}

// neutral reads the form that csvFormat describes.
type neutral struct {
	columns   columns
	resources []int
	lines     map[[2]string]string // where a group is, by framework and name
	roles     map[string]bool      // that are good
	file      int
}

func (p *neutral) parse(r *record, _ *cluster) (Job, bool) {
	if r.first {
		p.begin(r)
		return Job{}, false
	}
	if !r.row() {
		return Job{}, false
	}
	at := p.columns.of
	job := Job{Framework: "default", Role: p.role(r, at("role")), ArrivalMillis: p.optional(r, at("arrival_s"))}
	if i := at("framework"); r.given(i) {
		job.Framework, job.owner = r.field(i), r.field(i)
		if !taskgroup.IsFrameworkName(job.Framework) {
			r.failf(i, "%s is not %s", short(job.Framework), taskgroup.FrameworkRule)
		}
	}
	p.name(r, &job)
	g := Group{Instances: 1}
	if i := at("instances"); r.given(i) {
		g.Instances = r.whole(i)
	}
	if i := at("duration_s"); r.given(i) {
		g.DurationMillis = r.runTime(r.millis(i))
	}
	g.Gang = p.gang(r, at("gang"))
	for _, i := range p.resources {
		g.Resources = append(g.Resources, quantities(p.resource(r, i))...)
	}
	return job.single(g), r.err == nil
}

// begin reads the header. Resources are refused here that a scenario would refuse.
func (p *neutral) begin(r *record) {
	p.columns = r.header()
	p.resources = nil
	p.file++
	if p.lines == nil {
		p.lines, p.roles = make(map[[2]string]string), make(map[string]bool)
	}
	for i, name := range r.names {
		if slices.Contains(neutralColumns, name) {
			continue
		}
		one := strictyaml.Mapping().With(name, strictyaml.Int(int64(1)))
		if err := refusal(one, func(v strictyaml.Value) { taskgroup.Resources(v) }); err != nil {
			r.failf(i, "%s", err.Message)
		}
		p.resources = append(p.resources, i)
	}
	if len(p.resources) == 0 {
		r.fail(0, "", "the header names no resource, such as cpus")
	}
}

// refusal is what a reader of scenarios finds wrong with a value, nil if nothing.
func refusal(value strictyaml.Tree, read func(strictyaml.Value)) *strictyaml.Error {
	f := strictyaml.ParseJSON("", strictyaml.Mapping().With("x", value).ToJSON())
	for _, doc := range f.Documents() {
		if o, ok := doc.Object(); ok {
			if v, ok := o.Optional("x"); ok {
				read(v)
			}
		}
	}
	if all, ok := f.Err().(strictyaml.Errors); ok {
		return all[0]
	}
	return nil
}

func (p *neutral) optional(r *record, i int) int64 {
	if !r.given(i) {
		return 0
	}
	return r.millis(i)
}

func (p *neutral) role(r *record, i int) string {
	if !r.given(i) {
		return ""
	}
	role := r.field(i)
	if p.roles[role] {
		return role
	}
	p.roles[role] = true
	if err := refusal(strictyaml.Text(role), func(v strictyaml.Value) { taskgroup.Role(v) }); err != nil {
		r.failf(i, "%s", err.Message)
	}
	return role
}

// name gives the job its id, which it then has alone.
func (p *neutral) name(r *record, job *Job) {
	job.named = true
	i := p.columns.of("group")
	if !r.given(i) {
		job.ID = "row-" + strconv.Itoa(r.line)
		if p.file > 1 {
			job.ID = fmt.Sprintf("file-%d-row-%d", p.file, r.line)
		}
		return
	}
	job.ID = r.field(i)
	if !taskgroup.IsName(job.ID) {
		r.failf(i, "%s is not %s", short(job.ID), taskgroup.NameRule)
		return
	}
	key := [2]string{job.Framework, job.ID}
	if place, twice := p.lines[key]; twice {
		r.failf(i, "task group %s/%s is already in %s", job.Framework, job.ID, place)
	}
	p.lines[key] = fmt.Sprintf("%s:%d", r.file, r.line)
}

func (p *neutral) gang(r *record, i int) bool {
	switch text := r.field(i); text {
	case "", "false", "0":
		return false
	case "true", "1":
		return true
	default:
		r.failf(i, "expected true or false, got %s", short(text))
		return false
	}
}

func (p *neutral) resource(r *record, i int) allocator.Quantity {
	q := allocator.Quantity{Name: r.names[i]}
	if !r.given(i) {
		return q
	}
	if q.Name == "ports" {
		q.Amount = units(r.atMost(i, 1_000))
	} else {
		q.Amount = r.amount(i)
	}
	return q
}
