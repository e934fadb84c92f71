// Package sim runs the allocator in virtual time: a scenario says what the cluster is made of and
// which task groups arrive when and run for how long; the result says who got what.
//
// It is the third driver of allocator.State, beside the live scheduler and the embedded cluster, and
// takes no decision of its own. Facts come from a heap of events ordered by time, then by the order
// in which they were made. All facts of one time are stepped before one Tick. What a Tick launches
// ends when its duration is over. Nothing depends on the clock, on map order or on the machine:
// the same scenario and seed give the same digest everywhere.
package sim
