package trace

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fairlead/drf"
	"fairlead/internal/sim"
)

// sample is a path below the folder with whole traces, which is beside the repository and not in it.
func sample(t *testing.T, path string) string {
	t.Helper()
	root := filepath.Join("..", "..", "..", "..", "shared", "traces")
	if _, err := os.Stat(root); err != nil {
		t.Skipf("needs the traces in the folder shared beside the repository: %v", err)
	}
	return filepath.Join(root, filepath.FromSlash(path))
}

func openFile(name string) (io.ReadCloser, error) { return os.Open(name) }

// The numbers are those that the README beside each sample states.
func TestSamples(t *testing.T) {
	kth, wagap := Options{Format: "swf", Files: []string{"swf/KTH-SP2-1996-h1.swf"}}, Options{
		Format: "swf", Files: []string{"swf/MetaCentrum-wagap-2013-p1.swf.gz"}, Cluster: "swf/MetaCentrum-wagap-2013.machines",
	}
	openb := Options{
		Format: "openb", Files: []string{"openb-gpu-2023/openb_pod_list_default.csv"},
		Cluster: "openb-gpu-2023/openb_node_list_all_node.csv",
	}
	tied, resampled := openb, openb
	tied.Files = []string{"openb-gpu-2023/openb_pod_list_gpuspec10.csv"}
	resampled.Files = []string{"openb-gpu-2023/openb_pod_list_multigpu20.csv"}
	for name, c := range map[string]struct {
		opts                  Options
		jobs, groups          int64
		instances, frameworks int64
		totals, work          map[string]string
	}{
		"KTH":         {kth, 13_385, 13_385, 123_214, 136, map[string]string{"cpus": "123214"}, map[string]string{"cpus": "1021042995"}},
		"MetaCentrum": {wagap, 6_890, 6_888, 7_900, 54, map[string]string{"cpus": "75942"}, nil}, // 72278 and 16 more for each of 229 jobs that want nodes of 80 for themselves
		"openb": {openb, 8_152, 8_152, 8_152, 4,
			map[string]string{"cpus": "85436.012", "mem": "303546211", "gpus": "6086.8"}, nil},
		// Two pods want 120 cores and 8 GPUs of a model whose machines have 96 cores.
		"openb with GPU models": {tied, 8_152, 8_150, 8_150, 4,
			map[string]string{"cpus": "85196.012", "mem": "302071651", "gpus": "6070.8"}, nil},
		"openb of five columns": {resampled, 8_324, 8_324, 8_324, 1, nil, nil},
		"swim": {Options{Format: "swim", Files: []string{"swim-facebook-2009/FB-2009_samples_24_times_1hr_0.tsv"}},
			5_894, 5_894 + (5_894 - 4_448), 227_608, 1, nil, nil},
		"alibaba-batch": {Options{Format: "alibaba-batch", Files: []string{"alibaba-batch-2017/jobs_odd.csv"}},
			16_035, 16_035, 1_281_387, 2_613, nil, map[string]string{"cpus": "53964107.867"}},
		"alibaba-dlrm": {Options{Format: "alibaba-dlrm", Files: []string{"alibaba-dlrm-2025/dlrm_even_apps.csv"}, Cluster: "testdata/large.yaml"},
			13_624, 13_624, 13_624, 78,
			map[string]string{"cpus": "665306", "gpus": "4460", "rdma": "189092", "mem": "3440773632", "disk": "4878745600"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := readSample(t, c.opts).Summary()
			if s.Read != c.jobs || s.Groups != c.groups || s.Instances != c.instances || int64(s.Frameworks()) != c.frameworks {
				t.Errorf("got %d jobs, %d groups, %d instances, %d frameworks; want %d, %d, %d, %d",
					s.Read, s.Groups, s.Instances, s.Frameworks(), c.jobs, c.groups, c.instances, c.frameworks)
			}
			for resource, want := range c.totals {
				if got := s.Total(resource); got != want {
					t.Errorf("%s: got %s in all, want %s", resource, got, want)
				}
			}
			for resource, want := range c.work {
				if got := s.Work(resource); got != want {
					t.Errorf("%s: got %s times run time, want %s", resource, got, want)
				}
			}
		})
	}
}

// located finds the files of options among the samples.
func located(t *testing.T, opts Options) Options {
	t.Helper()
	opts.Open = openFile
	opts.Files = []string{sample(t, opts.Files[0])}
	if opts.Cluster != "" && !strings.HasPrefix(opts.Cluster, "testdata/") {
		opts.Cluster = sample(t, opts.Cluster)
	}
	return opts
}

