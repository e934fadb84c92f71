package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"fairlead/internal/api"
	"fairlead/internal/taskgroup"
	"fairlead/proto"
)

// ErrNoAnswer is wrapped by errors of requests that no scheduler answered.
var ErrNoAnswer = errors.New("no answer from the server")

const (
	dialTimeout   = 5 * time.Second
	headerTimeout = 60 * time.Second // an answer begins within this time
)

// Client speaks to one server. It is safe for concurrent use.
type Client struct {
	base *url.URL
	http *http.Client
}

// New returns a client of the server at an http or https URL. A bare
// host:port is taken for http.
func New(server string) (*Client, error) {
	if !strings.Contains(server, "://") {
		server = "http://" + server
	}
	base, err := url.Parse(server)
	switch {
	case err != nil:
		return nil, fmt.Errorf("server: %w", err)
	case base.Scheme != "http" && base.Scheme != "https":
		return nil, fmt.Errorf("server %q: expected an http or https URL", server)
	case base.Host == "":
		return nil, fmt.Errorf("server %q: no host in it", server)
	}
	return &Client{base: base, http: &http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSHandshakeTimeout:   dialTimeout,
		ResponseHeaderTimeout: headerTimeout,
		MaxIdleConnsPerHost:   4,
	}}}, nil
}

// Server is the URL that the client speaks to.
func (c *Client) Server() string { return c.base.String() }

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// request is one call of the API.
type request struct {
	method string
	path   []string // below the base, unescaped
	query  url.Values
	body   []byte
	header http.Header
}

// send returns the answer if its status is one of success; its body is the
// caller's to close.
func (c *Client) send(ctx context.Context, q request) (*http.Response, error) {
	escaped := make([]string, len(q.path))
	for i, p := range q.path {
		escaped[i] = url.PathEscape(p)
	}
	target := c.base.JoinPath(escaped...)
	target.RawQuery = q.query.Encode()
	r, err := http.NewRequestWithContext(ctx, q.method, target.String(), bytes.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	for name, values := range q.header {
		r.Header[name] = values
	}
	if q.body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(r)
	switch {
	case ctx.Err() != nil && err != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, fmt.Errorf("%w %s: %w", ErrNoAnswer, c.Server(), cause(err))
	case response.StatusCode/100 != 2:
		defer response.Body.Close()
		return nil, c.refusal(response)
	}
	return response, nil
}

// cause is what went wrong, without the method and the URL.
func cause(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// maxError bounds what is read of a refusal.
const maxError = 64 << 10

func (c *Client) refusal(response *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxError))
	if err != nil {
		return fmt.Errorf("%w %s: %w", ErrNoAnswer, c.Server(), err)
	}
	var answer api.ErrorBody
	if json.Unmarshal(body, &answer) != nil || answer.Error == nil || answer.Error.Message == "" {
		return fmt.Errorf("%w: %s is no fairlead scheduler: it answers %s", ErrNoAnswer, c.Server(), response.Status)
	}
	answer.Error.Status = response.StatusCode
	return answer.Error
}

// get reads the JSON answer to a request into out.
func get[T any](ctx context.Context, c *Client, q request) (*T, error) {
	response, err := c.send(ctx, q)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	out := new(T)
	if err := json.NewDecoder(response.Body).Decode(out); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%w %s: reading it: %w", ErrNoAnswer, c.Server(), err)
	}
	return out, nil
}

// Submit adds task groups, all or none; what is there already in the same form
// is left as it is. What could never start on the cluster is refused, unless
// that is allowed.
func (c *Client) Submit(ctx context.Context, groups []*proto.TaskGroup, allowUnsatisfiable bool) (*api.Submitted, error) {
	query := url.Values{}
	if allowUnsatisfiable {
		query.Set("allow_unsatisfiable", "true")
	}
	return post[api.Submitted](ctx, c, "groups", query, groups)
}

// Plan says what Submit would do.
func (c *Client) Plan(ctx context.Context, groups []*proto.TaskGroup) (*api.Plan, error) {
	return post[api.Plan](ctx, c, "plan", nil, groups)
}

// RoleChange is what SetRole changes; what is nil stays.
type RoleChange struct {
	Weight    *api.Amount    `json:"weight,omitempty"`
	Guarantee *api.Resources `json:"guarantee,omitempty"`
	Limit     *api.Resources `json:"limit,omitempty"`
}

// SetRole changes a role, from the next decision on. Guarantees that the cluster
// can't keep are refused, unless that is allowed.
func (c *Client) SetRole(ctx context.Context, role string, change RoleChange, allowUnsatisfiable bool) (*api.Role, error) {
	query := url.Values{}
	if allowUnsatisfiable {
		query.Set("allow_unsatisfiable", "true")
	}
	return put[api.Role](ctx, c, append([]string{"v1", "roles"}, strings.Split(role, "/")...), query, change)
}

// FrameworkChange is what SetFramework changes; what is nil or empty stays.
type FrameworkChange struct {
	Weight *api.Amount `json:"weight,omitempty"`
	Role   string      `json:"role,omitempty"`
}

// SetFramework changes a framework, from the next decision on: without a role in
// every role that it is in.
func (c *Client) SetFramework(ctx context.Context, framework string, change FrameworkChange) (*api.Framework, error) {
	return put[api.Framework](ctx, c, []string{"v1", "frameworks", framework}, nil, change)
}

