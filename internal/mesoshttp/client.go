package mesoshttp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"
)

// Paths of the APIs, and the media types.
const (
	schedulerPath = "/api/v1/scheduler"
	operatorPath  = "/api/v1"

	protobufType = "application/x-protobuf"
	jsonType     = "application/json"

	streamIDHeader = "Mesos-Stream-Id"
)

// maxRedirects is how many masters may pass a request on. One is normal; more means that leadership is changing.
const maxRedirects = 5

// maxAnswer bounds the answer to an operator call; GET_AGENTS takes about 2 KB for each agent.
const maxAnswer = 256 << 20

// errorBodyTimeout bounds how long the text of an error is waited for after its status.
const errorBodyTimeout = 5 * time.Second

// Client finds the leading master and speaks to it. It is safe for concurrent use.
type Client struct {
	config  Config
	http    *http.Client
	scheme  string     // of the agents: that of the masters
	masters []*url.URL // the configured ones; none with ZooKeeper
	zk      *detector  // nil without ZooKeeper
}

// New checks the configuration. It does not connect.
func New(config Config) (*Client, error) {
	c := &Client{config: config.withDefaults(), scheme: "http"}
	// Redirects are followed here, because net/http drops the credentials when the host changes.
	c.http = &http.Client{
		Transport:     c.config.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if strings.Contains(c.config.Secret, ":") {
		return nil, errors.New("the secret contains a colon; no Mesos master would accept it")
	}
	address := strings.TrimPrefix(c.config.Masters, "mesos://")
	var err error
	if strings.HasPrefix(address, "zk://") {
		c.zk, err = newDetector(address)
	} else {
		c.masters, err = parseMasters(address)
	}
	if err != nil {
		return nil, err
	}
	if len(c.masters) > 0 {
		c.scheme = c.masters[0].Scheme
	}
	return c, nil
}

// Close drops idle connections. Streams stay open.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// request is a POST that may have to be repeated at another master.
type request struct {
	name     string // for errors
	path     string
	body     []byte
	media    string        // of body and answer
	streamID string        // "" for none
	timeout  time.Duration // until the answer begins
}

// askLeader sends r to the leading master and returns its answer, whatever the status. It asks one configured master
// after the other until one leads or passes the request on to the leader. The caller closes the body, which also ends
// the request.
func (c *Client) askLeader(ctx context.Context, r request) (*http.Response, error) {
	masters, err := c.candidates(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.name, err)
	}
	var failures []error
	for _, base := range masters {
		response, err := c.follow(ctx, base.JoinPath(r.path), r)
		if err == nil {
			return response, nil
		}
		failures = append(failures, err)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%s: %w", r.name, context.Cause(ctx))
		}
	}
	return nil, fmt.Errorf("%s: %w: %w", r.name, ErrNoLeader, errors.Join(failures...))
}

// candidates lists whom to ask.
func (c *Client) candidates(ctx context.Context) ([]*url.URL, error) {
	if c.zk == nil {
		return c.masters, nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.SubscribeTimeout)
	defer cancel()
	leader, err := c.zk.leader(ctx)
	if err != nil {
		return nil, err
	}
	return []*url.URL{leader}, nil
}

// follow posts to target and to where the answers lead. A master that knows no leader is an error here.
func (c *Client) follow(ctx context.Context, target *url.URL, r request) (*http.Response, error) {
	for range maxRedirects {
		response, err := c.post(ctx, target, r)
		if err != nil {
			return nil, err
		}
		switch response.StatusCode {
		case http.StatusTemporaryRedirect:
			target, err = c.redirected(target, response)
			if err != nil {
				return nil, err
			}
		case http.StatusServiceUnavailable:
			return nil, statusError(r.name, response)
		default:
			return response, nil
		}
	}
	return nil, fmt.Errorf("masters pass requests around: %d redirects, the last to %s", maxRedirects, target.Host)
}

// redirected reads where an answer points and closes it. Mesos sends //host:port/path, which keeps the scheme.
func (c *Client) redirected(from *url.URL, response *http.Response) (*url.URL, error) {
	defer response.Body.Close()
	target, err := from.Parse(response.Header.Get("Location"))
	if err != nil || target.Host == "" {
		return nil, fmt.Errorf("%s redirects to %q", from.Host, response.Header.Get("Location"))
	}
	if from.Scheme == "https" && target.Scheme != "https" {
		return nil, fmt.Errorf("%s redirects to %s without encryption", from.Host, target)
	}
	if target.Path == "" {
		target.Path = from.Path
	}
	c.config.Logger.Debug("redirected to the leading master", zap.String("from", from.Host), zap.String("to", target.Host))
	return target, nil
}

// post sends r to exactly one address. The answer must begin within r.timeout; its body is bound by ctx only.
func (c *Client) post(ctx context.Context, target *url.URL, r request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(r.timeout, func() { cancel(errNoAnswer) })
	defer timer.Stop()
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(r.body))
	if err != nil {
		cancel(nil)
		return nil, err
	}
	post.Header.Set("Content-Type", r.media)
	post.Header.Set("Accept", r.media)
	if r.streamID != "" {
		post.Header.Set(streamIDHeader, r.streamID)
	}
	c.authenticate(post)
	response, err := c.http.Do(post)
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("%s: %w", target.Host, context.Cause(ctx))
		}
		cancel(nil)
		return nil, err
	}
	response.Body = &cancelBody{ReadCloser: response.Body, cancel: cancel}
	return response, nil
}

func (c *Client) authenticate(r *http.Request) {
	if c.config.Principal != "" {
		r.SetBasicAuth(c.config.Principal, c.config.Secret)
	}
}

// cancelBody ends the request with its body, so that no context outlives its answer.
type cancelBody struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

func (b *cancelBody) Close() error {
	b.cancel(ErrClosed)
	return b.ReadCloser.Close()
}

// statusError makes an error of an answer and closes it.
func statusError(name string, response *http.Response) error {
	defer response.Body.Close()
	late := time.AfterFunc(errorBodyTimeout, func() { response.Body.Close() })
	defer late.Stop()
	// What could not be read of an error's text is no reason to hide the status.
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBody))
	return &StatusError{Request: name, Master: response.Request.URL.Host, Code: response.StatusCode, Body: string(body)}
}

// readAnswer reads and closes the body of a successful answer, and makes an error of another.
func readAnswer(name string, response *http.Response) ([]byte, error) {
	if response.StatusCode != http.StatusOK {
		return nil, statusError(name, response)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("%s: read answer: %w", name, err)
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("%s: the answer is longer than %d bytes", name, maxAnswer)
	}
	return body, nil
}
