package master

import (
	"fmt"
	"net"
	"slices"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"pgregory.net/rapid"

	"fairlead/drf"
	"fairlead/internal/cluster/wire"
)

// silent is an agent that does what it is told and never reports; the test
// reports for it.
type silent struct{ info mesos.AgentInfo }

func (s *silent) Info() mesos.AgentInfo { return s.info }
func (s *silent) Endpoint() string      { return "127.0.0.1:5051" }
func (s *silent) PID() string           { return "slave(1)@127.0.0.1:5051" }

func (s *silent) Run(mesos.FrameworkInfo, *mesos.ExecutorInfo, []mesos.TaskInfo, bool) {}
func (s *silent) Kill(string, string, *mesos.KillPolicy)                               {}
func (s *silent) Acknowledge(string, string, []byte)                                   {}
func (s *silent) Message(string, string, []byte)                                       {}
func (s *silent) ShutdownExecutor(string, string)                                      {}
func (s *silent) ShutdownFramework(string)                                             {}
func (s *silent) FrameworkSubscribed(string)                                           {}

// unserved is a master without server and goroutines: the test is the owner of
// its state.
func unserved() *Master {
	m := &Master{
		cfg: Config{MaxQueued: 1 << 40}.withDefaults(), id: "m", inbox: newInbox(),
		address: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5050},
		state: state{
			frameworks: map[string]*framework{}, agents: map[string]*agent{},
			offers: map[string]*offer{}, order: newOrder(), counters: counters{},
		},
	}
	m.log = m.cfg.Logger
	return m
}

// Whatever happens, each agent's total is what is free, offered and held, and
// the order charges each framework for what it has and nothing else.
func TestBooksBalance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := unserved()
		w := &world{T: t, m: m}
		t.Repeat(map[string]func(*rapid.T){
			"subscribe": w.subscribe, "disconnect": w.disconnect, "add agent": w.addAgent, "lose agent": w.loseAgent,
			"return": w.returnAgent, "allocate": func(*rapid.T) { m.allocate() }, "launch": w.launch, "group": w.group,
			"decline": w.decline, "reserve": w.reserve, "end": w.endTask, "exit": w.exit, "tear down": w.tearDown,
			"": w.check,
		})
	})
}

// world draws what happens to a master without goroutines.
type world struct {
	*rapid.T
	m     *Master
	count int
}

func (w *world) name(prefix string) string {
	w.count++
	return fmt.Sprintf("%s%d", prefix, w.count)
}

func pick[E any](t *rapid.T, list []E) E {
	if len(list) == 0 {
		t.Skip("there is none")
	}
	return rapid.SampledFrom(list).Draw(t, "which")
}

func (w *world) subscribe(t *rapid.T) {
	info := &mesos.FrameworkInfo{User: "root", Name: w.name("f"), FailoverTimeout: ptr(1e6)}
	info.Role = ptr(rapid.SampledFrom([]string{"*", "a", "a/b"}).Draw(t, "role"))
	if known := w.m.sortedFrameworks(); len(known) > 3 {
		info.ID = &mesos.FrameworkID{Value: pick(t, known).id}
	}
	w.m.subscribe(&subscription{out: newOutbox(wire.Protobuf, 1<<30), streamID: w.name("s")},
		&scheduler.Call_Subscribe{FrameworkInfo: info})
}

func (w *world) disconnect(t *rapid.T) {
	f := pick(t, w.m.sortedFrameworks())
	w.m.disconnected(f.id, f.streamID)
}

func (w *world) tearDown(t *rapid.T) { w.m.removeFramework(pick(t, w.m.sortedFrameworks())) }

