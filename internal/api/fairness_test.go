package api_test

import (
	"reflect"
	"testing"

	"fairlead/internal/api"
)

// A has all four CPUs, then B comes, which is entitled to half and gets nothing
// for ten seconds; each step of the test takes one more.
func TestFairnessTellsWhoIsShortAndForHowLong(t *testing.T) {
	f := serve(t, "cpus:4;mem:100000")
	f.submit(group("A", "a", "instances: 8"))
	f.submit(group("B", "b", "instances: 8"))
	f.pass(9_000)
	got := read[api.Fairness](f, "/v1/fairness")
	want := api.Fairness{
		MeasuredS: 11, Offers: map[string]float64{}, Holds: map[string]float64{},
		Frameworks: []api.FairNode{
			{Name: "A", Role: "*", Share: 1, Fair: .5, Error: .5, ShareS: 11, FairS: 6, ErrorS: 5},
			{Name: "B", Role: "*", Fair: .5, Error: -.5, Below: true, Envy: 1, FairS: 5, ErrorS: 5, ShortS: 5, EnvyS: 10, BelowS: 10},
		},
		Roles: []api.FairNode{{Name: "*", Share: 1, Fair: 1, ShareS: 11, FairS: 11}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	shares := read[api.Shares](f, "/v1/shares")
	if b := shares.Frameworks[1]; b.FairShare != .5 || b.ShareError != -.5 {
		t.Errorf("shares of B: %+v", b)
	}
}
