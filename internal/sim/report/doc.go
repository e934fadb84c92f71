// Package report turns the results of simulations into what people look at: comparisons, plots and
// pages. It computes nothing that a result doesn't say, and writes the same bytes for the same results.
package report
