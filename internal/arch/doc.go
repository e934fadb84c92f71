// Package arch holds the rules of DESIGN.md as tests, so that the build says
// when one is broken, why it is there and what to do instead. It has no code
// of its own: run `go test ./internal/arch`, which `make lint` does.
package arch
