package api

import (
	"context"
	"net/http"

	"fairlead/allocator"
)

// Fairness is the answer of /v1/fairness. Sums run over the time that was
// measured, in share-seconds: 1 is the whole cluster for one second.
type Fairness struct {
	MeasuredS  float64    `json:"measured_s"`
	Frameworks []FairNode `json:"frameworks"`
	Roles      []FairNode `json:"roles"`
	// Offers and Holds are what lay idle in offers, and in what was kept for task
	// groups that wait: by resource.
	Offers map[string]float64 `json:"offers"`
	Holds  map[string]float64 `json:"holds"`
}

// FairNode is how fairly a framework, or a role with all below it, is served.
type FairNode struct {
	Name string `json:"name"`
	Role string `json:"role,omitempty"` // of a framework
	// Share is the dominant share held, before the weight, Fair what exact DRF over
	// the demands of now gives, Error the one less the other.
	Share float64 `json:"share"`
	Fair  float64 `json:"fair"`
	Error float64 `json:"error"`
	Below bool    `json:"below"` // could start an instance that waits, and stay within Fair
	// Envy is by how much the share would be larger with what a sibling has, Kept
	// what is kept for its task groups that wait.
	Envy   float64 `json:"envy"`
	Kept   float64 `json:"kept"`
	ShareS float64 `json:"share_s"`
	FairS  float64 `json:"fair_s"`
	ErrorS float64 `json:"error_s"` // whichever way it went
	ShortS float64 `json:"short_s"`
	EnvyS  float64 `json:"envy_s"`
	KeptS  float64 `json:"kept_s"`
	BelowS float64 `json:"below_s"` // seconds
}

func (s *Server) fairness(w http.ResponseWriter, r *http.Request) error {
	f, err := s.cfg.Scheduler.Fairness(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, fairnessOf(f))
	return nil
}

func fairnessOf(f *allocator.Fairness) Fairness {
	out := Fairness{
		MeasuredS: float64(f.Millis) / 1000, Frameworks: []FairNode{}, Roles: []FairNode{},
		Offers: idleOf(f.Offers), Holds: idleOf(f.Holds),
	}
	for i := range f.Frameworks {
		n := fairNode(&f.Frameworks[i])
		n.Name, n.Role = f.Frameworks[i].Framework, f.Frameworks[i].Role
		out.Frameworks = append(out.Frameworks, n)
	}
	for i := range f.Roles {
		n := fairNode(&f.Roles[i])
		n.Name = f.Roles[i].Role
		out.Roles = append(out.Roles, n)
	}
	return out
}

func fairNode(f *allocator.FairnessOf) FairNode {
	return FairNode{
		Share: f.Share.Float(), Fair: f.Fair.Float(), Error: f.Error().Float(), Below: f.Below, Envy: f.Envy.Float(), Kept: f.Kept.Float(),
		ShareS: f.Sums.Share.Float(), FairS: f.Sums.Fair.Float(), ErrorS: f.Sums.Error.Float(), ShortS: f.Sums.Short.Float(),
		EnvyS: f.Sums.Envy.Float(), KeptS: f.Sums.Kept.Float(), BelowS: float64(f.Sums.BelowMillis) / 1000,
	}
}

func idleOf(held []allocator.HeldOver) map[string]float64 {
	out := map[string]float64{}
	for _, h := range held {
		out[h.Name] = h.Sum.Float()
	}
	return out
}

// shares answers with the tree, and with what is fair in it.
func (s *Server) shares(w http.ResponseWriter, r *http.Request) error {
	all, err := s.sharesNow(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, all)
	return nil
}

// sharesNow is the tree as it stands, with what is fair in it.
func (s *Server) sharesNow(ctx context.Context) (Shares, error) {
	v, err := s.cfg.Scheduler.View(ctx)
	if err != nil {
		return Shares{}, err
	}
	f, err := s.cfg.Scheduler.Fairness(ctx)
	if err != nil {
		return Shares{}, err
	}
	return sharesOf(v, f), nil
}

// judge adds to a tree what is fair. What came or went in between is left out.
func (s *Shares) judge(f *allocator.Fairness) {
	type key struct{ role, framework string }
	by := map[key]*allocator.FairnessOf{}
	for _, list := range [][]allocator.FairnessOf{f.Roles, f.Frameworks} {
		for i := range list {
			by[key{list[i].Role, list[i].Framework}] = &list[i]
		}
	}
	for i := range s.Roles {
		s.Roles[i].judge(by[key{s.Roles[i].Name, ""}])
	}
	for i := range s.Frameworks {
		s.Frameworks[i].judge(by[key{s.Frameworks[i].Role, s.Frameworks[i].Name}])
	}
}

func (s *Standing) judge(f *allocator.FairnessOf) {
	if f != nil {
		s.FairShare, s.ShareError = rounded(f.Fair.Float()), rounded(f.Error().Float())
	}
}
