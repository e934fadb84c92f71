package wire

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gogo/protobuf/proto"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// Fixed is Mesos's fixed point: thousandths, half away from zero. All sums and
// comparisons of scalars are done on it, so that 0.1 + 0.2 equals 0.3.
func Fixed(x float64) int64 { return int64(math.Round(x * 1000)) }

// Unfixed is the double Mesos makes of thousandths.
func Unfixed(thousandths int64) float64 {
	return float64(thousandths/1000) + float64(thousandths%1000)/1000
}

// Scalar makes a scalar resource.
func Scalar(name string, value float64) mesos.Resource {
	return mesos.Resource{Name: name, Type: mesos.SCALAR.Enum(), Scalar: &mesos.Value_Scalar{Value: value}}
}

func kindOf(r mesos.Resource) mesos.Value_Type {
	if r.Type == nil {
		return mesos.SCALAR
	}
	return *r.Type
}

func rangesOf(r mesos.Resource) Ranges { return NewRanges(r.Ranges.GetRange()...) }

// isEmpty reports an amount of nothing; collections drop such entries.
func isEmpty(r mesos.Resource) bool {
	switch kindOf(r) {
	case mesos.SCALAR:
		return Fixed(r.Scalar.GetValue()) == 0
	case mesos.RANGES:
		return len(rangesOf(r)) == 0
	}
	return len(r.Set.GetItem()) == 0
}

// Identity is a key equal for exactly those resources whose amounts may be
// added: all but the amount is the same (name, type, provider, allocation,
// reservations, disk, revocable, shared). Persistent volumes and disks that
// cannot be divided include their amount: they are only ever used whole.
func Identity(r mesos.Resource) string {
	whole := r.Disk.GetPersistence() != nil || !divisible(r.Disk)
	if !whole {
		r.Scalar, r.Ranges, r.Set = nil, nil, nil
	}
	key, err := r.Marshal()
	if err != nil { // only a resource without type, which validation refuses
		return fmt.Sprintf("%#v", r)
	}
	return string(key)
}

func divisible(disk *mesos.Resource_DiskInfo) bool {
	return disk.GetSource() == nil || disk.Source.Type == mesos.Resource_DiskInfo_Source_PATH
}

// add returns a + b for two resources of one identity.
func add(a, b mesos.Resource) mesos.Resource {
	switch kindOf(a) {
	case mesos.SCALAR:
		sum := Fixed(a.Scalar.GetValue()) + Fixed(b.Scalar.GetValue())
		a.Scalar = &mesos.Value_Scalar{Value: Unfixed(sum)}
	case mesos.RANGES:
		a.Ranges = &mesos.Value_Ranges{Range: rangesOf(a).Plus(rangesOf(b))}
	default:
		items := slices.Clone(a.Set.GetItem())
		for _, item := range b.Set.GetItem() {
			if !slices.Contains(items, item) {
				items = append(items, item)
			}
		}
		a.Set = &mesos.Value_Set{Item: items}
	}
	return a
}

// subtract returns what of a is not in b, for two resources of one identity.
func subtract(a, b mesos.Resource) mesos.Resource {
	switch kindOf(a) {
	case mesos.SCALAR:
		rest := max(0, Fixed(a.Scalar.GetValue())-Fixed(b.Scalar.GetValue()))
		a.Scalar = &mesos.Value_Scalar{Value: Unfixed(rest)}
	case mesos.RANGES:
		a.Ranges = &mesos.Value_Ranges{Range: rangesOf(a).Minus(rangesOf(b))}
	default:
		items := slices.Clone(a.Set.GetItem())
		a.Set = &mesos.Value_Set{Item: slices.DeleteFunc(items, func(item string) bool {
			return slices.Contains(b.Set.GetItem(), item)
		})}
	}
	return a
}

// Validate checks the format of one resource with Mesos's texts: a name, a
// member that fits the type, a sane value, sane reservations.
func Validate(r mesos.Resource) error {
	if err := fault(r); err != nil {
		return fmt.Errorf("Resource '%s' is invalid: %w", Describe(r), err)
	}
	return nil
}

func fault(r mesos.Resource) error {
	if r.Name == "" {
		return errors.New("Empty resource name")
	}
	if err := valueFault(r); err != nil {
		return err
	}
	if len(r.Reservations) > 0 && (r.Role != nil || r.Reservation != nil) {
		return errors.New("Setting 'Resource.role' or 'Resource.reservation' along with 'Resource.reservations' is not allowed")
	}
	if r.GetRole() == "*" && r.Reservation != nil {
		return errors.New("Invalid reservation: role \"*\" cannot be dynamically reserved")
	}
	if r.Role != nil {
		if err := ValidateRole(*r.Role); err != nil {
			return err
		}
	}
	return reservationsFault(r.Reservations)
}