func (w *world) addAgent(t *rapid.T) {
	if len(w.m.agents) > 3 {
		t.Skip("enough")
	}
	rs, err := wire.ParseResources("cpus:4;mem:1024;disk:1000;cpus(a):1;ports:[1-9]")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.m.register(&silent{mesos.AgentInfo{ID: &mesos.AgentID{Value: w.name("S")}, Resources: rs}}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) agentsIn(p presence) []*agent {
	return slices.DeleteFunc(w.m.sortedAgents(), func(a *agent) bool { return a.presence != p })
}

func (w *world) loseAgent(t *rapid.T) {
	how := rapid.SampledFrom([]presence{unreachable, unreachable, gone}).Draw(t, "how")
	w.m.loseAgent(pick(t, w.agentsIn(registered)), how, loss{mesos.TASK_UNREACHABLE, mesos.REASON_AGENT_REMOVED, "lost"})
}

func (w *world) returnAgent(t *rapid.T) {
	if err := w.m.register(pick(t, w.agentsIn(unreachable)).port); err != nil {
		t.Fatal(err)
	}
}

func (w *world) anyOffer(t *rapid.T) *offer {
	var all []*offer
	for _, f := range w.m.sortedFrameworks() {
		all = append(all, f.sortedOffers()...)
	}
	return pick(t, all)
}

func (w *world) accept(o *offer, op mesos.Offer_Operation) {
	zero := 0.0
	w.m.accept(o.framework, &scheduler.Call_Accept{
		OfferIDs: []mesos.OfferID{{Value: o.id}}, Operations: []mesos.Offer_Operation{op},
		Filters: &mesos.Filters{RefuseSeconds: &zero},
	})
}

// task asks for something an offer often has: too much now and then.
func (w *world) task(t *rapid.T, o *offer) mesos.TaskInfo {
	return mesos.TaskInfo{
		TaskID: mesos.TaskID{Value: w.name("t")}, AgentID: mesos.AgentID{Value: o.agent.id},
		Resources: []mesos.Resource{
			wire.Scalar("cpus", wire.Unfixed(rapid.Int64Range(1, 5000).Draw(t, "cpus"))), wire.Scalar("mem", 32),
		},
	}
}

func (w *world) launch(t *rapid.T) {
	o := w.anyOffer(t)
	info := w.task(t, o)
	info.Command = &mesos.CommandInfo{}
	w.accept(o, mesos.Offer_Operation{
		Type: mesos.Offer_Operation_LAUNCH, Launch: &mesos.Offer_Operation_Launch{TaskInfos: []mesos.TaskInfo{info}},
	})
}

func (w *world) group(t *rapid.T) {
	o := w.anyOffer(t)
	w.accept(o, mesos.Offer_Operation{
		Type: mesos.Offer_Operation_LAUNCH_GROUP, LaunchGroup: &mesos.Offer_Operation_LaunchGroup{
			Executor: mesos.ExecutorInfo{
				Type: mesos.ExecutorInfo_DEFAULT, FrameworkID: &mesos.FrameworkID{Value: o.framework.id},
				ExecutorID: mesos.ExecutorID{Value: rapid.SampledFrom([]string{"e1", "e2"}).Draw(t, "executor")},
				Resources:  []mesos.Resource{wire.Scalar("cpus", 0.1), wire.Scalar("mem", 32), wire.Scalar("disk", 1)},
			},
			TaskGroup: mesos.TaskGroupInfo{Tasks: []mesos.TaskInfo{w.task(t, o), w.task(t, o)}},
		},
	})
}

func (w *world) reserve(t *rapid.T) {
	o := w.anyOffer(t)
	r := wire.Scalar("mem", 10)
	r.Reservations = []mesos.Resource_ReservationInfo{{
		Type: mesos.Resource_ReservationInfo_DYNAMIC.Enum(), Role: &o.role,
	}}
	w.accept(o, mesos.Offer_Operation{
		Type: mesos.Offer_Operation_RESERVE, Reserve: &mesos.Offer_Operation_Reserve{Resources: []mesos.Resource{r}},
	})
}

func (w *world) decline(t *rapid.T) {
	o := w.anyOffer(t)
	w.m.decline(o.framework, &scheduler.Call_Decline{OfferIDs: []mesos.OfferID{{Value: o.id}}})
}

// endTask reports the end of a task, wherever its agent is, and perhaps has it
// acknowledged.
func (w *world) endTask(t *rapid.T) {
	var all []*task
	for _, f := range w.m.sortedFrameworks() {
		all = slices.Concat(all, sortedTasks(f.tasks), f.unreachable)
	}
	ended := pick(t, all)
	uuid := wire.NewUUID()
	w.m.update(ended.AgentID.Value, Update{
		FrameworkID: ended.framework.id, Latest: mesos.TASK_FINISHED,
		Status: mesos.TaskStatus{TaskID: ended.TaskID, State: mesos.TASK_FINISHED.Enum(), UUID: uuid},
	})
	if rapid.Bool().Draw(t, "acknowledged") {
		w.m.acknowledge(ended.framework, &scheduler.Call_Acknowledge{AgentID: ended.AgentID, TaskID: ended.TaskID, UUID: uuid})
	}
}

func (w *world) exit(t *rapid.T) {
	var all []ExecutorExit
	for _, f := range w.m.sortedFrameworks() {
		for _, a := range w.m.sortedAgents() {
			for _, id := range []string{"e1", "e2"} {
				all = append(all, ExecutorExit{AgentID: a.id, FrameworkID: f.id, ExecutorID: id})
			}
		}
	}
	w.m.executorExited(pick(t, all))
}

func (w *world) check(t *rapid.T) {
	w.m.inbox.work.Take() // allocations asked for; the test draws its own
	w.m.allocating = false
	for _, a := range w.agentsIn(registered) {
		sum := a.free.Plus(w.m.used(onAgent(a)).Unallocate()...).Plus(w.m.offeredNow(onAgent(a)).Unallocate()...)
		if !sum.Contains(a.total...) || !a.total.Contains(sum...) {
			t.Fatalf("agent %s: free, held and offered are %s of %s", a.id, sum, a.total)
		}
	}
	for key, node := range w.m.order.leaves {
		var want drf.Vector
		for _, a := range w.m.sortedAgents() { // port 1 of one agent is not port 1 of another
			of := func(f *framework, at *agent) bool { return f.id == key.framework && at == a }
			has := w.m.used(of).Plus(w.m.offeredNow(of)...)
			want = want.Add(vector(has.Filter(func(r mesos.Resource) bool { return r.AllocationInfo.GetRole() == key.role })))
		}
		if got := w.m.order.tree.Allocated(node); got != want {
			t.Fatalf("framework %s in role %s has %v and is charged %v", key.framework, key.role, want, got)
		}
	}
}

func ptr[T any](v T) *T { return &v }