func put[T any](ctx context.Context, c *Client, path []string, query url.Values, change any) (*T, error) {
	body, err := json.Marshal(change)
	if err != nil {
		return nil, err
	}
	return get[T](ctx, c, request{method: http.MethodPut, path: path, query: query, body: body})
}

func post[T any](ctx context.Context, c *Client, what string, query url.Values, groups []*proto.TaskGroup) (*T, error) {
	var specs []json.RawMessage
	for _, g := range groups {
		specs = append(specs, taskgroup.ToJSON(g))
	}
	body, err := json.Marshal(map[string]any{"groups": specs})
	if err != nil {
		return nil, err
	}
	return get[T](ctx, c, request{method: http.MethodPost, path: []string{"v1", what}, query: query, body: body})
}

// list reads one of the lists below /v1.
func list[T any](ctx context.Context, c *Client, what string, query url.Values) (*T, error) {
	return get[T](ctx, c, request{method: http.MethodGet, path: []string{"v1", what}, query: query})
}

// Groups lists the task groups of a framework, or all if it is empty.
func (c *Client) Groups(ctx context.Context, framework string) (*api.Groups, error) {
	query := url.Values{}
	if framework != "" {
		query.Set("framework", framework)
	}
	return list[api.Groups](ctx, c, "groups", query)
}

// Instances lists the instances of a framework that were ever started, or all
// if it is empty.
func (c *Client) Instances(ctx context.Context, framework string) (*api.Instances, error) {
	query := url.Values{}
	if framework != "" {
		query.Set("framework", framework)
	}
	return list[api.Instances](ctx, c, "instances", query)
}

// Shares returns the fairness tree.
func (c *Client) Shares(ctx context.Context) (*api.Shares, error) {
	return list[api.Shares](ctx, c, "shares", nil)
}

// Fairness says how fairly everybody is served.
func (c *Client) Fairness(ctx context.Context) (*api.Fairness, error) {
	return list[api.Fairness](ctx, c, "fairness", nil)
}

// Agents lists the agents.
func (c *Client) Agents(ctx context.Context) (*api.Agents, error) {
	return list[api.Agents](ctx, c, "agents", nil)
}

// Offers lists the offers that are held now.
func (c *Client) Offers(ctx context.Context) (*api.Offers, error) {
	return list[api.Offers](ctx, c, "offers", nil)
}

// Status says how the scheduler stands with its master.
func (c *Client) Status(ctx context.Context) (*api.Status, error) {
	return list[api.Status](ctx, c, "status", nil)
}

func groupPath(n api.Name, more ...string) []string {
	return append([]string{"v1", "groups", n.Framework, n.Name}, more...)
}

// Group returns everything known of a task group.
func (c *Client) Group(ctx context.Context, n api.Name) (*api.GroupDetail, error) {
	return get[api.GroupDetail](ctx, c, request{method: http.MethodGet, path: groupPath(n)})
}

// Explain says why a group does, or does not, run.
func (c *Client) Explain(ctx context.Context, n api.Name) (*api.Explanation, error) {
	return get[api.Explanation](ctx, c, request{method: http.MethodGet, path: groupPath(n, "explain")})
}

// Delete kills a live group, or one instance of it if that is not negative,
// and removes a group that has ended.
func (c *Client) Delete(ctx context.Context, n api.Name, instance int32) (*api.Deleted, error) {
	query := url.Values{}
	if instance >= 0 {
		query.Set("instance", strconv.Itoa(int(instance)))
	}
	return get[api.Deleted](ctx, c, request{method: http.MethodDelete, path: groupPath(n), query: query})
}

// Rerun starts a group again that has ended, and if below is set what comes after
// it. The answer lists what is started.
func (c *Client) Rerun(ctx context.Context, n api.Name, below bool) (*api.Submitted, error) {
	query := url.Values{"below": {strconv.FormatBool(below)}}
	return get[api.Submitted](ctx, c, request{method: http.MethodPost, path: groupPath(n, "rerun"), query: query})
}

// Logs names output of a task.
type Logs struct {
	Group    api.Name
	Instance int32
	Task     string // the first main task if empty
	Stream   string // stdout or stderr
	Offset   int64  // bytes to leave out; negative: how many to send of the end
	Follow   bool   // go on until the instance has ended
}

// Logs copies output to w.
func (c *Client) Logs(ctx context.Context, q Logs, w io.Writer) error {
	query := url.Values{
		"instance": {strconv.Itoa(int(q.Instance))}, "task": {q.Task}, "stream": {q.Stream},
		"offset": {strconv.FormatInt(q.Offset, 10)}, "follow": {strconv.FormatBool(q.Follow)},
	}
	response, err := c.send(ctx, request{method: http.MethodGet, path: groupPath(q.Group, "logs"), query: query})
	if err != nil {
		return err
	}
	defer response.Body.Close()
	reader := &brokenReader{r: response.Body}
	if _, err := io.Copy(w, reader); err != nil {
		if ctx.Err() == nil && reader.err != nil {
			err = fmt.Errorf("%w %s: the output broke off: %w", ErrNoAnswer, c.Server(), err)
		}
		return err
	}
	return nil
}

// brokenReader remembers a failure to read, to tell it from one to write.
type brokenReader struct {
	r   io.Reader
	err error
}

func (b *brokenReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}
