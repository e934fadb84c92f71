package scheduler

import (
	"fairlead/allocator"
	"fairlead/proto/journalpb"
)

// encodeSums leaves out what was never measured.
func encodeSums(s allocator.FairnessSums) *journalpb.FairnessSums {
	if s == (allocator.FairnessSums{}) {
		return nil
	}
	return &journalpb.FairnessSums{
		Share: int64(s.Share), Fair: int64(s.Fair), Envy: int64(s.Envy), Kept: int64(s.Kept),
		Error: int64(s.Error), Short: int64(s.Short), BelowMs: s.BelowMillis,
	}
}

func decodeSums(s *journalpb.FairnessSums) allocator.FairnessSums {
	if s == nil {
		return allocator.FairnessSums{}
	}
	return allocator.FairnessSums{
		Share: allocator.ShareTime(s.Share), Fair: allocator.ShareTime(s.Fair), Envy: allocator.ShareTime(s.Envy),
		Kept: allocator.ShareTime(s.Kept), Error: allocator.ShareTime(s.Error), Short: allocator.ShareTime(s.Short),
		BelowMillis: s.BelowMs,
	}
}

func encodeMeasured(m allocator.MeasuredImage) *journalpb.Measured {
	if m.Millis == 0 && len(m.Offers)+len(m.Holds) == 0 {
		return nil
	}
	return &journalpb.Measured{Millis: m.Millis, Offers: encodeTimes(m.Offers), Holds: encodeTimes(m.Holds)}
}

func decodeMeasured(m *journalpb.Measured) allocator.MeasuredImage {
	if m == nil {
		return allocator.MeasuredImage{}
	}
	return allocator.MeasuredImage{Millis: m.Millis, Offers: decodeTimes(m.Offers), Holds: decodeTimes(m.Holds)}
}

func encodeTimes(times []allocator.ShareTime) []int64 {
	var out []int64
	for _, t := range times {
		out = append(out, int64(t))
	}
	return out
}

func decodeTimes(times []int64) []allocator.ShareTime {
	var out []allocator.ShareTime
	for _, t := range times {
		out = append(out, allocator.ShareTime(t))
	}
	return out
}
