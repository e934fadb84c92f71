package api

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"fairlead/internal/strictyaml"
)

// readBody reads the documents of a request of at most so many bytes, which have to
// arrive in time and as they are.
func readBody(w http.ResponseWriter, r *http.Request, most int64) (*strictyaml.File, error) {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		w.Header().Set("Accept-Encoding", "identity")
		return nil, &Error{
			Status: http.StatusUnsupportedMediaType, Code: CodeEncoding, Field: "Content-Encoding",
			Message: fmt.Sprintf("a body with the content encoding %q is not read: send it as it is", encoding),
		}
	}
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout)) //nolint:errcheck // then there is none
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	return strictyaml.Parse("", body), nil
}
