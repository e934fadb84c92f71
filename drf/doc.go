// Package drf is the arithmetic of Dominant Resource Fairness (Ghodsi et al.,
// NSDI 2011): exact amounts, vectors over interned resource names, exact
// shares, and a weighted tree of roles and frameworks that answers "who is
// served next" in O(depth × log siblings).
//
// Nothing here reads a clock, draws a random number or depends on map order,
// and no decision uses floating point: two runs over the same inputs give the
// same answers on every machine. Floats appear only in the Float methods, for
// printing.
package drf
