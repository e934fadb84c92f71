package sim

// Difference is by how much a framework did differently than in the base of a what-if. It is positive where
// the figure is larger than there.
type Difference struct {
	MeanShare       float64 `json:"mean_share"`
	MeanWaitS       float64 `json:"mean_wait_s"`
	MeanCompletionS float64 `json:"mean_completion_s"`
	Running         int64   `json:"running"`
	Finished        int64   `json:"finished"`
}

// CompareTo says of each framework what differs from its result in base, where it is there too.
func (r *Result) CompareTo(base *Result) {
	before := make(map[string]*FrameworkResult) // by name: a change may have moved it to another role
	for i := range base.Frameworks {
		before[base.Frameworks[i].Name] = &base.Frameworks[i]
	}
	for i := range r.Frameworks {
		f := &r.Frameworks[i]
		if b := before[f.Name]; b != nil {
			f.Difference = &Difference{
				MeanShare: rounded(f.MeanShare - b.MeanShare), MeanWaitS: rounded(f.MeanWaitS - b.MeanWaitS),
				MeanCompletionS: rounded(f.MeanCompletionS - b.MeanCompletionS),
				Running:         f.Running - b.Running, Finished: f.Finished - b.Finished,
			}
		}
	}
}
