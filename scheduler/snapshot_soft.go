package scheduler

import (
	"fairlead/allocator"
	"fairlead/proto/journalpb"
)

func encodeSoft(s *allocator.SoftImage) *journalpb.SoftLimits {
	return &journalpb.SoftLimits{
		UntilMs: s.Until,
		Avoided: convert(s.Avoided, func(a allocator.AvoidedImage) journalpb.Avoided {
			return journalpb.Avoided{Agent: a.Agent, Failures: a.Failures, UntilMs: a.Until}
		}),
		Homes: convert(s.Homes, func(h allocator.HomeImage) journalpb.Home {
			return journalpb.Home{Instance: h.Instance, Agent: h.Agent, UntilMs: h.Until}
		}),
	}
}

func decodeSoft(s *journalpb.SoftLimits) allocator.SoftImage {
	return allocator.SoftImage{
		Until: s.GetUntilMs(),
		Avoided: convert(s.GetAvoided(), func(a journalpb.Avoided) allocator.AvoidedImage {
			return allocator.AvoidedImage{Agent: a.Agent, Failures: a.Failures, Until: a.UntilMs}
		}),
		Homes: convert(s.GetHomes(), func(h journalpb.Home) allocator.HomeImage {
			return allocator.HomeImage{Instance: h.Instance, Agent: h.Agent, Until: h.UntilMs}
		}),
	}
}
