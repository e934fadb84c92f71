package master

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/wire"
)

// validateInfo checks the content of a FrameworkInfo with the texts of a real
// master (src/master/validation.cpp). A fault ends a subscription with an
// ERROR event and makes UPDATE_FRAMEWORK a 400.
func validateInfo(info *mesos.FrameworkInfo, suppressed []string) error {
	if err := validateRoles(info); err != nil {
		return err
	}
	if id := info.ID.GetValue(); id != "" {
		if err := wire.ValidateID(id); err != nil {
			return err
		}
	}
	if info.FailoverTimeout != nil {
		if _, ok := wire.Seconds(*info.FailoverTimeout); !ok {
			return fmt.Errorf("The framework failover_timeout (%s) is invalid",
				strconv.FormatFloat(*info.FailoverTimeout, 'g', -1, 64))
		}
	}
	if err := validateOfferFilters(info); err != nil {
		return err
	}
	return validateSuppressed(info, suppressed)
}

func validateRoles(info *mesos.FrameworkInfo) error {
	if !capabilitiesOf(info).multiRole {
		if len(info.Roles) > 0 {
			return errors.New("'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable")
		}
		if info.Role != nil {
			if err := wire.ValidateRole(*info.Role); err != nil {
				return fmt.Errorf("'FrameworkInfo.role' is not a valid role: %w", err)
			}
		}
		return nil
	}
	if info.Role != nil {
		return errors.New("'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable")
	}
	if twice := duplicates(info.Roles); len(twice) > 0 {
		return fmt.Errorf("'FrameworkInfo.roles' contains duplicate items: %s", braces(twice))
	}
	for _, role := range info.Roles {
		if err := wire.ValidateRole(role); err != nil {
			return fmt.Errorf("'FrameworkInfo.roles' contains invalid role: %w", err)
		}
	}
	return nil
}

func duplicates(list []string) []string {
	var twice []string
	for i, item := range list {
		if slices.Contains(list[:i], item) && !slices.Contains(twice, item) {
			twice = append(twice, item)
		}
	}
	return twice
}

// braces prints a set as stout does: "{ a, b }".
func braces(items []string) string { return "{ " + strings.Join(items, ", ") + " }" }

func validateSuppressed(info *mesos.FrameworkInfo, suppressed []string) error {
	roles := rolesOf(info)
	var foreign []string
	for _, role := range suppressed {
		if !slices.Contains(roles, role) {
			foreign = append(foreign, role)
		}
	}
	if len(foreign) > 0 {
		return fmt.Errorf("Suppressed roles %s are not contained in the set of roles", braces(foreign))
	}
	return nil
}

func validateOfferFilters(info *mesos.FrameworkInfo) error {
	for _, role := range slices.Sorted(maps.Keys(info.OfferFilters)) {
		minimum := info.OfferFilters[role].MinAllocatableResources
		if minimum == nil {
			continue
		}
		for _, quantities := range minimum.Quantities {
			if len(quantities.Quantities) == 0 {
				return errors.New("Resource quantities must contain at least one quantity")
			}
			for _, name := range slices.Sorted(maps.Keys(quantities.Quantities)) {
				if err := validateQuantity(name, quantities.Quantities[name].Value); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func validateQuantity(name string, value float64) error {
	fault := ""
	switch {
	case value != value:
		fault = "NaN not supported"
	case value < 0:
		fault = "Negative values not supported"
	case value > 1e300:
		fault = "Infinite values not supported"
	default:
		return nil
	}
	return fmt.Errorf("Invalid resource quantity for '%s': %s", name, fault)
}
