// Package sim runs the allocator in virtual time: a scenario says what the cluster is made of and
// which task groups arrive when and run for how long; the result says who got what.
//
// It is the third driver of allocator.State, beside the live scheduler and the embedded cluster, and
// takes no decision of its own. Groups come from the workload, in the order of their arrival; ends of
// runs come from a heap, ordered by time, then by the order in which they were made. All facts of one
// time are stepped before one Tick. What a Tick launches ends when its duration is over. Nothing
// depends on the clock, on map order or on the machine: the same scenario and seed give the same
// digest everywhere.
//
// What is held grows with what is alive. Of each entry of a scenario only the next arrival is known, of
// a stream of groups (Scenario.Arrivals) only the next one. Nothing that is drawn is kept: the k-th number
// of a field depends on the seed, the names and k alone. A group that is over is forgotten, by the
// allocator too, once nothing that is to come is after it.
package sim
