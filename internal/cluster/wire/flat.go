package wire

import (
	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// Double is a number written as Mesos writes doubles: 4.0, not 4.
type Double float64

// MarshalJSON writes the number.
func (d Double) MarshalJSON() ([]byte, error) { return AppendDouble(nil, float64(d)), nil }

// Flat is the form of resources in unversioned endpoints such as /state: one
// member a name, all entries of the name added up, ranges and sets as text
// ("[31000-32000]", "{a, b}"). cpus, gpus, mem and disk are always there.
func (a Resources) Flat() map[string]any {
	flat := map[string]any{"cpus": Double(0), "gpus": Double(0), "mem": Double(0), "disk": Double(0)}
	var sum Resources
	for _, r := range a { // forget what keeps entries of one name apart
		sum = sum.Plus(mesos.Resource{Name: r.Name, Type: r.Type, Scalar: r.Scalar, Ranges: r.Ranges, Set: r.Set})
	}
	for _, r := range sum {
		if kindOf(r) == mesos.SCALAR {
			flat[r.Name] = Double(Unfixed(Fixed(r.Scalar.GetValue())))
			continue
		}
		flat[r.Name] = describeAmount(r)
	}
	return flat
}

// FlatAttributes is the form of attributes in unversioned endpoints: a number,
// a text or ranges as text for each name; of a repeated name the last counts.
func FlatAttributes(attributes []mesos.Attribute) map[string]any {
	flat := make(map[string]any, len(attributes))
	for _, a := range attributes {
		switch a.Type {
		case mesos.SCALAR:
			flat[a.Name] = Double(a.Scalar.GetValue())
		case mesos.RANGES:
			flat[a.Name] = Ranges(a.Ranges.GetRange()).String()
		default:
			flat[a.Name] = a.Text.GetValue()
		}
	}
	return flat
}

// Quantities are amounts by name: scalars as they are, ranges and sets as the
// number of their elements; nothing is written for what there is nothing of.
func (a Resources) Quantities() map[string]Double {
	quantities := map[string]Double{}
	for _, r := range a {
		switch kindOf(r) {
		case mesos.RANGES:
			for _, interval := range rangesOf(r) {
				quantities[r.Name] += Double(interval.End-interval.Begin) + 1
			}
		case mesos.SET:
			quantities[r.Name] += Double(len(r.Set.GetItem()))
		default:
			sum := Fixed(float64(quantities[r.Name])) + Fixed(r.Scalar.GetValue())
			quantities[r.Name] = Double(Unfixed(sum))
		}
	}
	return quantities
}
