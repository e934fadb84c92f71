package allocator

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"fairlead/drf"
)

// Operator is what a Constraint asks of an agent's field. The operators and
// their meaning are those of Marathon 1.8 (its documentation, and where that is
// silent its Constraints.scala). An agent without the field fails each of them
// but Unlike.
type Operator uint8

// The operators. "Instances" are those of the group that are alive, from their
// launch until all their tasks are over, also while an agent is out of sight.
const (
	// Unique wants a value at which no instance is.
	Unique Operator = iota + 1
	// Cluster wants the value given; without one, the value at which the other
	// instances are, which the first of them chose.
	Cluster
	// GroupBy wants a value at which no instance is, or, once instances are at
	// as many values as were given, one at which the fewest of them are. Values
	// are known by the instances at them alone, as in Marathon: without a number
	// given, a group may stay at the first value that it was placed at.
	GroupBy
	// Like wants a value that the regular expression (RE2) matches as a whole.
	Like
	// Unlike wants a value that it does not match as a whole, or none.
	Unlike
	// MaxPer wants a value at which fewer instances are than the number given.
	MaxPer
	// Is wants the value given, as text or as a decimal number: 3 is 3.0.
	Is
)

// String is the operator in Marathon's spelling: "GROUP_BY".
func (o Operator) String() string {
	if o < Unique || o > Is {
		return "operator " + strconv.Itoa(int(o))
	}
	return [...]string{"UNIQUE", "CLUSTER", "GROUP_BY", "LIKE", "UNLIKE", "MAX_PER", "IS"}[o-Unique]
}

// Constraint restricts the agents that an instance may be placed on. It is
// looked at when an instance is placed: what runs already is left alone.
type Constraint struct {
	// Field is "hostname" (also written "@hostname"), or the name of an
	// attribute; of several attributes of one name the first counts.
	Field    string
	Operator Operator
	Value    string // "" where the operator needs none
}

// String is the constraint as a person would write it: rack LIKE "r[12]".
func (c Constraint) String() string {
	if c.Value == "" {
		return c.Field + " " + c.Operator.String()
	}
	return fmt.Sprintf("%s %s %q", c.Field, c.Operator, c.Value)
}

// MaxConstraints bounds the constraints of a group.
const MaxConstraints = 100

// maxPattern bounds a regular expression; matching takes time linear in it.
const maxPattern = 1000

// rule is a Constraint made ready to be asked of many agents.
type rule struct {
	Constraint
	host     bool // the field is the host's name, not an attribute
	pattern  *regexp.Regexp
	count    int32      // the number of GroupBy and MaxPer
	number   drf.Amount // the value of Is, if it is one
	isNumber bool
	tally    *tally // nil if it does not matter where instances are
	only     *value // while agents for a whole gang are sought: the one value to try
}

func newRule(c Constraint) (rule, error) {
	r := rule{Constraint: c, host: c.Field == "hostname" || c.Field == "@hostname"}
	var err error
	switch {
	case c.Field == "":
		err = fmt.Errorf("it names no field")
	case c.Field[0] == '@' && !r.host:
		err = fmt.Errorf("field %s: of the names with an @ only @hostname is known", c.Field)
	case c.Operator == Unique && c.Value != "":
		err = fmt.Errorf("%s takes no value", c.Operator)
	case c.Value == "" && c.Operator != Unique && c.Operator != Cluster && c.Operator != GroupBy:
		err = fmt.Errorf("%s needs a value", c.Operator)
	default:
		err = r.prepare()
	}
	if err != nil {
		return r, fmt.Errorf("%w: constraint %s: %w", ErrInvalid, c, err)
	}
	return r, nil
}

// prepare reads the value as the operator wants it.
func (r *rule) prepare() error {
	var err error
	switch r.Operator {
	case Like, Unlike:
		r.pattern, err = wholeMatch(r.Value)
	case Is:
		r.number, r.isNumber = decimal(r.Value)
	case Cluster:
		if r.Value == "" {
			r.tally = newTally()
		}
	case Unique:
		r.tally, r.count = newTally(), 1
	case GroupBy, MaxPer:
		r.tally = newTally()
		if r.Value != "" {
			r.count, err = positive(r.Value)
		}
	default:
		err = fmt.Errorf("unknown operator")
	}
	return err
}

func positive(text string) (int32, error) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("expected a count of at least 1")
	}
	return int32(n), nil
}

// wholeMatch compiles an expression so that it has to match the whole of a
// value. It must be one on its own: "a)|(b" is none.
func wholeMatch(text string) (*regexp.Regexp, error) {
	if len(text) > maxPattern {
		return nil, fmt.Errorf("the regular expression is longer than %d bytes", maxPattern)
	}
	if _, err := regexp.Compile(text); err != nil {
		return nil, fmt.Errorf("not a regular expression: %w", err)
	}
	return regexp.Compile(`^(?:` + text + `)$`)
}

// decimal reads a number of at most three places, which is what Mesos keeps of
// a scalar.
func decimal(text string) (drf.Amount, bool) {
	digits, negative := strings.CutPrefix(text, "-")
	n, err := drf.ParseAmount(digits)
	if negative {
		n = -n
	}
	return n, err == nil
}

// value is what an agent has in a field.
type value struct {
	text  string
	known bool
}

// at is the agent's value in the field of the rule.
func (r *rule) at(a *agent) value {
	if r.host {
		return value{a.host, a.host != ""}
	}
	for k := range a.attributes {
		if a.attributes[k].Name == r.Field {
			return value{a.attributes[k].Value, true}
		}
	}
	return value{}
}

// possible reports whether a value could do, if no instance was alive.
func (r *rule) possible(v value) bool {
	if !v.known {
		return r.Operator == Unlike
	}
	switch r.Operator {
	case Like:
		return r.pattern.MatchString(v.text)
	case Unlike:
		return !r.pattern.MatchString(v.text)
	case Is:
		n, ok := decimal(v.text)
		return v.text == r.Value || r.isNumber && ok && n == r.number
	case Cluster:
		return r.Value == "" || v.text == r.Value
	}
	return true
}

// open reports whether the instances that are alive leave room at a value.
func (r *rule) open(v value) bool {
	if r.tally == nil {
		return true
	}
	n := r.tally.at[v]
	switch r.Operator {
	case Cluster:
		if r.only != nil {
			return v == *r.only
		}
		return len(r.tally.at) == 0 || len(r.tally.at) == 1 && n > 0
	case GroupBy:
		return n == 0 || len(r.tally.at) >= int(r.count) && n == r.tally.least
	}
	return n < r.count
}
