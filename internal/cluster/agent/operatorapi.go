package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	operator "github.com/mesos/mesos-go/api/v1/lib/agent"

	"fairlead/internal/cluster/agent/files"
	"fairlead/internal/cluster/wire"
)

const recordIO = "application/recordio"

// operatorAPI serves the agent operator endpoint: the calls that read. Those
// that manage containers are refused as a real agent refuses them for
// containers it doesn't have.
func (a *Agent) operatorAPI(w http.ResponseWriter, r *http.Request) {
	call, media, err := a.operatorCall(r)
	if err != nil {
		wire.WriteError(w, err)
		return
	}
	resp, err := a.answer(call)
	if err != nil {
		var refusal *wire.StatusError
		if errors.As(err, &refusal) && refusal.Code == http.StatusNotFound && refusal.Text == "" {
			wire.WriteText(w, refusal.Code, "") // no body, as in Mesos
			return
		}
		wire.WriteError(w, err)
		return
	}
	wire.WriteMessage(w, media, resp)
}

// operatorCall decodes a call after the checks of the endpoint, in their order.
func (a *Agent) operatorCall(r *http.Request) (*operator.Call, wire.MediaType, error) {
	if err := wire.RequireMethod(r, http.MethodPost); err != nil {
		return nil, 0, err
	}
	if err := checkRequestType(r); err != nil {
		return nil, 0, err
	}
	call := &operator.Call{}
	if err := wire.DecodeCall(r, "agent", call); err != nil {
		return nil, 0, err
	}
	if fault := operatorCallFault(call); fault != "" {
		return nil, 0, wire.InvalidCall("agent", fault)
	}
	if call.Type == operator.Call_ATTACH_CONTAINER_INPUT {
		return nil, 0, unsupportedType("Expecting 'Content-Type' to be application/recordio for ATTACH_CONTAINER_INPUT call")
	}
	media, err := responseType(r, call.Type)
	return call, media, err
}

func unsupportedType(text string) error {
	return &wire.StatusError{Code: http.StatusUnsupportedMediaType, Text: text}
}

// checkRequestType looks at the headers that say how the body is coded. The
// only call that may stream its request is not supported here, so a streamed
// one is never complete.
func checkRequestType(r *http.Request) error {
	const plain = "application/json or application/x-protobuf or " + recordIO
	inner := r.Header.Get("Message-Content-Type")
	switch kind := r.Header.Get("Content-Type"); {
	case len(r.Header.Values("Content-Type")) == 0: // told by DecodeCall
	case kind == recordIO && inner == "":
		return wire.BadRequest("Expecting 'Message-Content-Type' to be set for streaming requests")
	case kind == recordIO:
		return wire.BadRequest("Received EOF while reading request body")
	case kind != "application/json" && kind != "application/x-protobuf":
		return unsupportedType("Expecting 'Content-Type' of " + plain)
	case inner != "":
		return unsupportedType("Expecting 'Message-Content-Type' to be not set for non-streaming requests")
	}
	return nil
}

// responseType picks the coding of the answer.
func responseType(r *http.Request, call operator.Call_Type) (wire.MediaType, error) {
	notAcceptable := func(text string) error {
		return &wire.StatusError{Code: http.StatusNotAcceptable, Text: text}
	}
	media, err := wire.Negotiate(r)
	switch {
	case err != nil && strings.Contains(r.Header.Get("Accept"), recordIO):
		return 0, notAcceptable(fmt.Sprintf("Streaming response is not supported for %s call", call))
	case err != nil:
		return 0, notAcceptable("Expecting 'Accept' to allow application/json or application/x-protobuf or " + recordIO)
	case r.Header.Get("Message-Accept") != "":
		return 0, notAcceptable("Expecting 'Message-Accept' to be not set for non-streaming responses")
	}
	return media, nil
}

