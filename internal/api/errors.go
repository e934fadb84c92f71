package api

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"

	"fairlead/allocator"
	"fairlead/internal/strictyaml"
	"fairlead/scheduler"
)

// The codes of Error, with the status that each goes with.
const (
	CodeBadRequest       = "bad_request"        // 400: the request makes no sense
	CodeInvalid          = "invalid"            // 400: a task group breaks the rules; Field says where
	CodeForbidden        = "forbidden"          // 403: a browser sent it on behalf of another site
	CodeNotFound         = "not_found"          // 404
	CodeMethodNotAllowed = "method_not_allowed" // 405
	CodeConflict         = "conflict"           // 409: the name is taken by another specification
	CodeTooLarge         = "too_large"          // 413
	CodeEncoding         = "content_encoding"   // 415: the body is compressed
	CodeUnsupported      = "unsupported"        // 422: well formed, but this cluster or version can't do it
	CodeUnsatisfiable    = "unsatisfiable"      // 422: it could never start on this cluster; ?allow_unsatisfiable=true submits it all the same
	CodeInternal         = "internal"           // 500
	CodeAgent            = "agent"              // 502: an agent did not answer as it should
	CodeUnavailable      = "unavailable"        // 503: try again
)

func badRequest(field, message string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: CodeBadRequest, Message: message, Field: field}
}

// errorOf says what an error means to a client.
func errorOf(err error) *Error {
	var ready *Error
	var file *strictyaml.Error
	var large *http.MaxBytesError
	for _, known := range []struct {
		is     bool
		status int
		code   string
	}{
		{errors.As(err, &large), http.StatusRequestEntityTooLarge, CodeTooLarge},
		{errors.Is(err, allocator.ErrConflict), http.StatusConflict, CodeConflict},
		{errors.Is(err, allocator.ErrUnknown), http.StatusNotFound, CodeNotFound},
		{errors.Is(err, fs.ErrNotExist), http.StatusNotFound, CodeNotFound},
		{errors.Is(err, allocator.ErrUnsatisfiable), http.StatusUnprocessableEntity, CodeUnsatisfiable},
		{errors.Is(err, allocator.ErrInvalid), http.StatusUnprocessableEntity, CodeUnsupported},
		{errors.Is(err, scheduler.ErrStopped), http.StatusServiceUnavailable, CodeUnavailable},
		{errors.Is(err, context.Canceled), http.StatusServiceUnavailable, CodeUnavailable},
		{errors.Is(err, context.DeadlineExceeded), http.StatusServiceUnavailable, CodeUnavailable},
	} {
		if known.is {
			return &Error{Status: known.status, Code: known.code, Message: err.Error(), Field: allocator.FieldOf(err)}
		}
	}
	switch {
	case errors.As(err, &ready):
		return ready
	case errors.As(err, &file):
		return &Error{Status: http.StatusBadRequest, Code: CodeInvalid, Message: err.Error(), Field: file.Field}
	}
	return &Error{Status: http.StatusInternalServerError, Code: CodeInternal, Message: err.Error()}
}

func writeError(w http.ResponseWriter, e *Error) { writeJSON(w, e.Status, ErrorBody{e}) }

// writeJSON sends v. A client that is gone by then is no failure of ours.
func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":{"code":"internal","message":"the answer can't be encoded"}}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(body, '\n')) //nolint:errcheck // see above
}
