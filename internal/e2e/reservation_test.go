package e2e

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"fairlead/internal/cluster/frameworktest"
	"fairlead/internal/cluster/wire"
)

// TestWhatIsReservedForUsIsUsedFirst: of five CPUs of an agent one is reserved for our
// role by the agent and one was by another framework of the role. A task is given
// reserved ones as long as there are any, then both kinds, and nothing is lost.
func TestWhatIsReservedForUsIsUsedFirst(t *testing.T) {
	cluster := start(t, "cluster", "--listen", "127.0.0.1:0", "--executor-slots", "8",
		"--resources", "cpus(eng):1;cpus:4;mem(eng):48;mem:1024;disk:1024")
	reserve(t, cluster.url, "eng", 1)
	s := start(t, "scheduler", "--master", cluster.url, "--role", "eng", "--listen", "127.0.0.1:0", "--executor-slots", "8",
		"--state", filepath.Join(t.TempDir(), "s.db"))
	ask := func(name, cpus string) {
		s.submit(strings.Replace(task(name, "exec sleep 600", ""), "cpus: 1,", "cpus: "+cpus+",", 1))
		s.runs(name, 1)
	}
	ask("small", "1.5") // and 0.01 for its executor
	if reserved, free := inUse(t, cluster.url, "cpus"); reserved != 1510 || free != 0 {
		t.Errorf("of reserved CPUs %d thousandths are in use, of others %d; want 1510 and 0", reserved, free)
	}
	ask("large", "3")
	if reserved, free := inUse(t, cluster.url, "cpus"); reserved != 2000 || free != 2520 {
		t.Errorf("of reserved CPUs %d thousandths are in use, of others %d; want 2000 and 2520", reserved, free)
	}
	// Two executors of 32 MB and two tasks of as much.
	if reserved, free := inUse(t, cluster.url, "mem"); reserved != 48_000 || free != 80_000 {
		t.Errorf("of reserved memory %d thousandths of MB are in use, of other %d; want 48000 and 80000", reserved, free)
	}
	s.done("kill", "small")
	s.done("kill", "large")
	ask("all", "5")
	eventually(t, "2 reserved CPUs and 3.01 others in use", func() bool { // executors end a little after their tasks
		reserved, free := inUse(t, cluster.url, "cpus")
		return reserved == 2000 && free == 3010
	})
}

// reserve has a framework of the role reserve CPUs of the first agent, and leave.
func reserve(t *testing.T, master, role string, cpus float64) {
	t.Helper()
	f := frameworktest.Subscribe(t, master, wire.Protobuf, frameworktest.Info("reserver", role))
	defer f.Close()
	r := wire.Scalar("cpus", cpus)
	r.Reservations = []mesos.Resource_ReservationInfo{{Type: mesos.Resource_ReservationInfo_DYNAMIC.Enum(), Role: &role}}
	f.Accept([]mesos.Offer{f.Offer()}, mesos.Offer_Operation{
		Type:    mesos.Offer_Operation_RESERVE,
		Reserve: &mesos.Offer_Operation_Reserve{Resources: []mesos.Resource{r}},
	})
	for { // until it is offered as reserved
		o := f.Offer()
		f.Decline(o, 0)
		for _, r := range o.Resources {
			if len(r.Reservations) > 0 && r.Reservations[0].GetType() == mesos.Resource_ReservationInfo_DYNAMIC {
				return
			}
		}
	}
}

// inUse asks the master how much of a resource live tasks and executors have, of what
// is reserved and of the rest, in thousandths.
func inUse(t *testing.T, master, name string) (reserved, unreserved int64) {
	t.Helper()
	type resources struct {
		Resources []struct {
			Name         string
			Scalar       struct{ Value float64 }
			Reservations []struct{ Role string }
		}
	}
	var tasks struct {
		Get struct{ Tasks []resources } `json:"get_tasks"`
	}
	var executors struct {
		Get struct {
			Executors []struct {
				Info resources `json:"executor_info"`
			}
		} `json:"get_executors"`
	}
	operator(t, master, "GET_TASKS", &tasks)
	operator(t, master, "GET_EXECUTORS", &executors)
	all := tasks.Get.Tasks
	for _, e := range executors.Get.Executors {
		all = append(all, e.Info)
	}
	for _, of := range all {
		for _, r := range of.Resources {
			switch {
			case r.Name != name:
			case len(r.Reservations) > 0:
				reserved += wire.Fixed(r.Scalar.Value)
			default:
				unreserved += wire.Fixed(r.Scalar.Value)
			}
		}
	}
	return reserved, unreserved
}

// operator makes a call of the master's operator API.
func operator(t *testing.T, master, call string, answer any) {
	t.Helper()
	r, err := http.Post(master+"/api/v1", "application/json", strings.NewReader(`{"type":"`+call+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	decode(t, r, answer)
}
