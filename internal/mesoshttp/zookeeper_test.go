package mesoshttp

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
)

func TestZooKeeperAddresses(t *testing.T) {
	good := map[string]detector{
		"zk://h1,h2:2182/mesos":           {servers: []string{"h1:2181", "h2:2182"}, path: "/mesos"},
		"mesos://zk://10.0.0.1:2181/a/b/": {servers: []string{"10.0.0.1:2181"}, path: "/a/b"},
		"zk://user:p@ss:w@h1,[::1]:1/m":   {servers: []string{"h1:2181", "[::1]:1"}, path: "/m", auth: "user:p@ss:w"},
	}
	for address, want := range good {
		c, err := New(Config{Masters: address})
		if err != nil {
			t.Errorf("%q: %v", address, err)
			continue
		}
		if got := *c.zk; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q means %+v, want %+v", address, got, want)
		}
	}
	for _, address := range []string{"zk://", "zk://h1", "zk://h1/", "zk:///mesos", "zk://h1,/mesos", "zk://h1:x/mesos",
		"zk://h1:99999/m", "zk://a:b:c/m", "zk://user@h1/mesos", "zk://:2181/m"} {
		if _, err := New(Config{Masters: address}); err == nil {
			t.Errorf("%q was accepted", address)
		}
	}
}

func TestTheSmallestSequenceNumberLeads(t *testing.T) {
	cases := []struct{ children, want string }{
		{"json.info_0000000012 json.info_0000000003 log_replicas", "json.info_0000000003"},
		{"json.info_9999999999 json.info_10000000000", "json.info_9999999999"},
		{"info_0000000001 json.info_0000000002 0000000000 json.info_", "json.info_0000000002"},
		{"log_replicas", ""},
		{"", ""},
	}
	for _, c := range cases {
		if got, _ := firstMaster(strings.Fields(c.children)); got != c.want {
			t.Errorf("of %q %q leads, want %q", c.children, got, c.want)
		}
	}
}

func TestMasterAddressOfRecordedAndOlderEntries(t *testing.T) {
	cases := map[string]string{
		string(fixture(t, "zookeeper/json.info_0000000000")):                     "127.0.0.1:6950",
		string(fixture(t, "zookeeper/json.info_0000000002")):                     "127.0.0.1:6951",
		`{"pid":"master@10.0.0.1:5050","ip":16777343,"port":5050}`:               "10.0.0.1:5050",
		`{"address":{"hostname":"m1","port":5050},"pid":"master@10.0.0.1:5050"}`: "m1:5050",
		`{"address":{"ip":"fe80::1","port":5050}}`:                               "[fe80::1]:5050",
	}
	for entry, want := range cases {
		if got, err := masterAddress([]byte(entry)); got != want || err != nil {
			t.Errorf("%.60s: %q %v, want %q", entry, got, err, want)
		}
	}
	for _, entry := range []string{"", "{}", "master@h:1", `{"pid":"nonsense"}`, `{"address":{"port":5050}}`} {
		if got, err := masterAddress([]byte(entry)); err == nil {
			t.Errorf("%q gave the address %q", entry, got)
		}
	}
}

func TestZooKeeperThatIsNotThereIsNoLeader(t *testing.T) {
	c := newClientWith(t, Config{Masters: "zk://" + deadAddress(t) + "/mesos", SubscribeTimeout: 2 * time.Second})
	if _, err := c.Subscribe(t.Context(), subscribeCall()); !errors.Is(err, ErrNoLeader) {
		t.Errorf("error %v, want ErrNoLeader", err)
	}
}

func TestZooKeeperThatDoesNotAnswerIsGivenUp(t *testing.T) {
	deaf, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	c := newClientWith(t, Config{Masters: "zk://" + deaf.Addr().String() + "/mesos", SubscribeTimeout: 50 * time.Millisecond})
	if _, err := c.Subscribe(t.Context(), subscribeCall()); !errors.Is(err, ErrNoLeader) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want ErrNoLeader for want of time", err)
	}
}

// startZooKeeper runs a real ZooKeeper server, as Debian packages it, and returns its address.
func startZooKeeper(t *testing.T) string {
	t.Helper()
	const jar = "/usr/share/java/zookeeper.jar"
	java, err := exec.LookPath("java")
	if _, statErr := os.Stat(jar); err != nil || statErr != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no ZooKeeper: install the packages zookeeper and a Java runtime")
		}
		t.Skip("no ZooKeeper: apt-get install zookeeper default-jre-headless to run this test")
	}
	dir, address := t.TempDir(), deadAddress(t)
	_, port, _ := net.SplitHostPort(address)
	config := filepath.Join(dir, "zoo.cfg")
	text := fmt.Sprintf("tickTime=200\ndataDir=%s/data\nclientPort=%s\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n", dir, port)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	server := exec.Command(java, "-cp", jar, "org.apache.zookeeper.server.quorum.QuorumPeerMain", config)
	output := new(bytes.Buffer)
	server.Stdout, server.Stderr = output, output
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait() // killed
		if t.Failed() {
			t.Logf("ZooKeeper said:\n%s", output)
		}
	})
	waitForZooKeeper(t, address)
	return address
}

