package allocator

// tally counts the live instances of a group by the value of one field, and
// knows the least of the counts.
type tally struct {
	at    map[value]int32 // none of them zero
	sizes map[int32]int32 // how many values have a count
	least int32           // of the counts; 0 if there is none
}

func newTally() *tally {
	return &tally{at: map[value]int32{}, sizes: map[int32]int32{}}
}

// add counts n more instances at a value: 1 or -1.
func (t *tally) add(v value, n int32) {
	before := t.at[v]
	after := before + n
	if before > 0 {
		t.resize(before, -1)
	}
	if after > 0 {
		t.at[v] = after
		t.resize(after, 1)
	} else {
		delete(t.at, v)
	}
	t.follow(after)
}

func (t *tally) resize(count, n int32) {
	if t.sizes[count] += n; t.sizes[count] == 0 {
		delete(t.sizes, count)
	}
}

// follow moves least to where it belongs after one count became another one.
func (t *tally) follow(count int32) {
	switch {
	case len(t.at) == 0:
		t.least = 0
		return
	case count > 0 && (count < t.least || t.least == 0):
		t.least = count
	}
	for t.sizes[t.least] == 0 {
		t.least++
	}
}