func readSample(t *testing.T, opts Options) *Reader {
	t.Helper()
	r, err := Open(located(t, opts))
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range r.Jobs() {
		if err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func TestTheTwoImpossibleJobsOfMetaCentrum(t *testing.T) {
	r := readSample(t, Options{
		Format: "swf", Files: []string{"swf/MetaCentrum-wagap-2013-p1.swf.gz"}, Cluster: "swf/MetaCentrum-wagap-2013.machines",
	})
	left := r.Summary().LeftOut
	// Jobs are numbered from 0, lines from 1.
	want := []int{4185 + 1, 4199 + 1}
	if len(left) != 1 || left[0].Reason != "negative run time" || left[0].Jobs != 2 || left[0].Places[0].Line != want[0] || left[0].Places[1].Line != want[1] {
		t.Errorf("left out: %+v; want a negative run time in lines %v", left, want)
	}
}

func TestNodesOfOpenb(t *testing.T) {
	for file, want := range map[string]struct {
		nodes  int
		totals map[string]string
		shapes int
	}{
		"openb_node_list_all_node.csv": {1_523, map[string]string{"cpus": "125514", "mem": "612028416", "gpus": "6212"}, 27},
		"openb_node_list_gpu_node.csv": {1_213, map[string]string{"cpus": "107018", "mem": "503828480", "gpus": "6212"}, 0},
	} {
		r, err := Open(Options{Format: "openb", Open: openFile, Cluster: sample(t, "openb-gpu-2023/"+file)})
		if err != nil {
			t.Fatal(err)
		}
		totals, shapes := map[string]drf.Amount{}, map[string]bool{}
		for _, m := range r.Machines() {
			shape := ""
			for _, q := range m.Resources {
				totals[q.Name] += q.Amount
				shape += q.Name + q.Amount.String() + " "
			}
			for _, a := range m.Attributes {
				shape += a.Value
			}
			shapes[shape] = true
		}
		if len(r.Machines()) != want.nodes || want.shapes > 0 && len(shapes) != want.shapes {
			t.Errorf("%s: got %d nodes of %d shapes, want %d of %d", file, len(r.Machines()), len(shapes), want.nodes, want.shapes)
		}
		for resource, total := range want.totals {
			if totals[resource].String() != total {
				t.Errorf("%s: got %s %s, want %s", file, totals[resource], resource, total)
			}
		}
	}
}

// Bytes are what a swim trace has; the sums show that no line was read wrong.
func TestBytesOfSwim(t *testing.T) {
	l := lines{open: openFile, files: []string{sample(t, "swim-facebook-2009/FB-2009_samples_24_times_1hr_0.tsv")}}
	var r record
	var input, shuffle, output int64
	for l.next(&r) == nil {
		if _, ok := (swim{}).parse(&r, nil); !ok {
			t.Fatal(r.err)
		}
		input, shuffle, output = input+r.whole(3), shuffle+r.whole(4), output+r.whole(5)
	}
	if input != 26_886_497_357_605 || shuffle != 22_216_712_306_762 || output != 6_852_686_303_142 {
		t.Errorf("got %d / %d / %d bytes", input, shuffle, output)
	}
}

// What is imported can be run, and comes out the same each time.
func TestImportedScenariosRun(t *testing.T) {
	for name, opts := range map[string]Options{
		"KTH, the first 500 jobs": {Format: "swf", Files: []string{"swf/KTH-SP2-1996-h1.swf"}, Limit: 500},
		"openb, filled": {
			Format: "openb", Files: []string{"openb-gpu-2023/openb_pod_list_default.csv"},
			Cluster: "openb-gpu-2023/openb_node_list_all_node.csv", Fill: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			first, r := runSample(t, opts)
			second, _ := runSample(t, opts)
			if first.Digest != second.Digest {
				t.Errorf("digest %s, then %s", first.Digest, second.Digest)
			}
			finished, running := int64(0), int64(0)
			for _, f := range first.Frameworks {
				finished, running = finished+f.Finished, running+f.Running
			}
			if !opts.Fill && finished != r.Summary().Instances {
				t.Errorf("%d instances finished, want all %d", finished, r.Summary().Instances)
			}
			// Almost all GPUs are asked for, and pods of whole GPUs fit nowhere else.
			if opts.Fill && (running != first.Decisions || first.Utilization["gpus"] < 0.9 || first.EndS != 0) {
				t.Errorf("%d running after %d placements at %v s, %v in use; want a full cluster at 0 s",
					running, first.Decisions, first.EndS, first.Utilization)
			}
		})
	}
}

func runSample(t *testing.T, opts Options) (*sim.Result, *Reader) {
	t.Helper()
	r, err := Open(located(t, opts))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := r.Write(&out); err != nil {
		t.Fatal(err)
	}
	scenarios, err := sim.Parse("scenario.json", out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	result, err := sim.Run(context.Background(), scenarios[0], sim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return result, r
}

// Ids of all samples rise, so that no name was made up for any.
func TestIDsOfSamplesStay(t *testing.T) {
	r, err := Open(located(t, Options{Format: "alibaba-batch", Files: []string{"alibaba-batch-2017/jobs_odd.csv"}}))
	if err != nil {
		t.Fatal(err)
	}
	for job, err := range r.Jobs() {
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(job.Groups, func(g Group) bool { return g.Name != job.ID }) {
			t.Fatalf("line %d: %+v, want the name %s", job.Line, job.Groups, job.ID)
		}
	}
}
