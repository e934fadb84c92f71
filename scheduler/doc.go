// Package scheduler is the live driver of the allocator: it subscribes to a
// Mesos master, turns what the master and users say into facts, steps the
// allocator.State, and carries out what it decides.
//
// One goroutine owns the state (loop.go). It drains what has come in, books it,
// ticks once, appends facts and decisions to the journal in one commit, and
// only then answers users, acknowledges status updates and sends calls. After
// a crash the journal is applied, never decided again (recover.go), and the
// master is asked about every task (reconcile.go).
//
// Everything about fairness and placement is the allocator's; everything about
// bytes on the wire is internal/mesoshttp's.
package scheduler
