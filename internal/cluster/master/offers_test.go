package master_test

import (
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"fairlead/internal/cluster/frameworktest"
	"fairlead/internal/cluster/master"
	"fairlead/internal/cluster/wire"
)

// long is a time in which several allocations happen.
const long = 150 * time.Millisecond

// An offer carries what its framework's capabilities let it see.
func TestOfferForms(t *testing.T) {
	const resources = "cpus:2;mem:1024;cpus(dev):1;ports:[31000-31009]"
	t.Run("all capabilities", func(t *testing.T) {
		m := newMaster(t, master.Config{})
		f := subscribe(t, m, "new")
		a := newAgent(t, m, resources)
		o := f.Offer()
		if o.AgentID.Value != a.id() || o.FrameworkID != f.ID || o.Hostname != "agent.local" ||
			o.URL.GetPath() != "/slave(1)" || o.AllocationInfo.GetRole() != "dev" {
			t.Errorf("offer %v", o)
		}
		for _, r := range o.Resources {
			if r.Role != nil || r.AllocationInfo.GetRole() != "dev" {
				t.Errorf("resource %v", r)
			}
		}
		if want := "cpus(allocated: dev):2; mem(allocated: dev):1024; " +
			"cpus(allocated: dev)(reservations: [(STATIC,dev)]):1; ports(allocated: dev):[31000-31009]"; wire.Resources(o.Resources).String() != want {
			t.Errorf("offered %s", wire.Resources(o.Resources))
		}
	})
	t.Run("none", func(t *testing.T) {
		m := newMaster(t, master.Config{})
		info := &mesos.FrameworkInfo{User: "root", Name: "old", Role: ptr("dev")}
		f := frameworktest.Subscribe(t, url(m), wire.JSON, info)
		newAgent(t, m, resources)
		o := f.Offer()
		if o.AllocationInfo != nil {
			t.Errorf("offer with allocation %v", o.AllocationInfo)
		}
		roles := map[string]int{}
		for _, r := range o.Resources {
			if r.AllocationInfo != nil || len(r.Reservations) > 0 {
				t.Errorf("resource %v", r)
			}
			roles[r.GetRole()]++
		}
		if roles["*"] != 3 || roles["dev"] != 1 {
			t.Errorf("resources by role: %v", roles)
		}
	})
}

// A declined offer stays away for the time of its filter (A05), unless more becomes
// free or the framework revives.
func TestFilters(t *testing.T) {
	m := newMaster(t, master.Config{})
	f := subscribe(t, m, "picky")
	newAgent(t, m, "cpus:2;mem:1024")

	f.Decline(f.Offer(), 0)
	f.Decline(f.Offer(), -1) // senseless values mean five seconds
	if !f.Quiet(scheduler.Event_OFFERS, long) {
		t.Error("offered again though refused")
	}
	f.Call(&scheduler.Call{Type: scheduler.Call_REVIVE})
	f.Decline(f.Offer(), 3600)
	if !f.Quiet(scheduler.Event_OFFERS, long) {
		t.Error("offered again though refused for an hour")
	}
	f.Call(&scheduler.Call{Type: scheduler.Call_REVIVE, Revive: &scheduler.Call_Revive{Roles: []string{"other"}}})
	if !f.Quiet(scheduler.Event_OFFERS, long) {
		t.Error("a REVIVE of a foreign role had an effect")
	}
	f.Call(&scheduler.Call{Type: scheduler.Call_REVIVE, Revive: &scheduler.Call_Revive{Roles: []string{"dev"}}})
	f.Decline(f.Offer(), 0.05)
	f.Offer()
}

// A filter does not suppress an offer of more than was refused.
func TestMoreResourcesBreakThroughAFilter(t *testing.T) {
	m := newMaster(t, master.Config{})
	f := subscribe(t, m, "picky")
	a := newAgent(t, m, "cpus:2;mem:1024")
	launch(t, f, a, "t")
	f.Decline(f.Offer(), 3600)
	uuid := a.report(f.ID.Value, "t", mesos.TASK_FINISHED)
	o := f.Offer()
	if got := wire.Resources(o.Resources).String(); got != "cpus(allocated: dev):2; mem(allocated: dev):1024" {
		t.Errorf("offered %s", got)
	}
	if status := f.Update("t"); string(status.UUID) != string(uuid) {
		t.Errorf("update %v", status)
	}
}

// SUPPRESS stops offers until REVIVE (A36); the outstanding one stays good.
func TestSuppress(t *testing.T) {
	m := newMaster(t, master.Config{})
	f := subscribe(t, m, "calm")
	a := newAgent(t, m, "cpus:2;mem:1024")
	o := f.Offer()
	f.Call(&scheduler.Call{Type: scheduler.Call_SUPPRESS})
	f.Accept([]mesos.Offer{o}, frameworktest.Launch(frameworktest.Task("t", o, "true")))
	eventually(t, "the task is launched", func() bool { return a.running("t") })
	if !f.Quiet(scheduler.Event_OFFERS, long) {
		t.Error("a suppressed framework was offered resources")
	}
	f.Call(&scheduler.Call{Type: scheduler.Call_REVIVE})
	f.Offer()
}

