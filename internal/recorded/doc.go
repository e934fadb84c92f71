// Package recorded makes scenarios for package sim of what a scheduler did: of its journal, or of the
// state that it is in.
//
// A journal becomes the workload that it recorded: the agents, roles and frameworks, and every task
// group with the time of its submission and how long each of its instances was seen to run. A state
// becomes the beginning of a scenario: what runs is there from the first moment, on the agents on
// which it runs, and what waits arrives a millisecond later.
//
// What a scenario can't say is counted in the Workload's Notes, never dropped in silence.
package recorded
