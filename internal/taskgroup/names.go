package taskgroup

import "strings"

// letters are the capital letters that a kind of names can have.
type letters string

const maxName = 63

// MatchString reports whether a text is such a name: [a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?, and the
// letters wherever there is an a-z.
func (l letters) MatchString(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', strings.IndexByte(string(l), c) >= 0:
		case (c == '.' || c == '_' || c == '-') && i > 0 && i < len(s)-1:
		default:
			return false
		}
	}
	return s != "" && len(s) <= maxName
}

// IsName reports whether s can be the name of a task group or of a task.
func IsName(s string) bool { return namePattern.MatchString(s) }

// IsFrameworkName reports whether s can be the name of a framework.
func IsFrameworkName(s string) bool { return frameworkPattern.MatchString(s) }

// NameRule is what IsName asks for, in words.
const NameRule = nameRule

// FrameworkRule is what IsFrameworkName asks for, in words.
const FrameworkRule = frameworkRule
