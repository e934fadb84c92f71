package allocator

import "iter"

// eachInLine yields the first group of each shape that a framework waits with, in
// the order in which they are to be served. The first n take O(n × log n), however
// many there are. Nothing may change in between, and only one of them go on at a
// time.
func (s *State) eachInLine(q *queue) iter.Seq[*group] {
	return func(yield func(*group) bool) {
		s.ahead = s.ahead[:0]
		s.goAhead(&q.ready, 0)
		s.goAhead(&q.aside, 0)
		for len(s.ahead) > 0 {
			b := s.ahead.pop().bucket
			if !yield(b.groups.top()) {
				return
			}
			s.goAhead(b.line(), 2*b.at+1)
			s.goAhead(b.line(), 2*b.at+2)
		}
	}
}

// goAhead makes a bucket one of those that may be the next in order: those above
// it in its heap have been.
func (s *State) goAhead(line *pq[*bucket], at int) {
	if at < line.len() {
		s.ahead.push(ahead{line.items[at]})
	}
}

// ahead is a bucket by the order of its first group.
type ahead struct{ bucket *bucket }

func (x ahead) less(y ahead) bool { return x.bucket.less(y.bucket) }

// lineOf lists the first group of each shape that a framework waits with, in
// the order in which they are to be served.
func (s *State) lineOf(q *queue) []*group {
	s.line = s.line[:0]
	for g := range s.eachInLine(q) {
		s.line = append(s.line, g)
	}
	return s.line
}
