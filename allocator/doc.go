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
// group that does not fit holds back nothing that does, until it has waited
// longer than Config.ReserveAfterMillis.
//
// # Gangs and holds
//
// The instances of a gang (Group.Gang) start in one Tick or not at all. A gang,
// or a group that asks for more than others do, can be passed over again and
// again by what is smaller. When it has waited for too long, and is first among
// all that have, room is held for it (Hold): agents are chosen on which it finds
// room once what runs there has ended, and nothing else is placed on what comes
// free there. A hold is not charged to the framework. It ends with the launch,
// or at its time, and is then made for twice as long when the turn of the group
// comes again. An agent is held for one group at most, and a hold waits for no
// room outside its agents, so no two of them can wait for each other.
//
// # Elastic groups
//
// The surplus of an elastic group (Group.Surplus) is no demand: it is not pending.
// A Tick lets it compete last, for what is left when everything else was placed
// and room was held (grow), and ends it when that makes room for what waits
// (shrink). Each Tick looks at every elastic group once, and while anything waits
// at each of their surplus runs.
//
// # Periodic groups
//
// A periodic group is over, or was never due, between its occurrences. Its driver
// has the calendar, and tells each time that it is due (ScheduleDue); a Tick
// decides what becomes of it (Occur, Skip, Stop). An occurrence starts as a group
// does that is submitted.
//
// # Backfill
//
// What is held may be used by a run that is over, by its max_runtime, before the
// hold can be complete (Hold.CompleteBy). While there is such a hold, a Tick looks
// at every group that waits and would fit there.
//
// # Constraints
//
// A group's constraints (Constraint) are looked at when one of its instances is
// placed; nothing is moved because of them later. An instance counts where it
// is from Launch to Settle, so also while it is killed or out of sight. It
// counts at what its agent has in the field now: an agent that comes back with
// other attributes takes what runs there along.
//
// # Life of an instance
//
// An instance is in one of these states; a group is over when none of its
// instances can leave "over" or start any more.
//
//	state        quasi-state     means                                 leaves it by
//	(none)                       never started; only counted           Launch; GroupKilled drops it
//	(none)       idle            its group is periodic and was never   Occur; GroupKilled
//	                             due
//	(none)       blocked         its group comes after one that has    the last of those ending;
//	                             not ended (group.unmet)               Abandon, if one fails that
//	                                                                   must finish well
//	live         staging         launched, nothing heard yet           TaskUpdated
//	live         starting, running  as the least advanced task says    TaskUpdated
//	live         unreachable     a task is out of sight                TaskUpdated; Settle as lost
//	                                                                   after Config.UnreachableMillis
//	live         killing         Kill was sent, because it is to end   the end of its tasks
//	                             or lasts too long, and is repeated
//	                             every Config.KillRepeatMillis
//	live         ended           all tasks are over (State.ended);     Settle, in the next Tick
//	                             what they held is free already
//	backoff                      runs again, not before a time         that time; a kill
//	waiting      surplus         it made room, or runs again, beyond   Launch; a kill; the end of the
//	                             the base of an elastic group          group
//	waiting      ready           in line, its shape may fit            Launch; a kill
//	waiting      parked          in line, but no agent can hold it     an agent with more room
//	over                         finished, failed or killed            never
//
// A group that is over can be started again (GroupRerun): its instances are then
// as if it was submitted at that time, and only its history stays.
//
// A run is one passage through "live". Its id is gone with Settle; updates of
// it that come later change nothing. Of an agent that is lost, what ran there
// stays live until its tasks are reported; then the agent is forgotten, and
// counts as a new one if it comes back.
//
// # Replay
//
// A State is a function of the facts and actions booked so far and of the time
// of the latest event. Back-offs therefore end by time alone, ids of runs
// depend on what is alive only, and whatever is collected for the next Tick is
// ordered before use. Image and Restore keep everything but offers and what
// the master was last told, both void with a new subscription.
//
// # Cost
//
// A decision costs O(log) of the number of frameworks, of groups in the
// framework's queue, and of agents that can hold the shape asked for, and in
// the steady state allocates nothing: actions are cut from arrays made for many.
// Agents are indexed for each distinct demand (vector of resources) that is asked
// for twice; an index follows the log of changed agents when it is asked. So with
// S demands taking turns, each change of an agent is looked at S times, and one
// that is asked for only once costs one look at every agent.
//
// What asks for the same, as often at once, is one shape. One that finds no room
// costs nothing until an agent has more; then the frameworks that were set aside
// for it come back one by one, in order, O(log) each. All of them do under other
// policies than DRF, with quotas, and where frameworks are in more than one role.
// A Tick asks who has waited for too long only where the first group of a line
// changed or its time has come; while it has for some that others slip by, the
// frameworks where it has are put in order, O(log) each. A preemption looks at
// everybody who waits.
//
// Constraints that do not depend on where instances are (LIKE, UNLIKE, IS, and
// CLUSTER with a value) belong to the shape, which all groups that have the same
// ones share. With the others a group has a shape of its own. A launch then
// costs no more than without, except where it lets GROUP_BY accept other values;
// that, and each end of an instance while others of its group wait, costs one
// look at every agent. An agent that offers more room is held against every
// shape that fitted nowhere, so against every such group that waits.
//
// Gangs of one demand share its index, and those of one size a shape, so that it does
// not matter how many wait. While all that is free together is less than a gang
// takes, no agent is looked at for it.
package allocator
