package taskgroup

// IsName reports whether s can be the name of a task group or of a task.
func IsName(s string) bool { return namePattern.MatchString(s) }

// IsFrameworkName reports whether s can be the name of a framework.
func IsFrameworkName(s string) bool { return frameworkPattern.MatchString(s) }

// NameRule is what IsName asks for, in words.
const NameRule = nameRule

// FrameworkRule is what IsFrameworkName asks for, in words.
const FrameworkRule = frameworkRule
