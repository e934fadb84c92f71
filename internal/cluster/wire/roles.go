package wire

import (
	"errors"
	"fmt"
	"strings"
)

// ValidateRole checks a role name: levels separated by single slashes, none of
// them ".", ".." or "*", none with a leading dash, white space or DEL. "*"
// alone is the default role. The texts are Mesos's (src/common/roles).
func ValidateRole(role string) error {
	switch {
	case role == "":
		return errors.New("Role names cannot be the empty string")
	case role == "*":
		return nil
	case strings.HasPrefix(role, "/"):
		return fmt.Errorf("Role '%s' cannot start with a slash", role)
	case strings.HasSuffix(role, "/"):
		return fmt.Errorf("Role '%s' cannot end with a slash", role)
	case strings.Contains(role, "//"):
		return fmt.Errorf("Role '%s' cannot contain two adjacent slashes", role)
	}
	for _, level := range strings.Split(role, "/") {
		switch {
		case level == "." || level == ".." || level == "*":
			return fmt.Errorf("Role '%s' cannot include '%s' as a component", role, level)
		case strings.HasPrefix(level, "-"):
			return fmt.Errorf("Role component '%s' is invalid because it starts with a dash", level)
		case strings.ContainsAny(level, "\t\n\v\f\r \x7f"):
			return fmt.Errorf("Role component '%s' is invalid because it contains backspace or whitespace", level)
		}
	}
	return nil
}

// RoleWithin reports whether resources reserved for owner may be offered to
// role: owner is role itself or one of its ancestors.
func RoleWithin(role, owner string) bool {
	return role == owner || strings.HasPrefix(role, owner+"/")
}

// ValidateID checks the id rule for tasks, executors, frameworks, agents and
// volumes: 1 to 255 bytes that can name a directory. The texts are Mesos's.
func ValidateID(id string) error {
	switch {
	case id == "":
		return errors.New("ID must not be empty")
	case len(id) > 255:
		return errors.New("ID must not be greater than 255 characters")
	case id == "." || id == "..":
		return fmt.Errorf("'%s' is disallowed", id)
	}
	for _, c := range []byte(id) {
		if c < ' ' || c == 0x7f || c == '/' || c == '\\' {
			return fmt.Errorf("'%s' contains invalid characters", id)
		}
	}
	return nil
}
