package main

import (
	"errors"
	"io"
	"os"

	"fairlead/internal/api"
	"fairlead/internal/strictyaml"
	"fairlead/internal/taskgroup"
	"fairlead/proto"
)

// readGroups reads the task groups of all files; "-" is standard input. All
// that is wrong with any of them is reported at once.
func (a *app) readGroups(files []string) ([]*proto.TaskGroup, error) {
	var groups []*proto.TaskGroup
	var problems strictyaml.Errors
	from := map[api.Name]string{}
	for _, file := range files {
		data, err := a.readFile(file)
		if err != nil {
			return nil, usageError{err}
		}
		some, err := taskgroup.ParseWith(file, data, func(g *proto.TaskGroup, at strictyaml.Value) {
			name := api.Name{Framework: g.Framework, Name: g.Name}
			if first, twice := from[name]; twice {
				at.Failf("task group %s is already in %s", name, first)
			}
		})
		var wrong strictyaml.Errors
		if errors.As(err, &wrong) {
			problems = append(problems, wrong...)
		} else if err != nil {
			return nil, usageError{err}
		}
		for _, g := range some {
			from[api.Name{Framework: g.Framework, Name: g.Name}] = file
		}
		groups = append(groups, some...)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return groups, nil
}

func (a *app) readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(a.in)
	}
	return os.ReadFile(name)
}