// Two frameworks of one role take turns: what one holds or uses counts, so the
// other is served next.
func TestFairShares(t *testing.T) {
	m := newMaster(t, master.Config{})
	first, second := subscribe(t, m, "first"), subscribe(t, m, "second")
	second.Call(&scheduler.Call{Type: scheduler.Call_SUPPRESS})
	a := newAgent(t, m, "cpus:2;mem:1024")
	o := first.Offer()
	task := frameworktest.Task("t", o, "true")
	task.Resources = []mesos.Resource{wire.Scalar("cpus", 1), wire.Scalar("mem", 512)}
	second.Call(&scheduler.Call{Type: scheduler.Call_REVIVE})
	if !second.Quiet(scheduler.Event_OFFERS, long) {
		t.Error("what is out on an offer was offered again")
	}
	first.Accept([]mesos.Offer{o}, frameworktest.Launch(task))
	eventually(t, "the task is launched", func() bool { return a.running("t") })
	rest := second.Offer()
	if got := wire.Resources(rest.Resources).String(); got != "cpus(allocated: dev):1; mem(allocated: dev):512" {
		t.Errorf("the second framework was offered %s", got)
	}
	if !first.Quiet(scheduler.Event_OFFERS, long) {
		t.Error("the first framework was offered what the second holds")
	}
}

// An agent with gpus is offered only to frameworks that can use them.
func TestGPUs(t *testing.T) {
	m := newMaster(t, master.Config{})
	without := subscribe(t, m, "without")
	newAgent(t, m, "cpus:2;mem:1024;gpus:1")
	if !without.Quiet(scheduler.Event_OFFERS, long) {
		t.Error("gpus were offered to a framework without GPU_RESOURCES")
	}
	info := frameworktest.Info("with", "dev")
	info.Capabilities = append(info.Capabilities,
		mesos.FrameworkInfo_Capability{Type: mesos.FrameworkInfo_Capability_GPU_RESOURCES})
	frameworktest.Subscribe(t, url(m), wire.JSON, info).Offer()
}

// An offer that nobody answers is rescinded and made again.
func TestOfferTimeout(t *testing.T) {
	m := newMaster(t, master.Config{OfferTimeout: 50 * time.Millisecond})
	f := subscribe(t, m, "slow")
	newAgent(t, m, "cpus:2;mem:1024")
	o := f.Offer()
	if got := f.Next(scheduler.Event_RESCIND).Rescind.OfferID; got != o.ID {
		t.Errorf("rescinded %s, want %s", got.Value, o.ID.Value)
	}
	if again := f.Offer(); again.ID == o.ID {
		t.Error("the same offer again")
	}
}

// Two offers of one agent combine for a task that is larger than either.
func TestOffersCombine(t *testing.T) {
	m := newMaster(t, master.Config{})
	f := subscribe(t, m, "large")
	a := newAgent(t, m, "cpus:0.3;mem:128")
	o := f.Offer()
	task := frameworktest.Task("small", o, "true")
	task.Resources = []mesos.Resource{wire.Scalar("cpus", 0.1), wire.Scalar("mem", 32)}
	f.Accept([]mesos.Offer{o}, frameworktest.Launch(task))
	rest := f.Offer()
	a.report(f.ID.Value, "small", mesos.TASK_FINISHED)
	freed := f.Offer()
	big := frameworktest.Task("big", o, "true")
	// 0.1 three times is 0.3: sums are exact.
	big.Resources = []mesos.Resource{wire.Scalar("cpus", 0.1), wire.Scalar("cpus", 0.1), wire.Scalar("cpus", 0.1), wire.Scalar("mem", 128)}
	f.Accept([]mesos.Offer{rest, freed}, frameworktest.Launch(big))
	eventually(t, "the large task is launched", func() bool { return a.running("big") })
}

// Offers of another framework can be neither declined nor accepted.
func TestForeignOffers(t *testing.T) {
	m := newMaster(t, master.Config{})
	owner, thief := subscribe(t, m, "owner"), subscribe(t, m, "thief")
	thief.Call(&scheduler.Call{Type: scheduler.Call_SUPPRESS})
	a := newAgent(t, m, "cpus:2;mem:1024")
	o := owner.Offer()
	thief.Decline(o, 0)
	thief.Accept([]mesos.Offer{o}, frameworktest.Launch(frameworktest.Task("stolen", o, "true")))
	if got := thief.Update("stolen"); got.GetReason() != mesos.REASON_INVALID_OFFERS {
		t.Errorf("launch on a foreign offer: %v", got)
	}
	owner.Accept([]mesos.Offer{o}, frameworktest.Launch(frameworktest.Task("own", o, "true")))
	eventually(t, "the owner's task is launched", func() bool { return a.running("own") })
}

