package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"fairlead/internal/api"
	"fairlead/internal/client"
	"fairlead/internal/strictyaml"
)

// The exit statuses.
const (
	exitDone     = 0
	exitFailed   = 1 // what was asked for failed
	exitUsage    = 2 // bad usage or bad input
	exitNoAnswer = 3 // no answer from the server
)

// usageError is bad usage or bad input.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// quietError ends with a status after everything has been said.
type quietError int

func (e quietError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// exitStatus says what an error means to a script.
func exitStatus(err error) int {
	var quiet quietError
	var usage usageError
	var files strictyaml.Errors
	var refused *api.Error
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &quiet):
		return int(quiet)
	case errors.As(err, &usage) || errors.As(err, &files):
		return exitUsage
	case errors.Is(err, client.ErrNoAnswer):
		return exitNoAnswer
	case errors.As(err, &refused):
		return refusedStatus(refused.Status)
	}
	return exitFailed
}

func refusedStatus(status int) int {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return exitUsage
	case http.StatusServiceUnavailable:
		return exitNoAnswer
	}
	return exitFailed
}

// message is what is said about an error: nothing if all has been said, and
// file errors as they are, so that editors find the place.
func message(err error) string {
	var quiet quietError
	var files strictyaml.Errors
	switch {
	case errors.As(err, &quiet):
		return ""
	case errors.As(err, &files):
		return files.Error()
	case errors.Is(err, context.Canceled):
		return "fairlead: interrupted"
	}
	return "fairlead: " + err.Error()
}
