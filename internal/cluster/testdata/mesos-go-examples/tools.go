//go:build tools

// Package mesosgoexamples pins what mesos-go's own example framework is built
// with: it needs the Prometheus client of 2018.
package mesosgoexamples

import (
	_ "github.com/mesos/mesos-go/api/v1/cmd/example-executor"
	_ "github.com/mesos/mesos-go/api/v1/cmd/example-scheduler"
)
