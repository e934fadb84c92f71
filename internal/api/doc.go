// Package api is the HTTP face of a scheduler: JSON under /v1, server-sent
// events, Prometheus metrics, health checks, a dashboard, and the executor
// binary for agents to fetch.
//
// A request is checked for form here and answered by the Scheduler; nothing is
// decided or remembered in this package. types.go holds the JSON, which
// internal/client shares, routes.go lists what is served, and openapi.json
// describes it for others.
//
// Every failure is {"error": {"code", "message", "field"}} with a status that
// fits: 4xx means that the same request will fail again, 5xx that it may be
// repeated. Submitting is idempotent, so a client that saw no answer sends the
// same again.
package api
