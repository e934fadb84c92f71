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
//
// In place of the allocator a model of a Mesos master can decide (master), with frameworks of their own that
// answer its offers. It takes the same facts and gives the same actions, so that workloads, changes, faults
// and results are the same for both. Agents can be over-committed (crowd): the allocator is then told
// a part of what there is, and what runs slows down. What goes wrong (Faults) depends on the seed, and on which
// attempt of which instance it happens to, never on what was decided.
package sim
