package trace

import (
	"context"
	"errors"
	"strings"
	"testing"

	"fairlead/internal/sim"
	"fairlead/internal/strictyaml"
)

// A trace that is read as it is simulated gives what its written scenario gives, to the digest, as often
// as it is run.
func TestAStreamIsTheWrittenScenario(t *testing.T) {
	for name, opts := range map[string]Options{
		"KTH": {Format: "swf", Files: []string{"swf/KTH-SP2-1996-h1.swf"}, Limit: 300},
		"MetaCentrum": {
			Format: "swf", Files: []string{"swf/MetaCentrum-wagap-2013-p1.swf.gz"},
			Cluster: "swf/MetaCentrum-wagap-2013.machines", Limit: 500,
		},
		"openb": {
			Format: "openb", Files: []string{"openb-gpu-2023/openb_pod_list_gpuspec10.csv"},
			Cluster: "openb-gpu-2023/openb_node_list_all_node.csv", Limit: 1000,
		},
		"swim":          {Format: "swim", Files: []string{"swim-facebook-2009/FB-2009_samples_24_times_1hr_0.tsv"}, Limit: 100, Tenants: 3},
		"alibaba-batch": {Format: "alibaba-batch", Files: []string{"alibaba-batch-2017/jobs_odd.csv"}, Limit: 100},
		"alibaba-dlrm": {
			Format: "alibaba-dlrm", Files: []string{"alibaba-dlrm-2025/dlrm_even_apps.csv"},
			Cluster: "testdata/large.yaml", Limit: 1000,
		},
	} {
		t.Run(name, func(t *testing.T) {
			written, _ := runSample(t, opts)
			stream, err := OpenStream(located(t, opts))
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				r, err := sim.Run(context.Background(), stream.Scenario, sim.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if r.Digest != written.Digest || r.EndS != written.EndS {
					t.Errorf("streamed: %s at %v s; written: %s at %v s", r.Digest, r.EndS, written.Digest, written.EndS)
				}
			}
			if s := stream.Summary(); s.Jobs != opts.Limit && s.Jobs != opts.Limit-2 {
				t.Errorf("the summary has %d jobs", s.Jobs)
			}
		})
	}
}

// What is wrong further down is found when the simulation comes there.
func TestAStreamThatBreaks(t *testing.T) {
	for name, c := range map[string]struct{ more, want string }{
		"malformed":    {"3 9 0 ten 1 -1 -1 -1 -1 -1 1 1 1 -1 -1 -1 -1 -1\n", "f:4:7: run: expected a number"},
		"out of order": {"3 2 0 10 1 -1 -1 -1 -1 -1 1 1 1 -1 -1 -1 -1 -1\n", "f:4:1: arrives before the job above it"},
	} {
		stream, err := OpenStream(Options{Format: "swf", Files: []string{"f"}, Open: memory{"f": twoJobs + c.more}.open})
		if err != nil {
			t.Fatal(err)
		}
		_, err = sim.Run(context.Background(), stream.Scenario, sim.Options{})
		var all strictyaml.Errors
		if !errors.As(err, &all) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

func TestATraceThatCannotBeStreamed(t *testing.T) {
	for want, opts := range map[string]Options{
		"can't be standard input": {Format: "swf", Files: []string{"-"}},
		"no job to simulate":      {Format: "swf", Files: []string{"f"}, Open: memory{"f": "; MaxNodes: 1\n"}.open},
		"csv traces name no":      {Format: "csv", Files: []string{"f"}},
		"expected 18 fields":      {Format: "swf", Files: []string{"f"}, Open: memory{"f": "1 2\n"}.open},
	} {
		if _, err := OpenStream(opts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
