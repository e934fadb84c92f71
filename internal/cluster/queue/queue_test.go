package queue_test

import (
	"slices"
	"sync"
	"testing"

	"fairlead/internal/cluster/queue"
)

// TestEverythingIsReadOnceAndInOrder: writers put what they have, each in order, and
// nothing after Close; the reader gets all of it and then ends.
func TestEverythingIsReadOnceAndInOrder(t *testing.T) {
	const writers, each = 4, 1000
	q := queue.New[[2]int]()
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for n := range each {
				if !q.Put([2]int{w, n}) {
					t.Error("an open queue refused an item")
				}
			}
		})
	}
	go func() {
		writing.Wait()
		q.Close()
		if q.Put([2]int{}) {
			t.Error("a closed queue took an item")
		}
	}()
	next := make([]int, writers)
	q.Each(func(item [2]int) {
		if item[1] != next[item[0]] {
			t.Errorf("item %d of writer %d came in place of %d", item[1], item[0], next[item[0]])
		}
		next[item[0]]++
	})
	if want := slices.Repeat([]int{each}, writers); !slices.Equal(next, want) {
		t.Errorf("read of each writer: %v, want %v", next, want)
	}
}
