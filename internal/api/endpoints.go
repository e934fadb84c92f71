package api

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// endpoints tells where the running instances of a group are reached, a line for each:
// a task that needs another group asks with nothing but curl.
func (s *Server) endpoints(w http.ResponseWriter, r *http.Request) error {
	only, err := numberParam(r, "instance", -1)
	if err != nil {
		return err
	}
	port, err := numberParam(r, "port", 0)
	if err != nil {
		return err
	}
	g, err := s.cfg.Scheduler.Group(r.Context(), r.PathValue("framework"), r.PathValue("group"))
	if err != nil {
		return err
	}
	var out strings.Builder
	for i := range g.Runs {
		in := &g.Runs[i]
		if in.State == "running" && int(port) < len(in.Ports) && (only < 0 || in.Instance == only) {
			fmt.Fprintln(&out, net.JoinHostPort(in.Host, strconv.FormatUint(in.Ports[port], 10)))
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprint(w, out.String()) //nolint:errcheck // a client that is gone is no failure of ours
	return nil
}
