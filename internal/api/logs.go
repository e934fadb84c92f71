package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"time"

	"fairlead/allocator"
	"fairlead/internal/mesoshttp"
	"fairlead/proto"
	"fairlead/scheduler"
)

const (
	logChunk = 64 << 10               // what an agent returns at most
	logPoll  = 500 * time.Millisecond // between looks for more output
)

// logRequest is what GET .../logs asks for.
type logRequest struct {
	framework, group string
	instance         int32
	task             string
	stream           string // "stdout" or "stderr"
	// offset is where to start; negative counts from the present end.
	offset int64
	follow bool
}

// logs sends the output of a task as it is. With ?follow=true it waits for
// the instance to start, goes on with its next run if there is one, and ends
// when the instance has.
func (s *Server) logs(w http.ResponseWriter, r *http.Request) error {
	q, err := s.readLogRequest(r)
	if err != nil {
		return err
	}
	out := &logWriter{s: s, w: w, q: q}
	if q.follow {
		out.begin()
		err = out.follow(r.Context())
	} else {
		err = out.once(r.Context())
	}
	if err != nil && out.begun && r.Context().Err() == nil {
		s.log.Warn("logs broke off: " + err.Error())
		panic(http.ErrAbortHandler) // the only way to tell the client that this is not the end
	}
	if out.begun {
		return nil
	}
	return err
}

func (s *Server) readLogRequest(r *http.Request) (logRequest, error) {
	form := r.URL.Query()
	q := logRequest{
		framework: r.PathValue("framework"), group: r.PathValue("group"),
		task: form.Get("task"), stream: form.Get("stream"),
	}
	var err error
	if q.instance, err = numberParam(r, "instance", 0); err != nil {
		return q, err
	}
	if q.stream == "" {
		q.stream = "stdout"
	}
	if q.stream != "stdout" && q.stream != "stderr" {
		return q, badRequest("stream", fmt.Sprintf("%q: expected stdout or stderr", q.stream))
	}
	if text := form.Get("offset"); text != "" {
		if q.offset, err = strconv.ParseInt(text, 10, 64); err != nil {
			return q, badRequest("offset", fmt.Sprintf("%q: expected a number of bytes", text))
		}
	}
	if q.follow, err = boolParam(r, "follow", false); err != nil {
		return q, err
	}
	spec, err := s.cfg.Scheduler.Spec(r.Context(), q.framework, q.group)
	if err != nil {
		return q, err
	}
	return q, q.pick(spec)
}

// pick checks the instance and the task, and chooses the first main task if
// none is named.
func (q *logRequest) pick(spec *proto.TaskGroup) error {
	if !spec.PerAgent && q.instance >= int32(spec.Instances) {
		return fmt.Errorf("%w: task group %s/%s has no instance %d: they are 0 to %d",
			allocator.ErrUnknown, q.framework, q.group, q.instance, spec.Instances-1)
	}
	i := slices.IndexFunc(spec.Tasks, func(t proto.Task) bool {
		return t.Name == q.task || q.task == "" && !t.Sidecar
	})
	if i < 0 {
		return fmt.Errorf("%w: task group %s/%s has no task %q", allocator.ErrUnknown, q.framework, q.group, q.task)
	}
	q.task = spec.Tasks[i].Name
	return nil
}

// boolParam reads a parameter that is true or false.
func boolParam(r *http.Request, name string, absent bool) (bool, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return absent, nil
	}
	v, err := strconv.ParseBool(text)
	if err != nil {
		return false, badRequest(name, fmt.Sprintf("%q: expected true or false", text))
	}
	return v, nil
}

// logWriter copies the output of an instance to a client.
type logWriter struct {
	s       *Server
	w       http.ResponseWriter
	q       logRequest
	sandbox scheduler.Sandbox
	at      int64
	placed  bool // at is where to go on, no longer where to start
	begun   bool
}

// begin commits to success.
func (l *logWriter) begin() {
	if l.begun {
		return
	}
	l.begun = true
	l.w.Header().Set("Content-Type", "application/octet-stream")
	l.w.WriteHeader(http.StatusOK)
	l.flush()
}

func (l *logWriter) flush() { http.NewResponseController(l.w).Flush() } //nolint:errcheck // the next write shows it

