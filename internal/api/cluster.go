package api

import (
	"net/http"

	"fairlead/allocator"
)

// answerView answers with what of makes of the present state.
func answerView[T any](s *Server, w http.ResponseWriter, r *http.Request, of func(*allocator.View) T) error {
	v, err := s.cfg.Scheduler.View(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, of(v))
	return nil
}

func (s *Server) agents(w http.ResponseWriter, r *http.Request) error {
	return answerView(s, w, r, agentsOf)
}

func (s *Server) offers(w http.ResponseWriter, r *http.Request) error {
	return answerView(s, w, r, offersOf)
}

func (s *Server) presentStatus() Status {
	st := s.cfg.Scheduler.Status()
	return Status{
		Version: s.cfg.Version, Connected: st.Connected, Reconciled: st.Reconciled,
		Master: st.Master, FrameworkID: st.FrameworkID, Since: st.Since.UTC(), LastError: st.LastError,
	}
}

func (s *Server) status(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, s.presentStatus())
	return nil
}

// healthz is about this process alone. If it failed without a master, whoever
// watches it would restart a scheduler that only has to wait.
func healthz(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, map[string]string{"status": "alive"})
	return nil
}

// readyz tells whether task groups can be placed.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) error {
	st := s.presentStatus()
	if ready, why := st.Ready(); !ready {
		return &Error{Status: http.StatusServiceUnavailable, Code: CodeUnavailable, Message: why}
	}
	writeJSON(w, http.StatusOK, map[string]string{"status": "ready"})
	return nil
}
