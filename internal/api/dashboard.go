package api

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"strings"
)

// dashboardPage is one file without any reference to another one, so that it
// works where there is no way out.
//
//go:embed dashboard.html
var dashboardPage string

// dashboard serves the page. Its policy lets it run its own script, talk to
// this server, and nothing else: names come from users.
func dashboard(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", strings.Join([]string{
		"default-src 'none'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
		"script-src " + sourceHash("script"), "style-src " + sourceHash("style"),
	}, "; "))
	w.Write([]byte(dashboardPage)) //nolint:errcheck // the client is gone
	return nil
}

// sourceHash is what a Content-Security-Policy calls the one inline element
// with this tag.
func sourceHash(tag string) string {
	_, rest, _ := strings.Cut(dashboardPage, "<"+tag+">")
	content, _, _ := strings.Cut(rest, "</"+tag+">")
	sum := sha256.Sum256([]byte(content))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
