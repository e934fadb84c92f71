package executor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"

	"fairlead/proto/executorpb"
)

// target is what a probe or a quit hook talks to: exactly one of its fields is set.
type target struct {
	http    *executorpb.HTTP
	tcp     *executorpb.TCP
	command string
}

// prober reaches tasks over the loopback interface, or by running a command beside them.
type prober struct{ http *http.Client }

func newProber() *prober {
	return &prober{http: &http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true, // a check tests that new connections are served
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// get makes one attempt: nil if an HTTP answer is 200 to 399, a TCP connection is accepted, or the
// command exits with 0. env is the command that the task runs; a probe's command gets its surroundings.
func (p *prober) get(ctx context.Context, to target, env command) error {
	return p.try(ctx, http.MethodGet, to, env)
}

// post asks the target to do something, with the same notion of success.
func (p *prober) post(ctx context.Context, to target, env command) error {
	return p.try(ctx, http.MethodPost, to, env)
}

func (p *prober) try(ctx context.Context, method string, to target, env command) error {
	var err error
	switch {
	case to.http != nil:
		err = p.request(ctx, method, to.http)
	case to.tcp != nil:
		err = connect(ctx, to.tcp)
	case to.command != "":
		err = runCommand(ctx, to.command, env)
	default:
		err = errors.New("it says nothing to try")
	}
	return plain(err)
}

func (p *prober) request(ctx context.Context, method string, h *executorpb.HTTP) error {
	scheme := h.Scheme
	if scheme == "" {
		scheme = "http"
	}
	url := scheme + "://" + loopback(h.Port) + h.Path
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return err
	}
	answer, err := p.http.Do(request)
	if err != nil {
		return err
	}
	answer.Body.Close()
	if answer.StatusCode < 200 || answer.StatusCode > 399 {
		return fmt.Errorf("HTTP status %d", answer.StatusCode)
	}
	return nil
}

func connect(ctx context.Context, t *executorpb.TCP) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", loopback(t.Port))
	if err != nil {
		return err
	}
	return conn.Close()
}

func loopback(port uint32) string {
	return net.JoinHostPort("127.0.0.1", strconv.FormatUint(uint64(port), 10))
}

// runCommand runs line in the directory and with the variables of env; its output is dropped.
func runCommand(ctx context.Context, line string, env command) error {
	c := shellCommand(line)
	c.env, c.dir = env.env, env.dir
	p, err := startProcess(c)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, p.kill)()
	status := p.wait()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case status.Exited() && status.ExitStatus() == 0:
		return nil
	}
	return errors.New(describe(status))
}

// plain shortens an error to what a user wants to know: not that it was a GET from here to there, but
// that the connection was refused.
func plain(err error) error {
	var number syscall.Errno
	var timeout net.Error
	switch {
	case errors.As(err, &number):
		return number
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("no answer in time")
	}
	return err
}

// orDefault turns milliseconds of a message into a duration; not positive means absent.
func orDefault(ms int64, absent time.Duration) time.Duration {
	if ms <= 0 {
		return absent
	}
	return time.Duration(ms) * time.Millisecond
}
