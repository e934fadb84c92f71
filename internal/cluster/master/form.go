package master

import (
	"io"
	"net/http"
	"net/url"

	"fairlead/internal/cluster/wire"
)

// formValue reads a member of a form body whatever its Content-Type says: real
// clients, and curl -d without a header, send several.
func formValue(r *http.Request, name string) (string, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if err != nil {
		return "", wire.BadRequest("Failed to read body: %v", err)
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return "", wire.BadRequest("Unable to decode query string: %v", err)
	}
	return values.Get(name), nil
}
