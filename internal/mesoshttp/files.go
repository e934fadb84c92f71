package mesoshttp

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
)

// FileRange names bytes of a file in a sandbox.
type FileRange struct {
	Agent  string // host:port of the agent, as in Agent.Endpoint
	Path   string // absolute path on the agent, as ExecutorDirectory gives it, or one of the agent's virtual paths
	Offset int64
	Length int64 // agents return 64 KiB at most; 0 asks for nothing but the size
}

// ReadFile returns bytes of a file, fewer than asked for at its end or if the agent limits them, and the present size of
// the file. Bytes are exact, as READ_FILE encodes them; the agent's older /files/read spoils what is not UTF-8. A
// file that is not there, or no longer, is fs.ErrNotExist.
func (c *Client) ReadFile(ctx context.Context, r FileRange) (data []byte, size int64, err error) {
	const name = "READ_FILE"
	ctx, cancel := context.WithTimeout(ctx, c.config.CallTimeout)
	defer cancel()
	type readFile struct {
		Path   string `json:"path"`
		Offset int64  `json:"offset"`
		Length int64  `json:"length"`
	}
	body, err := json.Marshal(map[string]any{"type": name, "read_file": readFile{r.Path, r.Offset, r.Length}})
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", name, err)
	}
	response, err := c.post(ctx, c.agentURL(r.Agent, operatorPath), request{name: name, body: body, media: jsonType,
		timeout: c.config.CallTimeout})
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", name, err)
	}
	if response.StatusCode == http.StatusNotFound {
		response.Body.Close()
		return nil, 0, fmt.Errorf("%s on agent %s: %w", r.Path, r.Agent, fs.ErrNotExist)
	}
	var answer struct {
		ReadFile struct {
			Size int64  `json:"size"`
			Data []byte `json:"data"`
		} `json:"read_file"`
	}
	if err := decodeJSON(name, response, &answer); err != nil {
		return nil, 0, err
	}
	return answer.ReadFile.Data, answer.ReadFile.Size, nil
}

// agentState is the part of an agent's /state that leads to sandboxes.
type agentState struct {
	Frameworks          []agentFramework `json:"frameworks"`
	CompletedFrameworks []agentFramework `json:"completed_frameworks"`
}

type agentFramework struct {
	ID                 string          `json:"id"`
	Executors          []agentExecutor `json:"executors"`
	CompletedExecutors []agentExecutor `json:"completed_executors"`
}

type agentExecutor struct {
	ID        string `json:"id"`
	Directory string `json:"directory"`
}

// ExecutorDirectory returns the sandbox of an executor on its agent, living or ended. If the agent knows no such
// executor, or has forgotten it, the error is fs.ErrNotExist.
func (c *Client) ExecutorDirectory(ctx context.Context, agent, frameworkID, executorID string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.CallTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.agentURL(agent, "/state").String(), nil)
	if err != nil {
		return "", fmt.Errorf("/state: %w", err)
	}
	c.authenticate(request)
	response, err := c.http.Do(request)
	if err != nil {
		return "", fmt.Errorf("/state: %w", err)
	}
	var state agentState
	if err := decodeJSON("/state", response, &state); err != nil {
		return "", err
	}
	if directory, ok := state.directory(frameworkID, executorID); ok {
		return directory, nil
	}
	return "", fmt.Errorf("executor %s of framework %s on agent %s: %w", executorID, frameworkID, agent, fs.ErrNotExist)
}

// directory looks among the living first, in case an executor id was used twice.
func (s *agentState) directory(frameworkID, executorID string) (string, bool) {
	var living, ended []agentExecutor
	for _, list := range [][]agentFramework{s.Frameworks, s.CompletedFrameworks} {
		for _, framework := range list {
			if framework.ID == frameworkID {
				living = append(living, framework.Executors...)
				ended = append(ended, framework.CompletedExecutors...)
			}
		}
	}
	for _, executor := range append(living, ended...) {
		if executor.ID == executorID {
			return executor.Directory, true
		}
	}
	return "", false
}

func (c *Client) agentURL(endpoint, path string) *url.URL {
	return &url.URL{Scheme: c.scheme, Host: endpoint, Path: path}
}

func decodeJSON(name string, response *http.Response, into any) error {
	body, err := readAnswer(name, response)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s: decode answer: %w", name, err)
	}
	return nil
}
