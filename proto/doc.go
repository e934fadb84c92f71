// Package proto holds the task group as it travels through Fairlead: parsed once by
// internal/taskgroup, kept in the journal, shown by the API.
//
// The Go code is made from taskgroup.proto by internal/protogen (`make proto`). An encoding is
// canonical: two equal specifications have equal bytes.
package proto
