package api

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"fairlead/allocator"
	"fairlead/internal/strictyaml"
	"fairlead/internal/taskgroup"
	"fairlead/proto"
)

// Limits on a submission.
const (
	maxBody   = 16 << 20
	maxGroups = 10_000
)

// readGroups reads the task groups of a request: one group, {"groups": [...]},
// or several documents, in JSON or YAML.
func readGroups(w http.ResponseWriter, r *http.Request) ([]*proto.TaskGroup, error) {
	f, err := readBody(w, r, maxBody)
	if err != nil {
		return nil, err
	}
	var groups []*proto.TaskGroup
	for _, doc := range f.Documents() {
		groups = append(groups, decodeGroups(doc)...)
	}
	if len(groups) == 0 && f.Err() == nil {
		f.Fail("no task group in the request")
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	return groups, nil
}

func decodeGroups(doc strictyaml.Value) []*proto.TaskGroup {
	items := []strictyaml.Value{doc}
	if o, ok := doc.Object(); !ok {
		return nil
	} else if list, ok := o.Optional("groups"); ok {
		o.Done()
		items = list.List(maxGroups)
	}
	var groups []*proto.TaskGroup
	for _, item := range items {
		if o, ok := item.Object(); ok {
			groups = append(groups, taskgroup.Decode(o, taskgroup.Runnable))
			o.Done()
		}
	}
	return groups
}

func (s *Server) submit(w http.ResponseWriter, r *http.Request) error {
	groups, err := readGroups(w, r)
	if err != nil {
		return err
	}
	allowed, err := boolParam(r, "allow_unsatisfiable", false)
	if err != nil {
		return err
	}
	known, err := s.cfg.Scheduler.Submit(r.Context(), groups, allowed)
	if err != nil {
		return err
	}
	answer := Submitted{}
	for i, g := range groups {
		answer.Groups = append(answer.Groups, Accepted{g.Framework, g.Name, known[i]})
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

func (s *Server) plan(w http.ResponseWriter, r *http.Request) error {
	groups, err := readGroups(w, r)
	if err != nil {
		return err
	}
	p, err := s.cfg.Scheduler.Plan(r.Context(), groups)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, planOf(p))
	return nil
}

// groups lists the task groups; ?framework= and ?state= narrow the list.
func (s *Server) groups(w http.ResponseWriter, r *http.Request) error {
	v, err := s.cfg.Scheduler.View(r.Context())
	if err != nil {
		return err
	}
	framework, state := r.URL.Query().Get("framework"), r.URL.Query().Get("state")
	if state != "" && !slices.Contains(groupStates(), state) {
		return badRequest("state", fmt.Sprintf("%q: expected one of %s", state, strings.Join(groupStates(), ", ")))
	}
	answer := Groups{Groups: []Group{}}
	for i := range v.Groups {
		g := groupOf(&v.Groups[i])
		if (framework == "" || g.Framework == framework) && (state == "" || g.State == state) {
			answer.Groups = append(answer.Groups, g)
		}
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// instances lists the instances that were ever started; ?framework=, ?group=
// and ?state= narrow the list. Their tasks are told by their group alone.
func (s *Server) instances(w http.ResponseWriter, r *http.Request) error {
	v, err := s.cfg.Scheduler.View(r.Context())
	if err != nil {
		return err
	}
	form := r.URL.Query()
	is := func(name, value string) bool { return form.Get(name) == "" || form.Get(name) == value }
	answer := Instances{Instances: []OwnedInstance{}}
	for i := range v.Groups {
		g := &v.Groups[i]
		if !is("framework", g.Framework) || !is("group", g.Name) {
			continue
		}
		for j := range g.Runs {
			if in := &g.Runs[j]; is("state", in.State) {
				answer.Instances = append(answer.Instances, OwnedInstance{g.Framework, g.Name, instanceOf(in, nil)})
			}
		}
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

func (s *Server) group(w http.ResponseWriter, r *http.Request) error {
	framework, group := r.PathValue("framework"), r.PathValue("group")
	spec, err := s.cfg.Scheduler.Spec(r.Context(), framework, group)
	if err != nil {
		return err
	}
	view, err := s.cfg.Scheduler.Group(r.Context(), framework, group)
	if err != nil {
		return err
	}
	var tasks []string
	for _, t := range spec.Tasks {
		tasks = append(tasks, t.Name)
	}
	answer := detailOf(view, tasks)
	answer.Spec = taskgroup.ToJSON(spec)
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// remove forgets a group that has ended, and kills one that has not, or the
// one instance that ?instance= names.
func (s *Server) remove(w http.ResponseWriter, r *http.Request) error {
	framework, group := r.PathValue("framework"), r.PathValue("group")
	instance, err := numberParam(r, "instance", -1)
	if err != nil {
		return err
	}
	if instance < 0 {
		err := s.cfg.Scheduler.Forget(r.Context(), framework, group)
		if !errors.Is(err, allocator.ErrInvalid) { // it has not ended
			if err == nil {
				writeJSON(w, http.StatusOK, Deleted{ActionRemoved})
			}
			return err
		}
	} else if s.hasEnded(r, framework, group, instance) {
		writeJSON(w, http.StatusOK, Deleted{ActionNone})
		return nil
	}
	if err := s.cfg.Scheduler.Kill(r.Context(), framework, group, instance); err != nil {
		return err
	}
	writeJSON(w, http.StatusAccepted, Deleted{ActionKilled})
	return nil
}

// hasEnded reports whether there is such an instance, and it has ended.
func (s *Server) hasEnded(r *http.Request, framework, group string, instance int32) bool {
	view, err := s.cfg.Scheduler.Group(r.Context(), framework, group)
	if err != nil {
		return false
	}
	for i := range view.Runs {
		if in := instanceOf(&view.Runs[i], nil); in.Number == instance {
			return in.Over()
		}
	}
	return false
}

// numberParam reads a parameter that counts from 0.
func numberParam(r *http.Request, name string, absent int32) (int32, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return absent, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 || strings.HasPrefix(text, "+") {
		return 0, badRequest(name, fmt.Sprintf("%q: expected a number from 0 on", text))
	}
	return int32(n), nil
}

func (s *Server) explain(w http.ResponseWriter, r *http.Request) error {
	e, err := s.cfg.Scheduler.Explain(r.Context(), r.PathValue("framework"), r.PathValue("group"))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, explanationOf(e))
	return nil
}
