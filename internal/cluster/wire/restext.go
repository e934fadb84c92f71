package wire

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/gogo/protobuf/proto"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// ParseResources reads the text form of resources,
//
//	name[(role)]:value; ...    value: number | [lo-hi, ...] | {item, ...}
//
// as the agent flag --resources takes it. A role other than "*" makes a static
// reservation; entries of one identity add up. Blanks around tokens are
// ignored. An empty text is no resources.
func ParseResources(text string) (Resources, error) {
	var all Resources
	for _, entry := range strings.Split(text, ";") {
		if strings.TrimSpace(entry) == "" {
			continue
		}
		r, err := parseResource(entry)
		if err != nil {
			return nil, fmt.Errorf("resource %q: %w", strings.TrimSpace(entry), err)
		}
		all = all.Plus(r)
	}
	return all, nil
}

func parseResource(entry string) (mesos.Resource, error) {
	left, right, found := strings.Cut(entry, ":")
	if !found {
		return mesos.Resource{}, errors.New("want name:value")
	}
	name, role, hasRole := strings.Cut(strings.TrimSpace(left), "(")
	r := mesos.Resource{Name: strings.TrimSpace(name)}
	if hasRole {
		role, closed := strings.CutSuffix(role, ")")
		if !closed {
			return r, errors.New("want a closing parenthesis after the role")
		}
		r.Role = proto.String(strings.TrimSpace(role))
	}
	if strings.ContainsAny(r.Name, "(){}[]") {
		return r, errors.New("brackets in the name")
	}
	if err := parseValue(&r, strings.TrimSpace(right)); err != nil {
		return r, err
	}
	if err := fault(r); err != nil {
		return r, err
	}
	return Upgrade(r), nil
}

func parseValue(r *mesos.Resource, text string) error {
	switch {
	case strings.HasPrefix(text, "["):
		ranges, err := ParseRanges(text)
		r.Type, r.Ranges = mesos.RANGES.Enum(), &mesos.Value_Ranges{Range: ranges}
		return err
	case strings.HasPrefix(text, "{"):
		items, err := parseSet(text)
		r.Type, r.Set = mesos.SET.Enum(), &mesos.Value_Set{Item: items}
		return err
	}
	value, ok := parseDecimal(text)
	if !ok {
		return fmt.Errorf("%q is neither a number nor ranges nor a set", text)
	}
	r.Type, r.Scalar = mesos.SCALAR.Enum(), &mesos.Value_Scalar{Value: value}
	return nil
}

// ParseRanges reads "[1-10, 20-29]" as it stands; "[]" is empty.
func ParseRanges(text string) ([]mesos.Value_Range, error) {
	inner, err := unwrap(text, "[", "]")
	if err != nil || inner == "" {
		return nil, err
	}
	var ranges []mesos.Value_Range
	for _, part := range strings.Split(inner, ",") {
		low, high, found := strings.Cut(part, "-")
		begin, err1 := strconv.ParseUint(strings.TrimSpace(low), 10, 64)
		end, err2 := strconv.ParseUint(strings.TrimSpace(high), 10, 64)
		if !found || err1 != nil || err2 != nil {
			return nil, fmt.Errorf("%q: want begin-end", strings.TrimSpace(part))
		}
		ranges = append(ranges, mesos.Value_Range{Begin: begin, End: end})
	}
	return ranges, nil
}

func parseSet(text string) ([]string, error) {
	inner, err := unwrap(text, "{", "}")
	if err != nil || inner == "" {
		return nil, err
	}
	items := strings.Split(inner, ",")
	for i := range items {
		if items[i] = strings.TrimSpace(items[i]); items[i] == "" {
			return nil, errors.New("empty item in the set")
		}
	}
	return items, nil
}

func unwrap(text, open, end string) (string, error) {
	inner, ok := strings.CutSuffix(strings.TrimPrefix(text, open), end)
	if !ok {
		return "", fmt.Errorf("%q: want a closing %q", text, end)
	}
	return strings.TrimSpace(inner), nil
}

// parseDecimal takes plain decimal numbers only: what strconv reads beyond
// them (0x1p2, Inf, 1_000) is text to Mesos.
func parseDecimal(text string) (float64, bool) {
	if !decimal().MatchString(text) {
		return 0, false
	}
	value, err := strconv.ParseFloat(text, 64)
	return value, err == nil
}

func decimal() *regexp.Regexp { return regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$`) }

// ParseAttributes reads the text form of the agent flag --attributes,
// "rack:r1;cores:32;range:[1-10]": a value that parses as a number is a
// scalar, as ranges ranges, anything else a text. An empty value is refused
// (a real agent ends at it).
func ParseAttributes(text string) ([]mesos.Attribute, error) {
	var all []mesos.Attribute
	for _, entry := range strings.Split(text, ";") {
		if strings.TrimSpace(entry) == "" {
			continue
		}
		name, value, found := strings.Cut(entry, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !found || name == "" || value == "" {
			return nil, fmt.Errorf("attribute %q: want name:value", strings.TrimSpace(entry))
		}
		all = append(all, attribute(name, value))
	}
	return all, nil
}

func attribute(name, value string) mesos.Attribute {
	if number, ok := parseDecimal(value); ok {
		return mesos.Attribute{Name: name, Type: mesos.SCALAR, Scalar: &mesos.Value_Scalar{Value: number}}
	}
	if ranges, err := ParseRanges(value); err == nil && strings.HasPrefix(value, "[") && len(ranges) > 0 {
		return mesos.Attribute{Name: name, Type: mesos.RANGES, Ranges: &mesos.Value_Ranges{Range: ranges}}
	}
	return mesos.Attribute{Name: name, Type: mesos.TEXT, Text: &mesos.Value_Text{Value: value}}
}
