package mesoshttp

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"
)

// Defaults of Config.
const (
	defaultCallTimeout      = 75 * time.Second // five heartbeats, as Mesos asks clients to wait at least
	defaultSubscribeTimeout = 15 * time.Second
	dialTimeout             = 5 * time.Second
)

// Config says where the masters are and how to speak to them.
type Config struct {
	// Masters is one of host:port, several of them separated by commas, http(s)://host:port[/prefix] likewise, or
	// zk://[user:pass@]host:port,host:port/path. A leading mesos:// is dropped. A bare host means its port 5050.
	Masters string
	// Principal and Secret are sent with every request if Principal is set (HTTP basic authentication).
	Principal, Secret string
	// CallTimeout bounds one request with its answer. 0 means 75 s.
	CallTimeout time.Duration
	// SubscribeTimeout bounds how long one master may take to begin its answer to SUBSCRIBE. 0 means 15 s.
	SubscribeTimeout time.Duration
	// Transport sends the requests. nil means one of its own with a dial timeout of 5 s.
	Transport http.RoundTripper
	// Logger gets what an operator may want to know: redirects, changes of leader. nil means none.
	Logger *zap.Logger
}

// withDefaults fills in the zero values.
func (c Config) withDefaults() Config {
	if c.CallTimeout == 0 {
		c.CallTimeout = defaultCallTimeout
	}
	if c.SubscribeTimeout == 0 {
		c.SubscribeTimeout = defaultSubscribeTimeout
	}
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	if c.Transport == nil {
		c.Transport = &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
			TLSHandshakeTimeout: dialTimeout,
			MaxIdleConnsPerHost: 4,
			IdleConnTimeout:     time.Minute,
		}
	}
	return c
}

// parseMasters splits a list of addresses into base URLs.
func parseMasters(masters string) ([]*url.URL, error) {
	var bases []*url.URL
	for part := range strings.SplitSeq(masters, ",") {
		base, err := parseMaster(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("master address %q: %w", part, err)
		}
		bases = append(bases, base)
	}
	return bases, nil
}

func parseMaster(address string) (*url.URL, error) {
	if address == "" {
		return nil, errors.New("is empty")
	}
	bare := !strings.Contains(address, "://")
	if bare {
		// "master@10.0.0.1:5050" is how masters write their own address.
		address = "http://" + strings.TrimPrefix(address, "master@")
	}
	base, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, err
	case base.Scheme != "http" && base.Scheme != "https":
		return nil, fmt.Errorf("scheme %q is not http, https, mesos or zk", base.Scheme)
	case base.Hostname() == "":
		return nil, errors.New("has no host")
	case base.User != nil:
		return nil, errors.New("holds credentials; give them as principal and secret")
	case base.RawQuery != "" || base.Fragment != "":
		return nil, errors.New("has more than host, port and path")
	}
	if bare && base.Port() == "" {
		base.Host = net.JoinHostPort(base.Hostname(), "5050")
	}
	// mesos-go users give the address of the scheduler API itself.
	base.Path = strings.TrimSuffix(strings.TrimRight(base.Path, "/"), schedulerPath)
	return base, nil
}
