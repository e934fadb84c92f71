// Package repro holds the tests that run the scenarios of examples/paper and compare what comes out
// with what papers print. docs/reproductions.md tells the same as tables.
package repro
