package allocator

import (
	"cmp"
	"fmt"
	"slices"

	"fairlead/drf"
)

// GPUs of an agent that is ours alone are known one by one. A task that asks for
// a part of one gets it of a single device; whole GPUs are whole devices; 1.5 are
// a whole device and a half of another. Of agents of a Mesos master only the sum
// is known: a master hands out whole GPUs.

// device is one GPU of an agent.
type device struct {
	free    drf.Amount // less than 0 if the agent shrank below what runs hold
	staying drf.Amount // held by runs that are not expected to end
}

// maxDevices bounds the GPUs of an agent that are known one by one.
const maxDevices = 1024

// gpuTasks lists the tasks that ask for GPUs, those that ask for most first.
func gpuTasks(tasks []drf.Vector) []int {
	var order []int
	for t, v := range tasks {
		if v[drf.GPUs] > 0 {
			order = append(order, t)
		}
	}
	slices.SortStableFunc(order, func(t, u int) int { return cmp.Compare(tasks[u][drf.GPUs], tasks[t][drf.GPUs]) })
	return order
}

// gpuAsks lists what these tasks ask for.
func gpuAsks(tasks []drf.Vector) []drf.Amount {
	var asks []drf.Amount
	for _, t := range gpuTasks(tasks) {
		asks = append(asks, tasks[t][drf.GPUs])
	}
	return asks
}

// devicesOf is how many devices an amount of GPUs is on.
func devicesOf(gpus drf.Amount) int { return int((gpus + drf.Unit - 1) / drf.Unit) }

// gpuPart is what the n-th device of an amount of GPUs gives: the last one what is
// not whole.
func gpuPart(gpus drf.Amount, n int) drf.Amount { return min(gpus-drf.Amount(n)*drf.Unit, drf.Unit) }

// layDevices makes the devices of an agent anew from what it holds and what its
// runs hold.
func (s *State) layDevices(i int32) {
	a := &s.agents[i]
	a.devices = nil
	if !a.owned || a.total[drf.GPUs] == 0 || a.total[drf.GPUs] > maxDevices*drf.Unit {
		return
	}
	a.devices = make([]device, devicesOf(a.total[drf.GPUs]))
	for n := range a.devices {
		a.devices[n].free = gpuPart(a.total[drf.GPUs], n)
	}
	if a.runs > 0 {
		for r := range s.runs.all() {
			if r.agent == i {
				r.eachDevice(func(n int32, part drf.Amount) { a.holdDevice(r.stays(), n, part) })
			}
		}
	}
}

// takeDevice takes a part of a device, or gives it back if the part is negative.
// The agent may have fewer devices by now.
func (a *agent) takeDevice(n int32, part drf.Amount) {
	if int(n) < len(a.devices) {
		a.devices[n].free -= part
	}
}

// holdDevice is takeDevice for a run, which may stay.
func (a *agent) holdDevice(stays bool, n int32, part drf.Amount) {
	a.takeDevice(n, part)
	if stays && int(n) < len(a.devices) {
		a.devices[n].staying += part
	}
}

// eachDevice yields the devices that the tasks of a run hold which are not over.
func (r *run) eachDevice(yield func(n int32, part drf.Amount)) {
	for t, st := range r.states() {
		if !st.Final() {
			r.eachDeviceOf(int32(t), yield)
		}
	}
}

// eachDeviceOf yields the devices of one task.
func (r *run) eachDeviceOf(task int32, yield func(n int32, part drf.Amount)) {
	if len(r.devices) == 0 {
		return
	}
	first := 0
	for _, v := range r.group.tasks[:task] {
		first += devicesOf(v[drf.GPUs])
	}
	gpus := r.group.tasks[task][drf.GPUs]
	for k := range devicesOf(gpus) {
		yield(r.devices[first+k], gpuPart(gpus, k))
	}
}

// releaseDevices gives back what one task held.
func (s *State) releaseDevices(r *run, task int32) {
	a := &s.agents[r.agent]
	r.eachDeviceOf(task, func(n int32, part drf.Amount) { a.holdDevice(r.stays(), n, -part) })
}

// givenDevices reports whether devices can be those of an instance: as many as
// it asks for, or none where they are not known.
func (g *group) givenDevices(devices []int32) bool {
	n := 0
	for _, ask := range g.gpus {
		n += devicesOf(ask)
	}
	return len(devices) == 0 || len(devices) == n && slices.Min(devices) >= 0
}

// restoreDevices books the devices of a run of an Image. A trial takes agents of
// a master for our own: there a run has what a fresh one would be given.
func (s *State) restoreDevices(r *run) {
	if a := &s.agents[r.agent]; len(r.devices) == 0 && a.fitsDevices(r.group.gpus) {
		r.own().devices = s.pickDevices(r.group, r.agent)
	}
	a := &s.agents[r.agent]
	r.eachDevice(func(n int32, part drf.Amount) { a.holdDevice(r.stays(), n, part) })
}

// fitsDevices reports whether an instance with these asks finds its devices now.
func (a *agent) fitsDevices(asks []drf.Amount) bool {
	if a.devices == nil || len(asks) == 0 {
		return true
	}
	if a.gpusKept {
		return false
	}
	if len(asks) > 1 {
		return timesOnDevices(asks, a.freeDevices(), 1) > 0
	}
	whole, rest := int(asks[0]/drf.Unit), asks[0]%drf.Unit
	partly := rest == 0
	for n := range a.devices {
		switch free := a.devices[n].free; {
		case free >= drf.Unit:
			whole--
		case free >= rest:
			partly = true
		}
	}
	return whole <= 0 && (partly || whole < 0)
}

