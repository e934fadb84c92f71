package api

import (
	_ "embed"
	"net/http"
)

// openAPIDocument is written by hand; a test holds it against the routes and
// the types.
//
//go:embed openapi.json
var openAPIDocument []byte

func openAPI(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	w.Write(openAPIDocument) //nolint:errcheck // the client is gone
	return nil
}
