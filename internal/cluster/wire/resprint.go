package wire

import (
	"fmt"
	"strconv"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// String prints resources as Mesos prints them in messages and logs, for
// example `cpus(allocated: web):1; ports:[31000-31099]`. Nothing parses it.
func (a Resources) String() string {
	parts := make([]string, len(a))
	for i, r := range a {
		parts[i] = Describe(r)
	}
	if len(parts) == 0 {
		return "{}"
	}
	return strings.Join(parts, "; ")
}

// Describe prints one resource of either format as it stands.
func Describe(r mesos.Resource) string {
	var out strings.Builder
	out.WriteString(r.Name)
	if r.AllocationInfo.GetRole() != "" {
		fmt.Fprintf(&out, "(allocated: %s)", r.AllocationInfo.GetRole())
	}
	if stack := Upgrade(r).Reservations; len(stack) > 0 {
		entries := make([]string, len(stack))
		for i, info := range stack {
			entries[i] = describeReservation(info)
		}
		fmt.Fprintf(&out, "(reservations: [%s])", strings.Join(entries, ","))
	}
	if r.Disk != nil {
		fmt.Fprintf(&out, "[%s]", describeDisk(r.Disk))
	}
	if r.Revocable != nil {
		out.WriteString("{REV}")
	}
	if r.Shared != nil {
		out.WriteString("<SHARED>")
	}
	out.WriteString(":" + describeAmount(r))
	return out.String()
}

func describeReservation(info mesos.Resource_ReservationInfo) string {
	text := fmt.Sprintf("(%s,%s", info.GetType(), info.GetRole())
	if info.Principal != nil {
		text += "," + *info.Principal
	}
	return text + ")"
}

func describeDisk(disk *mesos.Resource_DiskInfo) string {
	text := ""
	if disk.Source != nil {
		text = disk.Source.Type.String()
	}
	if disk.Persistence != nil {
		if text != "" {
			text += ","
		}
		text += disk.Persistence.ID
	}
	if disk.Volume != nil {
		text += ":" + disk.Volume.ContainerPath
	}
	return text
}

func describeAmount(r mesos.Resource) string {
	switch kindOf(r) {
	case mesos.RANGES:
		return Ranges(r.Ranges.GetRange()).String()
	case mesos.SET:
		return "{" + strings.Join(r.Set.GetItem(), ", ") + "}"
	}
	return FormatScalar(r.Scalar.GetValue())
}

// FormatScalar prints an amount with at most three decimals: "0.1", "32".
func FormatScalar(value float64) string {
	return strconv.FormatFloat(Unfixed(Fixed(value)), 'f', -1, 64)
}
