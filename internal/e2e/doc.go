// Package e2e holds the tests that start the real binaries, each in a process
// of its own, and treat them as users and accidents do.
package e2e
