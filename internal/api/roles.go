package api

import (
	"fmt"
	"net/http"

	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/internal/strictyaml"
	"fairlead/internal/taskgroup"
	"fairlead/scheduler"
)

// setRole changes what the body names of a role: weight, guarantee, limit.
func (s *Server) setRole(w http.ResponseWriter, r *http.Request) error {
	c := scheduler.RoleChange{Role: r.PathValue("role")}
	if err := taskgroup.CheckRole(c.Role); err != nil {
		return badRequest("role", err.Error())
	}
	var err error
	if c.AllowUnsatisfiable, err = boolParam(r, "allow_unsatisfiable", false); err != nil {
		return err
	}
	err = readChange(w, r, func(o *strictyaml.Object) {
		c.Weight = weightOf(o)
		c.Guarantee, c.Limit = quotaOf(o, "guarantee"), quotaOf(o, "limit")
	})
	if err != nil {
		return err
	}
	if err := s.cfg.Scheduler.SetRole(r.Context(), c); err != nil {
		return err
	}
	return s.answerNode(w, r, func(all *Shares) any {
		for i := range all.Roles {
			if all.Roles[i].Name == c.Role {
				return &all.Roles[i]
			}
		}
		return nil
	})
}

// setFramework changes what the body names of a framework: weight, role.
func (s *Server) setFramework(w http.ResponseWriter, r *http.Request) error {
	c := scheduler.FrameworkChange{Framework: r.PathValue("framework")}
	if !taskgroup.IsFrameworkName(c.Framework) {
		return badRequest("framework", fmt.Sprintf("%q: expected %s", c.Framework, taskgroup.FrameworkRule))
	}
	err := readChange(w, r, func(o *strictyaml.Object) {
		c.Weight = weightOf(o)
		if v, ok := o.Optional("role"); ok {
			c.Role = taskgroup.Role(v)
		}
	})
	if err != nil {
		return err
	}
	role, err := s.cfg.Scheduler.SetFramework(r.Context(), c)
	if err != nil {
		return err
	}
	return s.answerNode(w, r, func(all *Shares) any {
		for i := range all.Frameworks {
			if f := &all.Frameworks[i]; f.Name == c.Framework && f.Role == role {
				return f
			}
		}
		return nil
	})
}

// answerNode answers with one node of the fairness tree.
func (s *Server) answerNode(w http.ResponseWriter, r *http.Request, find func(*Shares) any) error {
	all, err := s.sharesNow(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, find(&all))
	return nil
}

// maxChange bounds the body of a change.
const maxChange = 64 << 10

// readChange reads the object of a request; fields that read does not ask for
// are refused.
func readChange(w http.ResponseWriter, r *http.Request, read func(*strictyaml.Object)) error {
	f, err := readBody(w, r, maxChange)
	if err != nil {
		return err
	}
	docs := f.Documents()
	if len(docs) != 1 && f.Err() == nil {
		f.Fail("expected one object")
	}
	for _, doc := range docs {
		if o, ok := doc.Object(); ok {
			read(o)
			o.Done()
		}
	}
	return f.Err()
}

// weightOf is a weight if the object has one. Whether it can be one is for the
// scheduler to say.
func weightOf(o *strictyaml.Object) *drf.Amount {
	v, ok := o.Optional("weight")
	if !ok {
		return nil
	}
	a, _ := v.Amount()
	return &a
}

func quotaOf(o *strictyaml.Object, field string) *[]allocator.Quantity {
	v, ok := o.Optional(field)
	if !ok {
		return nil
	}
	qs := taskgroup.QuotaAmounts(v)
	return &qs
}
