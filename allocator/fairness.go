package allocator

import (
	"cmp"
	"math/bits"
	"slices"

	"fairlead/drf"
)

// Ppm is a share of the cluster in millionths.
type Ppm int64

// Float is the share as a fraction, for printing: 0.333333.
func (p Ppm) Float() float64 { return float64(p) / 1e6 }

// ShareTime is a share summed up over time, in millionths × milliseconds.
type ShareTime int64

// Float is the sum in share-seconds, for printing: 1 is the whole cluster for
// one second.
func (t ShareTime) Float() float64 { return float64(t) / 1e9 }

// over is a share for some milliseconds.
func (p Ppm) over(millis int64) ShareTime { return ShareTime(int64(p) * millis) }

// Fairness says how fairly everybody is served, now and since the first group
// was submitted. Lists are sorted by name.
type Fairness struct {
	At         int64
	Millis     int64 // how much time the sums are of
	Frameworks []FairnessOf
	Roles      []FairnessOf
	// Offers is what lies in offers that were neither used nor given back, Holds
	// what is free and kept for groups that wait; by resource.
	Offers, Holds []HeldOver
}

// FairnessOf is how fairly one framework or role is served.
type FairnessOf struct {
	Framework string // "" for a role
	Role      string
	Weight    drf.Amount
	// Held is what it holds, Demand that and what it has in line, Entitled what
	// exact DRF over all demands of now gives it (drf.FairShares).
	Held, Demand, Entitled drf.Vector
	Judgement
	Sums FairnessSums
}

// Judgement is how fairly somebody is served at one moment.
type Judgement struct {
	Share Ppm // the dominant share that it holds
	Fair  Ppm // the dominant share that it is entitled to
	// Envy is by how much its share would be larger if it had what a sibling in
	// its role has, per weight: the most of all siblings. 0 if nothing of it waits.
	Envy Ppm
	// Below says that it could start an instance that waits and stay within what
	// it is entitled to.
	Below bool
	Kept  Ppm // the dominant share of what is kept for its groups
}

// Error is what it holds beyond what is fair; negative if it is short of that.
func (j *Judgement) Error() Ppm { return j.Share - j.Fair }

// FairnessSums is judgements over time.
type FairnessSums struct {
	Share, Fair, Envy, Kept ShareTime
	Error                   ShareTime // of the error, whichever way it goes
	Short                   ShareTime // of the error where it is negative
	BelowMillis             int64
}

func (s *FairnessSums) add(j *Judgement, millis int64) {
	s.Share += j.Share.over(millis)
	s.Fair += j.Fair.over(millis)
	s.Envy += j.Envy.over(millis)
	s.Kept += j.Kept.over(millis)
	s.Error += max(j.Error(), -j.Error()).over(millis)
	s.Short += max(-j.Error(), 0).over(millis)
	if j.Below {
		s.BelowMillis += millis
	}
}

// HeldOver is what of a resource lies idle, now and over time.
type HeldOver struct {
	Name string
	Now  Ppm
	Sum  ShareTime
}

// Fairness judges everybody by the demands of now: O(everything). The sums are
// those that were measured on the way (Config.FairnessMillis).
func (s *State) Fairness() *Fairness {
	s.syncTotal()
	out := &Fairness{At: s.now, Millis: s.measured.millis}
	f := s.judge()
	for i, n := range f.nodes {
		q := s.queueAt(n)
		of := FairnessOf{
			Role: s.tree.Path(n), Weight: s.tree.Weight(n).Amount(), Held: s.tree.Allocated(n), Demand: f.demands[i],
			Entitled: f.entitled[i], Judgement: f.judged[i], Sums: s.measured.of(n),
		}
		if q == nil {
			out.Roles = append(out.Roles, of)
			continue
		}
		of.Framework, of.Role = q.name, q.role
		out.Frameworks = append(out.Frameworks, of)
	}
	slices.SortFunc(out.Roles, func(a, b FairnessOf) int { return cmp.Compare(a.Role, b.Role) })
	slices.SortFunc(out.Frameworks, func(a, b FairnessOf) int {
		return cmp.Or(cmp.Compare(a.Framework, b.Framework), cmp.Compare(a.Role, b.Role))
	})
	out.Offers = s.heldOver(f.offers, &s.measured.offers)
	out.Holds = s.heldOver(f.holds, &s.measured.holds)
	return out
}

func (s *State) heldOver(now drf.Vector, sums *[drf.MaxKinds]ShareTime) []HeldOver {
	var out []HeldOver
	for k := range s.kinds.Len() {
		if now[k] > 0 || sums[k] > 0 {
			out = append(out, HeldOver{s.kinds.Name(drf.Kind(k)), ppmOf(now[k], s.total[k]), sums[k]})
		}
	}
	return out
}

// queueAt is the queue of a framework, nil for a role.
func (s *State) queueAt(n drf.Node) *queue {
	if int(n) >= len(s.queues) {
		return nil
	}
	return s.queues[n]
}

// ppmOf is a part of a total, at most all of it.
func ppmOf(a, total drf.Amount) Ppm {
	if a <= 0 || total <= 0 {
		return 0
	}
	return Ppm(mulDiv(uint64(min(a, total)), 1e6, uint64(total)))
}

// dominantPpm is the dominant share of a vector.
func dominantPpm(total, v *drf.Vector) Ppm {
	most := Ppm(0)
	for k, a := range v {
		if a > 0 {
			most = max(most, ppmOf(a, total[k]))
		}
	}
	return most
}

// heldPpm is the dominant share of what somebody holds: more than all of a
// resource where it is over-committed.
func heldPpm(total, held *drf.Vector) Ppm {
	most := Ppm(0)
	for k, a := range held {
		if a > 0 && total[k] > 0 {
			most = max(most, Ppm(min(mulDiv(uint64(a), 1e6, uint64(total[k])), mostPpm)))
		}
	}
	return most
}

// mostPpm bounds a share, so that sums over time can't overflow.
const mostPpm = 1e9

// Party is a role or a framework among which a cluster is divided.
type Party struct {
	drf.Claim
	Framework bool
	Held      drf.Vector
	// Waits says that something of a framework waits for room, Next what instances
	// of that take.
	Waits bool
	Next  []drf.Vector
}

// Judge says how fairly each party is served by what it holds, whoever decided
// that: all but Kept. The cost is that of drf.FairShares and, at worst, of the
// square of the frameworks of a role.
func Judge(total drf.Vector, parties []Party) []Judgement {
	judged, _ := judge(total, parties)
	return judged
}

// judge says also what each party is entitled to.
func judge(total drf.Vector, parties []Party) ([]Judgement, []drf.Vector) {
	claims := make([]drf.Claim, len(parties))
	for i := range parties {
		claims[i] = parties[i].Claim
	}
	entitled := drf.FairShares(total, claims)
	judged := make([]Judgement, len(parties))
	for i := range parties {
		p := &parties[i]
		judged[i].Share, judged[i].Fair = heldPpm(&total, &p.Held), dominantPpm(&total, &entitled[i])
		judged[i].Below = slices.ContainsFunc(p.Next, func(one drf.Vector) bool { return p.Held.Add(one).FitsIn(entitled[i]) })
	}
	judgeEnvy(&total, parties, judged)
	return judged, entitled
}

// mulDiv is a × b / c, rounded down; all that there is in 64 bits if it is more.
func mulDiv(a, b, c uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	if hi >= c {
		return ^uint64(0)
	}
	q, _ := bits.Div64(hi, lo, c)
	return q
}