// RESERVE, CREATE and LAUNCH in one ACCEPT build on one another; the later
// offer shows the volume, DESTROY and UNRESERVE take it back.
func TestReservationsAndVolumes(t *testing.T) {
	m := newMaster(t, master.Config{})
	f := subscribe(t, m, "stateful")
	a := newAgent(t, m, "cpus:2;mem:1024;disk:1000")
	o := f.Offer()
	reserved := wire.Scalar("disk", 100)
	reserved.Reservations = []mesos.Resource_ReservationInfo{{
		Type: mesos.Resource_ReservationInfo_DYNAMIC.Enum(), Role: ptr("dev"),
	}}
	volume := reserved
	volume.Disk = &mesos.Resource_DiskInfo{
		Persistence: &mesos.Resource_DiskInfo_Persistence{ID: "v1"},
		Volume:      &mesos.Volume{ContainerPath: "data", Mode: mesos.RW.Enum()},
	}
	reserve := mesos.Offer_Operation{Type: mesos.Offer_Operation_RESERVE,
		Reserve: &mesos.Offer_Operation_Reserve{Resources: []mesos.Resource{reserved}}}
	create := mesos.Offer_Operation{Type: mesos.Offer_Operation_CREATE,
		Create: &mesos.Offer_Operation_Create{Volumes: []mesos.Resource{volume}}}
	task := frameworktest.Task("t", o, "true")
	task.Resources = append(task.Resources, volume)
	f.Accept([]mesos.Offer{o}, reserve, create, frameworktest.Launch(task))
	eventually(t, "the task with the volume is launched", func() bool { return a.running("t") })
	a.report(f.ID.Value, "t", mesos.TASK_FINISHED)

	unreserve := mesos.Offer_Operation{Type: mesos.Offer_Operation_UNRESERVE,
		Unreserve: &mesos.Offer_Operation_Unreserve{Resources: []mesos.Resource{reserved}}}
	destroy := mesos.Offer_Operation{Type: mesos.Offer_Operation_DESTROY,
		Destroy: &mesos.Offer_Operation_Destroy{Volumes: []mesos.Resource{volume}}}
	o = offerWith(t, f, "disk(allocated: dev)(reservations: [(DYNAMIC,dev)])[v1:data]:100")
	f.Accept([]mesos.Offer{o}, destroy, unreserve)
	offerWith(t, f, "disk(allocated: dev):1000")
}

// offerWith waits for an offer that has a resource, declining others.
func offerWith(t *testing.T, f *frameworktest.Framework, want string) mesos.Offer {
	t.Helper()
	for {
		o := f.Offer()
		for _, r := range o.Resources {
			if wire.Describe(r) == want {
				return o
			}
		}
		f.Decline(o, 0)
	}
}

// An operation that is not allowed is not applied, and with an id it is
// reported.
func TestOperationsRefused(t *testing.T) {
	m := newMaster(t, master.Config{})
	f := subscribe(t, m, "refused")
	newAgent(t, m, "cpus:2;mem:1024;disk:1000")
	foreign := wire.Scalar("cpus", 1)
	foreign.Reservations = []mesos.Resource_ReservationInfo{{
		Type: mesos.Resource_ReservationInfo_DYNAMIC.Enum(), Role: ptr("other"),
	}}
	unreserved := wire.Scalar("disk", 100)
	unreserved.Disk = &mesos.Resource_DiskInfo{
		Persistence: &mesos.Resource_DiskInfo_Persistence{ID: "v1"},
		Volume:      &mesos.Volume{ContainerPath: "data", Mode: mesos.RW.Enum()},
	}
	for _, op := range []mesos.Offer_Operation{
		{Type: mesos.Offer_Operation_RESERVE, Reserve: &mesos.Offer_Operation_Reserve{Resources: []mesos.Resource{foreign}}},
		{Type: mesos.Offer_Operation_CREATE, Create: &mesos.Offer_Operation_Create{Volumes: []mesos.Resource{unreserved}}},
		{Type: mesos.Offer_Operation_UNRESERVE},
	} {
		f.Accept([]mesos.Offer{f.Offer()}, op)
		o := f.Offer()
		if got := wire.Resources(o.Resources).String(); got != "cpus(allocated: dev):2; mem(allocated: dev):1024; disk(allocated: dev):1000" {
			t.Errorf("after %s: %s", op.Type, got)
		}
		op.ID = &mesos.OperationID{Value: "op"}
		f.Accept([]mesos.Offer{o}, op)
		status := f.Next(scheduler.Event_UPDATE_OPERATION_STATUS).UpdateOperationStatus.Status
		if status.State != mesos.OPERATION_ERROR || status.UUID != nil {
			t.Errorf("%s with an id: %v", op.Type, status)
		}
	}
}
