package api

import (
	"fmt"
	"net/http"
	"strconv"
)

// rerun starts a group again that has ended, and with ?below=true what comes
// after it.
func (s *Server) rerun(w http.ResponseWriter, r *http.Request) error {
	below := false
	if text := r.URL.Query().Get("below"); text != "" {
		var err error
		if below, err = strconv.ParseBool(text); err != nil {
			return badRequest("below", fmt.Sprintf("%q is neither true nor false", text))
		}
	}
	framework := r.PathValue("framework")
	names, err := s.cfg.Scheduler.Rerun(r.Context(), framework, r.PathValue("group"), below)
	if err != nil {
		return err
	}
	answer := Submitted{}
	for _, name := range names {
		answer.Groups = append(answer.Groups, Accepted{Framework: framework, Name: name})
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}
