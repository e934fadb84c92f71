// Package allocator is the core of Fairlead: a deterministic state machine
// that decides which instance of which task group runs on which agent.
//
// State.Step takes one Event. A fact (an offer arrived, a group was submitted,
// a task ended) only books what happened. Tick decides: it serves frameworks
// in the order of the drf.Tree, places instances, and returns Actions for the
// driver to carry out. Whatever Tick decides it also books, through the same
// code that Apply uses when a journal is replayed, so a replay never decides
// anything again.
//
// The same State runs in the live scheduler, on the embedded cluster and in
// the simulator. It therefore reads no clock (time is a field of every event),
// draws no random numbers, does no I/O, starts no goroutine, and decides
// nothing by map order or by floating point. It is not safe for concurrent
// use: one goroutine owns it, readers get a View.
//
// # Order of choice
//
// Lowest weighted dominant share first, then fewest placements so far, then
// name. A framework of whose groups none fits anywhere is passed over until
// that changes. Within a framework: higher priority, then earlier arrival; a
// group that does not fit holds back nothing that does.
//
// # Cost
//
// A decision costs O(log) of the number of frameworks, of groups in the
// framework's queue, and of agents that can hold the shape asked for. Agents
// are indexed for each distinct shape (vector of resources) that has something
// waiting; an index catches up with changed agents only when it is asked.
package allocator
