package arch

import (
	"bytes"
	"regexp"
	"testing"
)

// banned are words that must not stand anywhere in the tree. The expressions
// are written so that they do not match themselves.
var banned = []struct {
	words *regexp.Regexp
	why   string
}{
	{regexp.MustCompile(`/wor[k]/|/far[m]/|/hom[e]/[a-z]+/|/roo[t]/`),
		"a path of somebody's machine exists nowhere else; use a path relative to the project, or t.TempDir"},
	{regexp.MustCompile(`prox[y]\.golang\.org|registry\.npmj[s]|deb\.debia[n]\.org`),
		"where packages come from is the business of whoever builds; leave it to their environment"},
	{regexp.MustCompile(`\b(TOD[O]|FIXM[E]|XX[X])\b`),
		"a note to oneself is read by nobody; do it, or describe the gap where users look for it"},
	{regexp.MustCompile(`(?m)^(<{7}|>{7}) `),
		"a merge was left half done; resolve it"},
	{regexp.MustCompile(`\b(COMPAS[S]|DEVELOPER[S])\.md\b`),
		"the file is not part of this project; say here what it says"},
}

func TestBannedWords(t *testing.T) {
	walkFiles(t, func(path string, content []byte) {
		if bytes.IndexByte(content, 0) >= 0 {
			return // not text
		}
		for _, b := range banned {
			for _, at := range b.words.FindAllIndex(content, 3) {
				line := 1 + bytes.Count(content[:at[0]], []byte("\n"))
				t.Errorf("%s:%d: %q: %s", path, line, content[at[0]:at[1]], b.why)
			}
		}
	})
}
