package mesoshttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"
)

const (
	// masterPrefix begins the names of the masters' nodes; a sequence number ends them.
	masterPrefix = "json.info_"
	zkPort       = "2181"
	// zkSession is the session timeout we ask for. A session lives for one lookup only.
	zkSession = 10 * time.Second
	// zkAttempts bounds how often a leader may vanish between being listed and being read.
	zkAttempts = 10
)

// detector finds the leading master in ZooKeeper. Every lookup is a session of its own, made when a subscription is
// needed: a leader that loses its office ends its streams, so that nobody has to watch for a change meanwhile.
type detector struct {
	servers []string
	auth    string // user:password, or ""
	path    string
}

// newDetector reads zk://[user:password@]host[:port],.../path. It is no URL to net/url, because of the commas.
func newDetector(address string) (*detector, error) {
	rest := strings.TrimPrefix(address, "zk://")
	hosts, path, _ := strings.Cut(rest, "/")
	d := &detector{path: "/" + strings.Trim(path, "/")}
	if at := strings.LastIndex(hosts, "@"); at >= 0 {
		d.auth, hosts = hosts[:at], hosts[at+1:]
		if !strings.Contains(d.auth, ":") {
			return nil, errors.New("zk:// address: credentials must read user:password")
		}
	}
	if d.path == "/" {
		return nil, errors.New("zk:// address needs a path, such as /mesos")
	}
	for host := range strings.SplitSeq(hosts, ",") {
		server, err := withPort(host, zkPort)
		if err != nil {
			return nil, fmt.Errorf("zk:// address: %w", err)
		}
		d.servers = append(d.servers, server)
	}
	return d, nil
}

func withPort(host, port string) (string, error) {
	if name, number, err := net.SplitHostPort(host); err == nil {
		if _, err := strconv.ParseUint(number, 10, 16); err != nil || name == "" {
			return "", fmt.Errorf("%q is not host:port", host)
		}
		return host, nil
	}
	if host == "" || strings.ContainsAny(host, ": ") {
		return "", fmt.Errorf("%q is not host:port", host)
	}
	return net.JoinHostPort(host, port), nil
}

// leader returns the base URL of the leading master. No master, and no ZooKeeper, is ErrNoLeader.
func (d *detector) leader(ctx context.Context) (*url.URL, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	conn, events, err := zk.Connect(d.servers, zkSession, zk.WithLogger(silent{}), zk.WithLogInfo(false), zk.WithDialer(dialUntil(ctx)))
	if err != nil {
		return nil, fmt.Errorf("%w: zookeeper: %w", ErrNoLeader, err)
	}
	// Requests wait for a connection without end; closing it is what ends them.
	context.AfterFunc(ctx, conn.Close)
	host, err := d.lookup(conn)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	conn.Close()
	cancel()
	for range events { // closed when the connection's goroutines have ended
	}
	if err != nil {
		return nil, fmt.Errorf("%w: zookeeper %s: %w", ErrNoLeader, d.path, err)
	}
	return &url.URL{Scheme: "http", Host: host}, nil
}

// dialUntil makes connections that are closed when ctx ends: the ZooKeeper client itself would wait for a minute for
// a server that accepts and says nothing.
func dialUntil(ctx context.Context) zk.Dialer {
	return func(network, address string, timeout time.Duration) (net.Conn, error) {
		conn, err := (&net.Dialer{Timeout: timeout}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { conn.Close() })
		return conn, nil
	}
}

// lookup reads the node of the master that registered first. It may vanish at any time: then another one leads.
func (d *detector) lookup(conn *zk.Conn) (string, error) {
	if d.auth != "" {
		if err := conn.AddAuth("digest", []byte(d.auth)); err != nil {
			return "", fmt.Errorf("authenticate: %w", err)
		}
	}
	for range zkAttempts {
		children, _, err := conn.Children(d.path)
		if errors.Is(err, zk.ErrNoNode) {
			return "", errors.New("no master has ever registered there")
		}
		if err != nil {
			return "", err
		}
		name, ok := firstMaster(children)
		if !ok {
			return "", errors.New("no master is registered")
		}
		data, _, err := conn.Get(d.path + "/" + name)
		if errors.Is(err, zk.ErrNoNode) || err == nil && len(data) == 0 {
			continue
		}
		if err != nil {
			return "", err
		}
		return masterAddress(data)
	}
	return "", errors.New("masters come and go")
}

// firstMaster picks the node with the smallest sequence number; other children do not concern us.
func firstMaster(children []string) (first string, ok bool) {
	var least int64
	for _, name := range children {
		digits, isMaster := strings.CutPrefix(name, masterPrefix)
		number, err := strconv.ParseInt(digits, 10, 64)
		if !isMaster || err != nil {
			continue
		}
		if !ok || number < least {
			first, least, ok = name, number, true
		}
	}
	return first, ok
}

// masterAddress reads host:port from a MasterInfo. Its top-level ip is a number in the byte order of the master's
// host and is not used.
func masterAddress(data []byte) (string, error) {
	var info struct {
		PID     string `json:"pid"`
		Address struct {
			Hostname string `json:"hostname"`
			IP       string `json:"ip"`
			Port     int    `json:"port"`
		} `json:"address"`
	}
	if err := json.Unmarshal(data, &info); err != nil {
		return "", fmt.Errorf("the leader's entry is not JSON: %w", err)
	}
	host := info.Address.IP
	if host == "" {
		host = info.Address.Hostname
	}
	if host != "" && info.Address.Port > 0 {
		return net.JoinHostPort(host, strconv.Itoa(info.Address.Port)), nil
	}
	if _, address, ok := strings.Cut(info.PID, "@"); ok && address != "" {
		return address, nil
	}
	return "", fmt.Errorf("the leader's entry names no address: %.200s", data)
}

// silent drops what the ZooKeeper client would print: its failures come back as errors.
type silent struct{}

func (silent) Printf(string, ...any) {}
