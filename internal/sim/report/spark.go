package report

import "fairlead/internal/sim"

// sparkWidth is how many characters a sparkline has.
const sparkWidth = 24

// Sparks draw the dominant shares over time of a run's frameworks with one line of text each, all to the
// same scale, on which a full block is the largest share that anybody had. There are none without Samples.
func Sparks(r *sim.Result) map[[2]string]string { // by framework and role
	out := map[[2]string]string{}
	s := r.Samples
	if s == nil || len(s.AtS) == 0 {
		return out
	}
	ends := make([]float64, sparkWidth)
	for i := range ends {
		ends[i] = s.EndS * float64(i+1) / sparkWidth
	}
	most, lines := 0.0, make([][]float64, len(s.Frameworks))
	for i, f := range s.Frameworks {
		lines[i] = resample(s, f.Share, ends)
		for _, v := range lines[i] {
			most = max(most, v)
		}
	}
	for i, f := range s.Frameworks {
		out[[2]string{f.Name, f.Role}] = spark(lines[i], most)
	}
	return out
}

// spark shows nothing at all as a dot, so that the least share can be told from it.
func spark(values []float64, most float64) string {
	blocks := []rune("▁▂▃▄▅▆▇█")
	out := make([]rune, len(values))
	for i, v := range values {
		if out[i] = '·'; v > 0 {
			out[i] = blocks[min(len(blocks)-1, int(v/most*float64(len(blocks))))]
		}
	}
	return string(out)
}
