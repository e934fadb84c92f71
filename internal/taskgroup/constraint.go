package taskgroup

import (
	"regexp"
	"strconv"

	"fairlead/internal/strictyaml"
	"fairlead/proto"
)

// maxPattern bounds a regular expression; Go's need time linear in their length.
const maxPattern = 1000

var fieldPattern = regexp.MustCompile(`^[^\s:;]{1,255}$`)

// operatorNames are Marathon's, in the order of proto.Operator without UNSET.
var operatorNames = [...]string{"UNIQUE", "CLUSTER", "GROUP_BY", "LIKE", "UNLIKE", "MAX_PER", "IS"}

// operand says what an operator wants as the third item of a constraint.
type operand int

const (
	noOperand operand = iota
	optionalText
	optionalCount
	requiredCount
	requiredText
	requiredPattern
)

func operandOf(op proto.Operator) operand {
	switch op {
	case proto.Operator_UNIQUE:
		return noOperand
	case proto.Operator_CLUSTER:
		return optionalText
	case proto.Operator_GROUP_BY:
		return optionalCount
	case proto.Operator_MAX_PER:
		return requiredCount
	case proto.Operator_LIKE, proto.Operator_UNLIKE:
		return requiredPattern
	default:
		return requiredText
	}
}

func constraints(v strictyaml.Value) []proto.Constraint {
	var out []proto.Constraint
	for _, item := range v.List(maxConstraints) {
		if c, ok := constraint(item); ok {
			out = append(out, c)
		}
	}
	return out
}

func constraint(v strictyaml.Value) (proto.Constraint, bool) {
	parts := v.List(maxConstraints)
	if len(parts) < 2 || len(parts) > 3 {
		if v.IsList() {
			v.Failf("expected [field, OPERATOR] or [field, OPERATOR, value]")
		}
		return proto.Constraint{}, false
	}
	field, ok := parts[0].Matching(fieldPattern, `"hostname" or the name of an agent's attribute`)
	operator := proto.Operator(1 + parts[1].OneOf(operatorNames[:]...))
	if !ok || operator == proto.Operator_UNSET {
		return proto.Constraint{}, false
	}
	c := proto.Constraint{Field: field, Operator: operator}
	want := operandOf(operator)
	if len(parts) == 2 {
		if want >= requiredCount {
			name := operatorNames[operator-1]
			v.Failf("%s needs a value: [%s, %s, value]", name, field, name)
			return c, false
		}
		return c, true
	}
	c.Value, ok = operandValue(parts[2], want)
	return c, ok
}

func operandValue(v strictyaml.Value, want operand) (string, bool) {
	if want == noOperand {
		v.Failf("UNIQUE takes no value")
		return "", false
	}
	s, ok := v.Literal(maxPattern)
	if !ok {
		return "", false
	}
	switch want {
	case optionalCount, requiredCount:
		if n, err := strconv.ParseUint(s, 10, 31); err != nil || n == 0 || s[0] == '0' || s[0] == '+' {
			v.Failf("expected a count of at least 1, got %q", s)
			return "", false
		}
	case requiredPattern:
		if _, err := regexp.Compile(s); err != nil {
			v.Failf("not a regular expression: %v", err)
			return "", false
		}
	default:
		if s == "" {
			v.Failf("must not be empty")
			return "", false
		}
	}
	return s, true
}