// waitForZooKeeper waits until the server serves; it listens, and hangs up, some time before.
func waitForZooKeeper(t *testing.T, address string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		conn, events, err := zk.Connect([]string{address}, time.Second, zk.WithLogger(silent{}))
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = conn.Children("/")
		conn.Close()
		for range events {
		}
		if err == nil {
			return
		}
	}
	t.Fatalf("no ZooKeeper serves on %s", address)
}

// election plays the masters' part: each is a session with an ephemeral, sequential node.
type election struct {
	t       *testing.T
	address string
	path    string
}

func (e *election) session() (conn *zk.Conn, end func()) {
	e.t.Helper()
	conn, events, err := zk.Connect([]string{e.address}, 4*time.Second, zk.WithLogger(silent{}))
	if err != nil {
		e.t.Fatal(err)
	}
	return conn, func() {
		conn.Close()
		for range events {
		}
	}
}

func (e *election) persistent(path string) {
	e.t.Helper()
	conn, end := e.session()
	defer end()
	if _, err := conn.Create(path, nil, 0, zk.WorldACL(zk.PermAll)); err != nil {
		e.t.Fatal(err)
	}
}

// join registers a master with a recorded entry that names the address of a server of ours.
func (e *election) join(server *httptest.Server) (leave func()) {
	e.t.Helper()
	var entry map[string]any
	if err := json.Unmarshal(fixture(e.t, "zookeeper/json.info_0000000000"), &entry); err != nil {
		e.t.Fatal(err)
	}
	address := server.Listener.Addr().(*net.TCPAddr)
	entry["address"] = map[string]any{"hostname": "localhost", "ip": address.IP.String(), "port": address.Port}
	data, err := json.Marshal(entry)
	if err != nil {
		e.t.Fatal(err)
	}
	conn, end := e.session()
	if _, err := conn.Create(e.path+"/"+masterPrefix, data, zk.FlagEphemeral|zk.FlagSequence, zk.WorldACL(zk.PermAll)); err != nil {
		e.t.Fatal(err)
	}
	return end
}

// A real ZooKeeper holds the election; masters come and go, and the subscription must follow them.
func TestTheLeaderIsFoundInARealZooKeeper(t *testing.T) {
	address := startZooKeeper(t)
	e := &election{t: t, address: address, path: "/mesos"}
	first, second := newRecorder(t, leading(t)), newRecorder(t, leading(t))
	c := newClient(t, "zk://"+deadAddress(t)+","+address+"/mesos") // one server of the ensemble is down

	noLeader := func(want string) {
		t.Helper()
		_, err := c.Subscribe(t.Context(), subscribeCall())
		if !errors.Is(err, ErrNoLeader) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want ErrNoLeader: %s", err, want)
		}
	}
	subscribedWith := func(want *recorder) {
		t.Helper()
		s := subscribe(t, c)
		if s.Master() != want.Listener.Addr().String() {
			t.Errorf("subscribed with %s, want %s", s.Master(), want.Listener.Addr())
		}
		s.Close()
	}
	noLeader("no master has ever registered there")
	e.persistent("/mesos")
	e.persistent("/mesos/log_replicas")
	noLeader("no master is registered")
	leaveFirst := e.join(first.Server)
	leaveSecond := e.join(second.Server)
	subscribedWith(first)
	leaveFirst()
	subscribedWith(second)
	leaveFirst = e.join(first.Server)
	subscribedWith(second) // who comes back stands last
	leaveSecond()
	subscribedWith(first)
	leaveFirst()
	noLeader("no master is registered")
}

func TestProtectedZooKeeperNeedsTheCredentials(t *testing.T) {
	address := startZooKeeper(t)
	e := &election{t: t, address: address, path: "/mesos"}
	e.persistent("/mesos")
	leader := newRecorder(t, leading(t))
	defer e.join(leader.Server)()
	digest := sha1.Sum([]byte("me:secret"))
	owner := "me:" + base64.StdEncoding.EncodeToString(digest[:])
	conn, end := e.session()
	_, err := conn.SetACL("/mesos", []zk.ACL{{Perms: zk.PermAll, Scheme: "digest", ID: owner}}, -1)
	end()
	if err != nil {
		t.Fatal(err)
	}
	if s := subscribe(t, newClient(t, "zk://me:secret@"+address+"/mesos")); s.Master() != leader.Listener.Addr().String() {
		t.Errorf("subscribed with %s", s.Master())
	}
	for _, credentials := range []string{"", "me:wrong@"} {
		_, err := newClient(t, "zk://"+credentials+address+"/mesos").Subscribe(t.Context(), subscribeCall())
		if !errors.Is(err, zk.ErrNoAuth) {
			t.Errorf("with credentials %q: %v, want %v", credentials, err, zk.ErrNoAuth)
		}
	}
}
