package api

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"time"
)

// executorTimeout is for an agent to take the whole binary.
const executorTimeout = 10 * time.Minute

// executor serves the executor binary. Ranges, conditions and lengths are
// http.ServeContent's; the tag changes with the file, so that an agent's cache
// never runs an old one.
func (s *Server) executor(w http.ResponseWriter, r *http.Request) error {
	if s.cfg.Executor == "" {
		return fmt.Errorf("no executor is served here: %w", fs.ErrNotExist)
	}
	file, err := os.Open(s.cfg.Executor)
	if err != nil {
		return fmt.Errorf("the executor: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("the executor: %w", err)
	}
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(executorTimeout)) //nolint:errcheck // then there is none
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), info.Size()))
	http.ServeContent(w, r, "", info.ModTime(), file)
	return nil
}
