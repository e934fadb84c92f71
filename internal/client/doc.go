// Package client speaks to the HTTP API of a scheduler. The command line uses
// it; the JSON types are internal/api's.
//
// Refusals are *api.Error. An error that wraps ErrNoAnswer means that no
// scheduler answered: whether the request was carried out is unknown, and since
// every request is safe to repeat, repeating it is the remedy.
package client
