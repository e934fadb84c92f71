package allocator

import (
	"fmt"
	"slices"
	"strings"
)

// parents names all groups that a group comes after.
func (g *Group) parents() []string {
	if len(g.AfterEnd) == 0 {
		return g.After
	}
	return slices.Concat(g.After, g.AfterEnd)
}

// meets reports whether a group that this one comes after has ended as it must.
func (g *Group) meets(parent *group, name string) bool {
	return parent.outcome == Finished || parent.over() && slices.Contains(g.AfterEnd, name)
}

// must says in a word what has to become of a group that this one comes after.
func (g *Group) must(name string) string {
	if slices.Contains(g.AfterEnd, name) {
		return "ended"
	}
	return "finished"
}

func (g *Group) validateOrder() error {
	names := g.parents()
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return fmt.Errorf("%w: after: task group %s is there twice", ErrInvalid, name)
		}
	}
	return nil
}

// admitOrder refuses a group that would come after itself, directly or by way
// of others that are there or are submitted together with it: none of them
// could ever start. What has ended counts too: it can be started again.
func (s *State) admitOrder(g *Group, together map[groupKey]*Group) error {
	if len(g.parents()) == 0 {
		return nil
	}
	by := map[string]string{} // through which group each one was reached
	next := slices.Clone(g.parents())
	for ; len(next) > 0; next = next[1:] {
		name := next[0]
		if name == g.Name {
			return fmt.Errorf("%w: after: task group %s/%s would come after itself%s", ErrInvalid, g.Framework, g.Name, circle(name, by))
		}
		key := groupKey{g.Framework, name}
		var parents []string
		if other, ok := together[key]; ok {
			parents = other.parents()
		} else if other, ok := s.groups[key]; ok {
			parents = other.spec.parents()
		}
		for _, p := range parents {
			if _, seen := by[p]; !seen {
				by[p] = name
				next = append(next, p)
			}
		}
	}
	return nil
}

// circle says by way of which groups one comes after itself.
func circle(name string, by map[string]string) string {
	var way []string
	for at, ok := by[name]; ok && at != name && len(way) < len(by); at, ok = by[at] {
		way = append(way, at)
	}
	if len(way) == 0 {
		return ""
	}
	slices.Reverse(way)
	return ", by way of " + strings.Join(way, ", ")
}

// abandon ends a group that comes after one that has failed.
func (s *State) abandon(out []Action, g *group) []Action {
	for _, name := range g.unmet {
		parent, ok := s.groups[groupKey{g.spec.Framework, name}]
		if ok && parent.over() && !g.spec.meets(parent, name) {
			d := Abandon{g.spec.Framework, g.spec.Name,
				fmt.Sprintf("task group %s, which it comes after, ended as %s%s", name, parent.outcome, parent.reason())}
			s.bookAbandon(g, d.Message)
			return append(out, d)
		}
	}
	return out
}

// maxReason bounds what a group takes over of the message of another one.
const maxReason = 200

// reason is why a group ended as it did, to be put after how.
func (g *group) reason() string {
	text := g.message
	switch {
	case text == "":
		return ""
	case len(text) > maxReason:
		text = strings.ToValidUTF8(text[:maxReason], "") + " ..."
	}
	return ": " + text
}
