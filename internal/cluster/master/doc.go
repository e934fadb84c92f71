// Package master is a Mesos master for one process: the v1 scheduler and
// operator APIs over HTTP, offers by dominant resource fairness, validation of
// what frameworks launch with the texts of a real master, reconciliation, and
// the unversioned endpoints (/state and its like) that tools read.
//
// One goroutine owns all state. Requests, agents and timers leave closures in
// its inbox; nothing ever waits while holding state, and events for a client
// go through a bounded outbox that the goroutine of its own request writes.
//
// State lives as long as the process: after a restart the master accepts
// framework ids it does not know, as a real master does after a failover.
package master
