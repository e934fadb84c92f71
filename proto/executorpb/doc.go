// Package executorpb holds what the scheduler tells its executor about a task. It is a package of
// its own so that the executor links nothing else of ours.
//
// The Go code is made from ../executor.proto by internal/protogen (`make proto`).
package executorpb