// freeDevices is what is free of each device.
func (a *agent) freeDevices() []drf.Amount {
	out := make([]drf.Amount, len(a.devices))
	for n := range a.devices {
		out[n] = a.devices[n].free
	}
	return out
}

// drainedDevices is what is free of each device once everything has ended that
// does end.
func (a *agent) drainedDevices() []drf.Amount {
	out := a.emptyDevices()
	for n := range out {
		out[n] -= a.devices[n].staying
	}
	return out
}

// emptyDevices is what each device has when nothing runs.
func (a *agent) emptyDevices() []drf.Amount {
	out := make([]drf.Amount, len(a.devices))
	for n := range a.devices {
		out[n] = gpuPart(a.total[drf.GPUs], n)
	}
	return out
}

// timesOnDevices counts the instances that find their devices one after the
// other, at most a number. It uses the devices up.
func timesOnDevices(asks, free []drf.Amount, most int64) int64 {
	for n := range most {
		for _, ask := range asks {
			if !allot(ask, free, tightest, func(int32) {}) {
				return n
			}
		}
	}
	return most
}

// allot takes an amount of GPUs of devices and tells which: whole ones from the
// first on, and of those that can give the rest the one that choose picks.
func allot(gpus drf.Amount, free []drf.Amount, choose func(rest drf.Amount, free []drf.Amount) int, use func(n int32)) bool {
	for n := 0; gpus >= drf.Unit && n < len(free); n++ {
		if free[n] >= drf.Unit {
			free[n] -= drf.Unit
			gpus -= drf.Unit
			use(int32(n))
		}
	}
	if gpus >= drf.Unit {
		return false
	}
	if gpus > 0 {
		n := choose(gpus, free)
		if n < 0 {
			return false
		}
		free[n] -= gpus
		use(int32(n))
	}
	return true
}

// usable is how much of what an instance asks for free devices can give: all of
// it, or the parts that find a device, and the most that there is for another.
// It uses the devices up.
func usable(asks, free []drf.Amount) drf.Amount {
	sum := drf.Amount(0)
	for _, ask := range asks {
		for n := range devicesOf(ask) {
			part := gpuPart(ask, n)
			if allot(part, free, tightest, func(int32) {}) {
				sum += part
			} else if part < drf.Unit {
				sum += max(slices.Max(free), 0)
			}
		}
	}
	return sum
}

// tightest is the device with the least that is enough, -1 if there is none.
func tightest(rest drf.Amount, free []drf.Amount) int {
	best := -1
	for n, f := range free {
		if f >= rest && (best < 0 || f < free[best]) {
			best = n
		}
	}
	return best
}

// pickDevices chooses the devices for an instance that fits, in the order of its
// tasks; those that ask for most choose first.
func (s *State) pickDevices(g *group, i int32) []int32 {
	a := &s.agents[i]
	if len(g.gpus) == 0 || a.devices == nil {
		return nil
	}
	choose := tightest
	switch {
	case len(g.gpus) > 1:
	case s.cfg.Placement == Random && g.gpus[0] < drf.Unit: // the rest of more must not cut what others of a gang need whole
		choose = func(rest drf.Amount, free []drf.Amount) int { return s.anyDevice(a, rest, free) }
	case s.cfg.Placement == FGD && g.gpus[0] < drf.Unit:
		choose = func(part drf.Amount, free []drf.Amount) int {
			need := &g.hosted
			if a.spare.slot {
				need = &g.demand
			}
			_, n := s.leastFragments(a.spare.free[drf.CPUs]-need[drf.CPUs], part, free)
			return n
		}
	}
	chosen, free := make([][]int32, len(g.tasks)), a.freeDevices()
	for _, t := range gpuTasks(g.tasks) {
		if !allot(g.tasks[t][drf.GPUs], free, choose, func(n int32) { chosen[t] = append(chosen[t], n) }) {
			return nil
		}
	}
	return slices.Concat(chosen...)
}

// anyDevice draws one of the devices that have enough.
func (s *State) anyDevice(a *agent, rest drf.Amount, free []drf.Amount) int {
	best, least := -1, uint64(0)
	for n, f := range free {
		if lot := scramble(s.lot(a) + uint64(n)); f >= rest && (best < 0 || lot < least) {
			best, least = n, lot
		}
	}
	return best
}

// takeDevices takes the devices of an instance, or, with -1, gives them back.
func (a *agent) takeDevices(g *group, devices []int32, times drf.Amount) {
	g.eachDevice(devices, func(n int32, part drf.Amount) { a.takeDevice(n, times*part) })
}

// eachDevice yields the devices of an instance, and what each gives.
func (g *group) eachDevice(devices []int32, yield func(n int32, part drf.Amount)) {
	if len(devices) == 0 {
		return
	}
	for _, v := range g.tasks {
		for k := range devicesOf(v[drf.GPUs]) {
			yield(devices[0], gpuPart(v[drf.GPUs], k))
			devices = devices[1:]
		}
	}
}

// checkDevices recounts what runs hold of each device.
func (s *State) checkDevices() error {
	for i := range s.agents {
		booked := slices.Clone(s.agents[i].devices)
		s.layDevices(int32(i))
		if len(booked) != len(s.agents[i].devices) {
			return fmt.Errorf("agent %s: counted %d devices, booked %d", s.agents[i].id, len(s.agents[i].devices), len(booked))
		}
		for n, d := range s.agents[i].devices {
			if d != booked[n] {
				return fmt.Errorf("agent %s: device %d: counted %s free and %s that stays, booked %s and %s",
					s.agents[i].id, n, d.free, d.staying, booked[n].free, booked[n].staying)
			}
		}
	}
	return nil
}
