package trace

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"fairlead/drf"
	"fairlead/internal/sim"
)

// Each script shows traces and what becomes of them. `go test -rewrite` refreshes them.
//
//	file NAME       keeps the input as a file
//	import FORMAT [cluster=FILE] [files=(FILE,...)] [tenants=N] [limit=N] [scale=F] [sample=PERCENT] [fill]
//	                the scenario and the summary; the trace is the input unless there are files
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		if !strings.HasSuffix(path, ".txt") {
			return
		}
		files := memory{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "file":
				files[d.CmdArgs[0].Key] = d.Input + "\n"
				return ""
			case "import":
				files["trace"] = d.Input + "\n"
				return imported(t, options(t, d, files))
			default:
				d.Fatalf(t, "unknown command")
				return ""
			}
		})
	})
}

// memory is files by name.
type memory map[string]string

func (m memory) open(name string) (io.ReadCloser, error) {
	text, ok := m[name]
	if !ok {
		return nil, fmt.Errorf("no file %s", name)
	}
	return io.NopCloser(strings.NewReader(text)), nil
}

func options(t *testing.T, d *datadriven.TestData, files memory) Options {
	opts := Options{Format: d.CmdArgs[0].Key, Files: []string{"trace"}, Open: files.open, Fill: d.HasArg("fill")}
	d.MaybeScanArgs(t, "cluster", &opts.Cluster)
	d.MaybeScanArgs(t, "tenants", &opts.Tenants)
	d.MaybeScanArgs(t, "limit", &opts.Limit)
	for _, arg := range d.CmdArgs {
		if arg.Key == "files" {
			opts.Files = arg.Vals
		}
	}
	if percent := 0; d.HasArg("sample") {
		d.ScanArgs(t, "sample", &percent)
		opts.Sample = drf.Amount(percent) * drf.Unit / 100
	}
	if scale := ""; d.MaybeScanArgs(t, "scale", &scale) {
		var err error
		if opts.Scale, err = drf.ParseAmount(scale); err != nil {
			d.Fatalf(t, "%v", err)
		}
	}
	return opts
}

// imported is the scenario and the summary, or the error. A scenario must be one that sim takes.
func imported(t *testing.T, opts Options) string {
	t.Helper()
	r, err := Open(opts)
	if err != nil {
		return err.Error() + "\n"
	}
	var out bytes.Buffer
	if err := r.Write(&out); err != nil {
		return err.Error() + "\n" + summary(t, r)
	}
	if _, err := sim.Parse("scenario.json", out.Bytes()); err != nil {
		t.Errorf("the scenario is refused: %v\n%s", err, out.Bytes())
	}
	return out.String() + summary(t, r)
}

func summary(t *testing.T, r *Reader) string {
	t.Helper()
	if r.Summary().Read == 0 {
		return ""
	}
	var out bytes.Buffer
	if err := r.Summary().Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
