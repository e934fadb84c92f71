package taskgroup

import (
	"errors"
	"fmt"
	"strings"

	"fairlead/internal/strictyaml"
)

// FrameworkName reads the name of a framework.
func FrameworkName(v strictyaml.Value) string {
	s, _ := v.Matching(frameworkPattern, frameworkRule)
	return s
}

// maxRole bounds the bytes of a role.
const maxRole = 255

// Role reads a role by the rules of Mesos (src/common/roles.cpp).
func Role(v strictyaml.Value) string {
	s, ok := v.Text(maxRole)
	if !ok {
		return s
	}
	if err := CheckRole(s); err != nil {
		v.Failf("%v", err)
		return ""
	}
	return s
}

// CheckRole is Role for a name that is in no file.
func CheckRole(s string) error {
	switch {
	case s == "*":
		return nil
	case len(s) > maxRole:
		return fmt.Errorf("role %q is longer than %d bytes", s[:maxRole], maxRole)
	case s == "":
		return errors.New("a role needs a name")
	}
	for part := range strings.SplitSeq(s, "/") {
		switch {
		case part == "":
			return fmt.Errorf("role %q has an empty part: write names separated by single slashes", s)
		case part == "." || part == ".." || part == "*" || part[0] == '-':
			return fmt.Errorf("role %q: Mesos does not allow the part %q", s, part)
		case strings.ContainsAny(part, " \t\n\v\f\r\x7f"):
			return fmt.Errorf("role %q must not contain white space", s)
		}
	}
	return nil
}