// answer does a call.
func (a *Agent) answer(c *operator.Call) (*operator.Response, error) {
	switch c.Type {
	case operator.Call_GET_HEALTH:
		return &operator.Response{Type: operator.Response_GET_HEALTH, GetHealth: &operator.Response_GetHealth{Healthy: true}}, nil
	case operator.Call_GET_VERSION:
		return &operator.Response{Type: operator.Response_GET_VERSION, GetVersion: &operator.Response_GetVersion{
			VersionInfo: mesos.VersionInfo{Version: version},
		}}, nil
	case operator.Call_GET_AGENT:
		info := a.info
		return &operator.Response{Type: operator.Response_GET_AGENT, GetAgent: &operator.Response_GetAgent{AgentInfo: &info}}, nil
	case operator.Call_GET_FLAGS:
		return a.flagsAnswer(), nil
	case operator.Call_LIST_FILES:
		return a.listFiles(c.ListFiles.Path)
	case operator.Call_READ_FILE:
		return a.readFile(c.ReadFile)
	}
	if err := containerRefusal(c); err != nil {
		return nil, err
	}
	return a.stateAnswer(c.Type)
}

// stateAnswer does the calls that need the loop.
func (a *Agent) stateAnswer(kind operator.Call_Type) (resp *operator.Response, err error) {
	err = wire.NotImplemented()
	open := a.call(func() {
		err = nil
		switch kind {
		case operator.Call_GET_STATE:
			resp = &operator.Response{Type: operator.Response_GET_STATE, GetState: &operator.Response_GetState{
				GetTasks: a.getTasks(), GetExecutors: a.getExecutors(), GetFrameworks: a.getFrameworks(),
			}}
		case operator.Call_GET_TASKS:
			resp = &operator.Response{Type: operator.Response_GET_TASKS, GetTasks: a.getTasks()}
		case operator.Call_GET_EXECUTORS:
			resp = &operator.Response{Type: operator.Response_GET_EXECUTORS, GetExecutors: a.getExecutors()}
		case operator.Call_GET_FRAMEWORKS:
			resp = &operator.Response{Type: operator.Response_GET_FRAMEWORKS, GetFrameworks: a.getFrameworks()}
		case operator.Call_GET_METRICS:
			resp = &operator.Response{Type: operator.Response_GET_METRICS, GetMetrics: a.getMetrics()}
		case operator.Call_GET_CONTAINERS:
			resp = &operator.Response{Type: operator.Response_GET_CONTAINERS, GetContainers: a.getContainers()}
		case operator.Call_GET_OPERATIONS:
			resp = &operator.Response{Type: operator.Response_GET_OPERATIONS, GetOperations: &operator.Response_GetOperations{}}
		default:
			err = wire.NotImplemented()
		}
	})
	if !open {
		err = errClosed()
	}
	return resp, err
}

func (a *Agent) flagsAnswer() *operator.Response {
	get := &operator.Response_GetFlags{}
	values := a.flags()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		get.Flags = append(get.Flags, mesos.Flag{Name: name, Value: &value})
	}
	return &operator.Response{Type: operator.Response_GET_FLAGS, GetFlags: get}
}

// notThere turns an error of the files into an answer without a body.
func notThere(err error) error {
	if errors.Is(err, files.ErrIsDirectory) {
		return wire.BadRequest("Cannot read a directory.\n")
	}
	if errors.Is(err, fs.ErrPermission) {
		return wire.Forbidden("")
	}
	return &wire.StatusError{Code: http.StatusNotFound}
}

func (a *Agent) listFiles(path string) (*operator.Response, error) {
	entries, err := a.files.List(path)
	if err != nil {
		return nil, notThere(err)
	}
	list := &operator.Response_ListFiles{}
	for _, e := range entries {
		list.FileInfos = append(list.FileInfos, e.Message())
	}
	return &operator.Response{Type: operator.Response_LIST_FILES, ListFiles: list}, nil
}

func (a *Agent) readFile(c *operator.Call_ReadFile) (*operator.Response, error) {
	length := int64(-1)
	if c.Length != nil {
		length = int64(min(*c.Length, files.MaxRead))
	}
	size, data, err := a.files.Read(c.Path, int64(min(c.Offset, 1<<62)), length)
	if err != nil {
		return nil, notThere(err)
	}
	return &operator.Response{Type: operator.Response_READ_FILE, ReadFile: &operator.Response_ReadFile{
		Size_: uint64(size), Data: data,
	}}, nil
}