// once copies what there is.
func (l *logWriter) once(ctx context.Context) (err error) {
	if l.sandbox, err = l.find(ctx); err != nil {
		return err
	}
	if err := l.copy(ctx); err != nil {
		return err
	}
	l.begin()
	return nil
}

func (l *logWriter) find(ctx context.Context) (scheduler.Sandbox, error) {
	return l.s.cfg.Scheduler.Sandbox(ctx, l.q.framework, l.q.group, l.q.instance, l.q.task)
}

// copy sends everything from at to the present end of the file.
func (l *logWriter) copy(ctx context.Context) error {
	if err := l.place(ctx); err != nil {
		return err
	}
	for {
		data, _, err := l.read(ctx, logChunk)
		if err != nil || len(data) == 0 {
			return err
		}
		l.begin()
		grant(l.w)
		if _, err := l.w.Write(data); err != nil {
			return err
		}
		l.flush()
		l.at += int64(len(data))
	}
}

// place finds where to start, once.
func (l *logWriter) place(ctx context.Context) error {
	if l.placed {
		return nil
	}
	l.at = max(0, l.q.offset)
	if l.q.offset < 0 {
		_, size, err := l.read(ctx, 0)
		if err != nil {
			return err
		}
		l.at = max(0, size+l.q.offset)
	}
	l.placed = true
	return nil
}

func (l *logWriter) read(ctx context.Context, length int64) (data []byte, size int64, err error) {
	data, size, err = l.s.cfg.Files.ReadFile(ctx, mesoshttp.FileRange{
		Agent: l.sandbox.AgentEndpoint, Path: l.sandbox.Directory + "/" + l.q.stream, Offset: l.at, Length: length,
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) && ctx.Err() == nil {
		err = &Error{Status: http.StatusBadGateway, Code: CodeAgent, Message: err.Error()}
	}
	return data, size, err
}

// follow copies until the instance is over and everything of it is sent.
func (l *logWriter) follow(ctx context.Context) error {
	news := l.s.instanceNews(ctx, l.q)
	for {
		over, err := l.s.isOver(ctx, l.q)
		if err != nil {
			return err
		}
		if err := l.catchUp(ctx); err != nil {
			return err
		}
		if over {
			return nil
		}
		if err := l.poll(ctx, news); err != nil {
			return err
		}
	}
}

// poll copies what comes until there is news of the instance.
func (l *logWriter) poll(ctx context.Context, news <-chan struct{}) error {
	tick := time.NewTicker(logPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case _, open := <-news:
			if !open {
				return scheduler.ErrStopped
			}
			return nil
		case <-tick.C:
			if err := l.catchUp(ctx); err != nil {
				return err
			}
		}
	}
}

// catchUp copies what there is, of the run before first if a new one began.
// That there is no run, no sandbox or no file yet is no error here.
func (l *logWriter) catchUp(ctx context.Context) error {
	if l.sandbox.Directory != "" {
		if err := l.copy(ctx); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	now, err := l.find(ctx)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, allocator.ErrUnknown):
		return nil
	case err != nil || now == l.sandbox:
		return err
	}
	if l.sandbox.Directory != "" {
		l.at, l.placed = 0, true
	}
	l.sandbox = now
	if err := l.copy(ctx); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// instanceNews signals after events of an instance, never twice for what one
// look can see. It ends with ctx.
func (s *Server) instanceNews(ctx context.Context, q logRequest) <-chan struct{} {
	news := make(chan struct{}, 1)
	events := s.cfg.Scheduler.Events(ctx, ^uint64(0)) // only those to come
	go func() {
		for e := range events {
			if e.Framework == q.framework && e.Group == q.group {
				select {
				case news <- struct{}{}:
				default:
				}
			}
		}
		close(news)
	}()
	return news
}

// isOver reports whether an instance will not run any more.
func (s *Server) isOver(ctx context.Context, q logRequest) (bool, error) {
	g, err := s.cfg.Scheduler.Group(ctx, q.framework, q.group)
	if err != nil {
		return false, err
	}
	if g.Outcome != allocator.Unfinished {
		return true, nil
	}
	if int(q.instance) >= len(g.Runs) {
		return false, nil
	}
	switch g.Runs[q.instance].State {
	case allocator.Finished.String(), allocator.Failed.String(), allocator.Killed.String(), allocator.Lost.String():
		return true, nil
	}
	return false, nil
}
