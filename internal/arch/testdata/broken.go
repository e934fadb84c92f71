// Package broken breaks every rule that looks into files. Each line that must
// be reported says by which rule.
package broken

import (
	"fmt"
	"maps"
	"os" // breaks impurities
	"slices"

	"github.com/gogo/protobuf/proto" // breaks impurities
)

// A group may share a comment, and a constant may have one beside it.
const (
	First  = 1
	Second = 2
)

const Third = 3 // beside it

var Fourth = 4 // beside it, too

type Silent struct{} // breaks silentNames

func (Silent) Method() {} // breaks silentNames

type hidden struct{ field int }

func (hidden) Method() {}

func Loud() {} // breaks silentNames

var (
	counter int
	table   = map[string]int{}
	record  hidden
)

func init() {} // breaks inits

func assign(table []int) {
	counter = 1      // breaks assignments
	counter++        // breaks assignments
	record.field = 2 // breaks assignments
	table[0] = 3
	record := hidden{}
	record.field = 4
	for counter = range 3 { // breaks assignments
	}
}

func assignTable() {
	table["a"] = 1 // breaks assignments
}

func order(m map[string]int) (sum int) {
	for _, n := range m { // breaks mapOrder
		sum += n
	}
	for _, n := range m { // commutes: addition
		sum += n
	}
	// commutes: addition, and this explanation
	// goes on for a line.
	for _, n := range m {
		sum += n
	}
	_ = slices.Sorted(maps.Keys(m))
	_ = slices.Collect(maps.Keys(m)) // breaks mapOrder
	for _, n := range []int{1} {
		sum += n
	}
	return sum
}

func concurrent() {
	done := make(chan bool) // breaks concurrency
	go func() {             // breaks concurrency
		done <- true // breaks concurrency
	}()
	select {} // breaks concurrency
}

func half(n int) float64 { // breaks floats
	return float64(n) / 2 // breaks floats
}

type printed struct{ n int }

func (p printed) Float() float64 { return float64(p.n) / 2 }

func (p printed) String() string { return fmt.Sprint(p.Float()) }

func print(p printed) string {
	return fmt.Sprintf("%.1f", float64(p.n)/1000)
}

func decide(p printed) bool {
	return p.Float() > 0.5 // breaks floats
}

func five(a, b, c int, _, _ string) {} // breaks manyParameters

func four(a, b, c int, _ string) { proto.Size(nil); os.Exit(0) }
