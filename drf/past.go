package drf

import "math/bits"

// SetPast tells what a framework held lately, on average; all policies of shares
// count it like what it holds now. So who used more of late is served later. It
// moves no resources: Share and Allocated are of what is held now.
func (t *Tree) SetPast(n Node, past Vector) {
	before := t.nodes[n].past
	if past == before {
		return
	}
	t.lately, t.plain = true, false
	for at := n; at != noNode; at = t.nodes[at].parent {
		d := &t.nodes[at]
		for k := range past {
			d.past[k] += past[k] - before[k]
		}
		t.changed(at)
		t.fix(at)
	}
}

// Past is what a node and everything below it held lately.
func (t *Tree) Past(n Node) Vector { return t.nodes[n].past }

// counts is what policies of shares count a node as holding.
func (t *Tree) counts(n Node) Vector {
	if !t.lately {
		return t.nodes[n].allocated
	}
	return t.nodes[n].allocated.Add(t.nodes[n].past)
}

// dominantOf is the weighted dominant share of a vector for a node.
func (t *Tree) dominantOf(n Node, v *Vector) Share {
	most := Share{Weight: t.nodes[n].weight}
	for k, a := range v {
		if a == 0 || t.total[k] == 0 {
			continue
		}
		if s := t.weighted(n, uint64(a), uint64(t.total[k])); s.Compare(most) > 0 {
			most = s
		}
	}
	return most
}

// HalfLifeSteps is how many steps of Decay halve what was held before.
const HalfLifeSteps = 64

// decayPart is 1 - 2^(-1/64) in units of 2^-32.
const decayPart = 46_265_331

// Decay moves an average of what was held one step on: a 64th of its half-life
// later, in which held was held. It moves by a thousandth at least, so that it
// comes to held in the end.
func Decay(past, held Vector) Vector {
	for k := range past {
		switch gap := held[k] - past[k]; {
		case gap > 0:
			past[k] += decayed(gap)
		case gap < 0:
			past[k] -= decayed(-gap)
		}
	}
	return past
}

func decayed(gap Amount) Amount {
	hi, lo := bits.Mul64(uint64(gap), decayPart)
	return max(Amount(hi<<32|lo>>32), 1)
}
