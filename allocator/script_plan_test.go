package allocator

import (
	"strings"
)

// printPlan says what submitting a group would lead to. That it changes nothing
// is checked by what follows.
func (sc *script) printPlan(c line, tasks []line) error {
	framework, name, _ := strings.Cut(c.word(1), "/")
	g := c.group(framework, name, tasks)
	if err := sc.s.Admit([]Group{g}); err != nil {
		sc.printf("refused: %v", err)
		return nil
	}
	if err := sc.s.Satisfiable([]Group{g}); err != nil {
		sc.printf("refused unless allowed: %v", err)
	}
	p, err := PlanSubmit(sc.cfg, sc.s.Image(), []Group{g})
	if err != nil {
		return err
	}
	e := p.Groups[0].Explanation
	sc.printf("%s: %d would start, %d wait", p.Groups[0].Verdict, p.Groups[0].Starts, e.Pending)
	if e.Pending > 0 {
		sc.printf("  = %s", e.Summary)
	}
	for _, v := range e.Victims {
		sc.printf("  would end %s/%s/%d on %s", v.Framework, v.Group, v.Instance, v.Agent)
	}
	before := map[string]string{}
	for _, f := range p.Before {
		before[f.Role+" "+f.Framework] = f.Share.String()
	}
	for _, f := range p.After {
		sc.printf("  %s %s: %s to %s", f.Role, f.Framework, before[f.Role+" "+f.Framework], f.Share)
	}
	return nil
}
