package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The examples of what task groups and roles can ask for come out in simulation as
// their READMEs say.
func TestTheExamplesOfTheAllocator(t *testing.T) {
	for file, want := range map[string]string{
		"daemon/shipper.yaml":      "batch 0 0/1, ops 2 1/6",
		"elastic/farm.yaml":        "render 4 1/2, web 4 1/2",
		"periodic/reports.yaml":    "nightly 0 0/1",
		"sidecar/training.yaml":    "train 0 0/1",
		"roles/company.yaml":       "crm 2 1/6, spark 4 1/3, stands 2 1/6, web 4 1/3",
		"preemption/takeover.yaml": "batch 4 1/2, service 4 1/2",
		"gang/training.yaml":       "small 0 0/1, train 0 0/1",
	} {
		var got []string
		for _, f := range simulateFiles(t, filepath.Join(examples, file))[0].Frameworks {
			got = append(got, fmt.Sprintf("%s %d %d/%d", f.Name, f.Running, f.Num, f.Den))
		}
		if all := strings.Join(got, ", "); all != want {
			t.Errorf("%s: got %s, want %s", file, all, want)
		}
	}
}

// The same examples with real processes: each script fails unless it comes to
// the same outcome.
func TestTheExamplesLive(t *testing.T) {
	binary, err := filepath.Abs(filepath.Join(bin, "fairlead"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"roles", "gang", "preemption", "daemon", "elastic", "periodic", "sidecar"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of the time tasks sleep
			cmd := exec.Command(filepath.Join(examples, name, "live.sh"))
			cmd.Env = append(os.Environ(), "FAIRLEAD="+binary)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		})
	}
}
