package wire

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// StatusError is a refusal of a request: a status code and the plain text of
// the body. An empty Text stands for the body Mesos's HTTP layer makes of the
// status itself.
type StatusError struct {
	Code  int
	Text  string
	Allow string // value of the Allow header, for 405
	Empty bool   // no body at all
}

// Error returns the status and the text.
func (e *StatusError) Error() string { return fmt.Sprintf("%d %s", e.Code, e.body()) }

func (e *StatusError) body() string {
	if e.Text != "" || e.Empty {
		return e.Text
	}
	return fmt.Sprintf("%d %s.", e.Code, http.StatusText(e.Code))
}

// BadRequest makes a 400 with a formatted text.
func BadRequest(format string, args ...any) *StatusError {
	return &StatusError{Code: http.StatusBadRequest, Text: fmt.Sprintf(format, args...)}
}

// Forbidden makes a 403 with a text.
func Forbidden(text string) *StatusError {
	return &StatusError{Code: http.StatusForbidden, Text: text}
}

// NotFound is the answer for a path nothing is registered at.
func NotFound() *StatusError { return &StatusError{Code: http.StatusNotFound} }

// NotImplemented is the answer to a call of type UNKNOWN.
func NotImplemented() *StatusError { return &StatusError{Code: http.StatusNotImplemented} }

// WriteError answers with a refusal. An error that is not a *StatusError is
// ours: it becomes a 500 with its text.
func WriteError(w http.ResponseWriter, err error) {
	var refusal *StatusError
	if !errors.As(err, &refusal) {
		refusal = &StatusError{Code: http.StatusInternalServerError, Text: err.Error()}
	}
	if refusal.Allow != "" {
		w.Header().Set("Allow", refusal.Allow)
	}
	WriteText(w, refusal.Code, refusal.body())
}

// WriteText answers with a status and a plain text, which may be empty.
func WriteText(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(code)
	_, _ = w.Write([]byte(text)) // the client's trouble if it is gone
}

// WriteMessage answers 200 with one message in the given coding. The length is
// stated because mesos-go takes an answer without it for a stream.
func WriteMessage(w http.ResponseWriter, t MediaType, m Message) {
	body, err := t.Marshal(m)
	if err != nil {
		WriteError(w, err)
		return
	}
	w.Header().Set("Content-Type", t.String())
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// RequireMethod refuses every method but one, as Mesos does it.
func RequireMethod(r *http.Request, method string) error {
	if r.Method == method {
		return nil
	}
	return &StatusError{
		Code:  http.StatusMethodNotAllowed,
		Allow: method,
		Text: fmt.Sprintf("405 Method Not Allowed. Expecting one of { '%s' }, but received '%s'.",
			method, r.Method),
	}
}
