package cluster

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/wire"
)

// resources works out what each of count agents advertises.
func (cfg Config) resources(count int) ([][]mesos.Resource, error) {
	text := cfg.Resources
	if text == "" {
		text = machine(count)
	}
	own, err := wire.ParseResources(text)
	if err != nil {
		return nil, err
	}
	if len(own) == 0 {
		return nil, errors.New("agents without resources")
	}
	overhead, err := wire.ParseResources(cfg.ExecutorOverhead)
	if err != nil {
		return nil, fmt.Errorf("executor overhead: %w", err)
	}
	for range cfg.ExecutorSlots {
		own = own.Plus(overhead...)
	}
	all := make([][]mesos.Resource, count)
	for i := range all {
		all[i] = portsShare(own, i, count)
	}
	return all, nil
}

// portsShare gives agent i of count its part of the ports; everything else
// each agent has for itself.
func portsShare(rs wire.Resources, i, count int) []mesos.Resource {
	var mine wire.Resources
	for _, r := range rs {
		if r.Name == "ports" && r.Ranges != nil {
			r.Ranges = &mesos.Value_Ranges{Range: part(r.Ranges.Range, uint64(i), uint64(count))}
		}
		mine = mine.Plus(r)
	}
	return mine
}

// part cuts each range into count pieces and takes piece i; the last piece has
// the remainder.
func part(ranges []mesos.Value_Range, i, count uint64) []mesos.Value_Range {
	var mine []mesos.Value_Range
	for _, r := range ranges {
		size := (r.End - r.Begin + 1) / count
		piece := mesos.Value_Range{Begin: r.Begin + i*size, End: r.Begin + (i+1)*size - 1}
		if i == count-1 {
			piece.End = r.End
		}
		if piece.Begin <= piece.End && (size > 0 || i == count-1) {
			mine = append(mine, piece)
		}
	}
	return mine
}

// Of the machine, agents leave memory to everything else that runs on it, as a
// Mesos agent does: a gigabyte, or half if there is less than two.
const (
	reservedMemory = 1024 // MB
	unknownMemory  = 1024 // MB, if it cannot be found out
	agentDisk      = 10240
)

// machine is an agent's share of this machine in the Mesos text form.
func machine(count int) string {
	mem := memory()
	if mem > 2*reservedMemory {
		mem -= reservedMemory
	} else {
		mem /= 2
	}
	cpus := float64(runtime.NumCPU()) / float64(count)
	return fmt.Sprintf("cpus:%s;mem:%d;disk:%d;ports:[31000-31999]",
		wire.FormatScalar(cpus), mem/count, agentDisk)
}

// memory is the machine's memory in MB.
func memory() int {
	file, err := os.Open("/proc/meminfo")
	if err != nil {
		return unknownMemory
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) >= 2 && fields[0] == "MemTotal:" {
			if kilobytes, err := strconv.Atoi(fields[1]); err == nil {
				return kilobytes / 1024
			}
		}
	}
	return unknownMemory
}
