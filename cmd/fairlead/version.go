package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// buildInfo is what 'fairlead version' prints.
type buildInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// version is set by the linker (see the Makefile). Without it the version is
// what the Go toolchain wrote into the binary.
var version string

func build() buildInfo {
	b := buildInfo{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if b.Version == "" {
		b.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			b.Revision = s.Value
		}
	}
	return b
}

func (a *app) versionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		GroupID: groupOther,
		Long:    "Print the version of this program, and what it was built from and with.",
		Example: `  fairlead version
  fairlead version --format json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := build()
			return ours(a.print(v, func(w io.Writer) {
				fmt.Fprintf(w, "fairlead %s (%s, %s)\n", v.Version, v.Go, v.Platform)
			}))
		},
	}
	a.formatFlag(cmd)
	return cmd
}
