package scheduler

import (
	"fairlead/allocator"
	"fairlead/drf"
	"fairlead/proto/journalpb"
)

func encodeWorkload(w *allocator.WorkloadImage, out *journalpb.Snapshot) {
	out.TypicalAt = w.TypicalAt
	out.GpuDemands = convert(w.GPUs, func(d allocator.GPUDemand) journalpb.GpuDemand {
		return journalpb.GpuDemand{Cpus: int64(d.CPUs), Gpus: int64(d.GPUs), Count: d.Count, Typical: d.Typical}
	})
}

func decodeWorkload(in *journalpb.Snapshot) allocator.WorkloadImage {
	return allocator.WorkloadImage{
		TypicalAt: in.TypicalAt,
		GPUs: convert(in.GpuDemands, func(d journalpb.GpuDemand) allocator.GPUDemand {
			return allocator.GPUDemand{CPUs: drf.Amount(d.Cpus), GPUs: drf.Amount(d.Gpus), Count: d.Count, Typical: d.Typical}
		}),
	}
}
