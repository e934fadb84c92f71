package taskgroup

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

func TestNamesAreWhatTheirRuleSays(t *testing.T) {
	for pattern, is := range map[string]func(string) bool{
		`^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$`:          IsName,
		`^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`: IsFrameworkName,
	} {
		rule := regexp.MustCompile(pattern)
		rapid.Check(t, func(t *rapid.T) {
			s := rapid.OneOf(rapid.StringMatching(`[a-zA-Z0-9._-]{0,4}`), rapid.StringMatching(`[a-z.]{60,66}`), rapid.String()).Draw(t, "name")
			if got, want := is(s), rule.MatchString(s); got != want {
				t.Fatalf("%q: got %v, want %v", s, got, want)
			}
		})
	}
}
