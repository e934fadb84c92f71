package sim

import (
	"slices"
	"strconv"
)

// sizeBin is the jobs of about one size.
type sizeBin struct {
	least, most      uint32 // instances; most is 0 for the last bin
	jobs             int64
	wait, completion spread
}

// sizeBins are bins up to each of the bounds, and one for what is above.
func sizeBins(bounds []uint32) []sizeBin {
	if bounds == nil {
		bounds = []uint32{1, 10, 100, 1000}
	}
	var out []sizeBin
	next := uint32(1)
	for _, b := range bounds {
		out = append(out, sizeBin{least: next, most: b})
		next = b + 1
	}
	return append(out, sizeBin{least: next})
}

func (st *stats) binOf(j *job) *sizeBin {
	at := slices.IndexFunc(st.bins, func(b sizeBin) bool { return b.most == 0 || j.group.Spec.Instances <= b.most })
	return &st.bins[at]
}

// SizeBin is the jobs (task groups) with about as many instances that are over.
type SizeBin struct {
	// Instances says how many, such as "2-10".
	Instances string `json:"instances"`
	Jobs      int64  `json:"jobs"`
	// Wait is from the arrival of a job to the start of its first instance, Completion to the end of
	// its last one, in seconds.
	Wait       Spread `json:"wait_s"`
	Completion Spread `json:"completion_s"`
}

// sizeResults are the bins that have jobs.
func (st *stats) sizeResults() []SizeBin {
	var out []SizeBin
	for i := range st.bins {
		b := &st.bins[i]
		if b.jobs > 0 {
			out = append(out, SizeBin{b.name(), b.jobs, b.wait.figures(), b.completion.figures()})
		}
	}
	return out
}

func (b *sizeBin) name() string {
	least, most := strconv.Itoa(int(b.least)), strconv.Itoa(int(b.most))
	switch {
	case b.most == 0:
		return least + "+"
	case b.least == b.most:
		return least
	}
	return least + "-" + most
}