func valueFault(r mesos.Resource) error {
	switch kindOf(r) {
	case mesos.SCALAR:
		if r.Scalar == nil || r.Ranges != nil || r.Set != nil {
			return errors.New("Invalid scalar resource")
		}
		return scalarFault(r.Scalar.Value)
	case mesos.RANGES:
		if r.Ranges == nil || r.Scalar != nil || r.Set != nil {
			return errors.New("Invalid ranges resource")
		}
		return rangesFault(r.Ranges.Range)
	case mesos.SET:
		if r.Set == nil || r.Scalar != nil || r.Ranges != nil {
			return errors.New("Invalid set resource")
		}
		items := slices.Sorted(slices.Values(r.Set.Item))
		if len(slices.Compact(items)) < len(r.Set.Item) {
			return errors.New("Invalid set resource: duplicated elements")
		}
		return nil
	}
	return errors.New("Unsupported resource type")
}

// maxScalar keeps thousandths far from the end of int64, so that sums of a
// cluster's resources cannot wrap.
const maxScalar = 1e12

func scalarFault(value float64) error {
	switch {
	case math.IsNaN(value) || math.IsInf(value, 0) || math.Abs(value) > maxScalar:
		return errors.New("Invalid scalar resource: value is not a finite amount")
	case value != 0 && Fixed(value) <= 0:
		return errors.New("Invalid scalar resource: value <= 0")
	}
	return nil
}

func rangesFault(ranges []mesos.Value_Range) error {
	for i, r := range ranges {
		if r.Begin > r.End {
			return errors.New("Invalid ranges resource: begin > end")
		}
		for _, s := range ranges[:i] {
			if r.Begin <= s.End && s.Begin <= r.End {
				return errors.New("Invalid ranges resource: overlapping ranges")
			}
		}
	}
	return nil
}

// reservationsFault checks a stack: roles valid, each further reservation
// dynamic and for a strict sub-role of the one below.
func reservationsFault(stack []mesos.Resource_ReservationInfo) error {
	for i, r := range stack {
		role := r.GetRole()
		if err := ValidateRole(role); err != nil {
			return fmt.Errorf("Invalid reservation: %w", err)
		}
		switch {
		case role == "*":
			return errors.New("Invalid reservation: role \"*\" cannot be reserved")
		case i > 0 && r.GetType() != mesos.Resource_ReservationInfo_DYNAMIC:
			return errors.New("Invalid refined reservation: A refined reservation cannot be STATIC")
		case i > 0 && !strings.HasPrefix(role, stack[i-1].GetRole()+"/"):
			return fmt.Errorf("Invalid refined reservation: role '%s' is not a refinement of '%s'",
				role, stack[i-1].GetRole())
		}
	}
	return nil
}

// ReservationRole is the role a resource is reserved for, "" if for none. The
// resource is in the post-refinement form.
func ReservationRole(r mesos.Resource) string {
	if n := len(r.Reservations); n > 0 {
		return r.Reservations[n-1].GetRole()
	}
	return ""
}

// Upgrade converts a resource to the post-refinement form, which is used
// everywhere inside: no role and reservation, but a stack of reservations.
func Upgrade(r mesos.Resource) mesos.Resource {
	if role := r.GetRole(); role != "*" && len(r.Reservations) == 0 && r.Role != nil {
		info := mesos.Resource_ReservationInfo{
			Type: mesos.Resource_ReservationInfo_STATIC.Enum(), Role: proto.String(role),
		}
		if r.Reservation != nil {
			info.Type = mesos.Resource_ReservationInfo_DYNAMIC.Enum()
			info.Principal, info.Labels = r.Reservation.Principal, r.Reservation.Labels
		}
		r.Reservations = []mesos.Resource_ReservationInfo{info}
	}
	r.Role, r.Reservation = nil, nil
	return r
}

// Downgrade converts a resource to the form for frameworks without
// RESERVATION_REFINEMENT; ok is false if its reservations are refined.
func Downgrade(r mesos.Resource) (old mesos.Resource, ok bool) {
	switch len(r.Reservations) {
	case 0:
		r.Role = proto.String("*")
	case 1:
		top := r.Reservations[0]
		r.Role = proto.String(top.GetRole())
		if top.GetType() == mesos.Resource_ReservationInfo_DYNAMIC {
			r.Reservation = &mesos.Resource_ReservationInfo{Principal: top.Principal, Labels: top.Labels}
		}
	default:
		return r, false
	}
	r.Reservations = nil
	return r, true
}
