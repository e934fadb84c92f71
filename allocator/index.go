package allocator

// agentIndex orders the agents that can hold the instances of a kin now, the best on top. It
// is built when it is asked for a second time, and then follows the log
// of changed agents, O(log agents) for each, only when it is asked.
type agentIndex struct {
	asked   bool
	built   bool
	cursor  uint64 // how far the log has been followed
	version uint64 // of the limits when it was built
	epoch   uint32 // of the totals that scores are relative to
	heap    []candidate
	pos     []int32 // agent to place in heap, -1 when it can't hold one
}

// candidate is an agent and its rank for a kin, the least first: by score,
// and among equals the agent seen first.
type candidate struct {
	score uint64
	seq   uint32
	agent int32
}

func (c candidate) less(d candidate) bool {
	return c.score < d.score || c.score == d.score && c.seq < d.seq
}

// bestAgent returns the agent on which the next run of a kin of shapes goes.
func (s *State) bestAgent(k *kin) (int32, bool) {
	x := &k.index
	switch {
	case !s.cfg.Placement.ranked():
		return s.scan(k)
	case !x.asked: // an index for one question would cost more than it saves
		x.asked = true
		return s.scan(k)
	case !x.built, x.epoch != s.epoch, x.cursor < s.shapes.base, len(x.pos) != len(s.agents), k.limits.newer(x.version):
		s.buildIndex(k)
	default:
		s.followLog(k)
	}
	if k.limits != nil {
		s.dropRefused(k)
	}
	if len(x.heap) == 0 {
		return 0, false
	}
	return x.heap[0].agent, true
}

func (s *State) candidate(k *kin, i int32) candidate {
	return candidate{s.score(k, i), s.agents[i].seq, i}
}

// scan looks at every agent once.
func (s *State) scan(k *kin) (int32, bool) {
	best := candidate{agent: -1}
	for i := range s.agents {
		if !s.agents[i].fits(k) {
			continue
		}
		if c := s.candidate(k, int32(i)); best.agent < 0 || c.less(best) {
			best = c
		}
	}
	return best.agent, best.agent >= 0
}

func (s *State) buildIndex(k *kin) {
	x := &k.index
	n := len(s.agents)
	if cap(x.pos) < n {
		x.pos, x.heap = make([]int32, n, n+n/4), make([]candidate, 0, n+n/4)
	}
	x.pos, x.heap = x.pos[:n], x.heap[:0]
	for i := range s.agents {
		x.pos[i] = -1
		if s.agents[i].fits(k) {
			x.pos[i] = int32(len(x.heap))
			x.heap = append(x.heap, s.candidate(k, int32(i)))
		}
	}
	for i := len(x.heap)/2 - 1; i >= 0; i-- {
		x.down(i)
	}
	x.built, x.cursor, x.epoch = true, s.logEnd(), s.epoch
	if k.limits != nil {
		x.version = k.limits.version
	}
}

// dropRefused takes agents off the top that the limits have come to
// refuse since they were ranked. They are back when the limits allow more, or
// when something else about them changes.
func (s *State) dropRefused(k *kin) {
	x := &k.index
	for len(x.heap) > 0 && !k.limits.allow(&s.agents[x.heap[0].agent]) {
		x.drop(0)
	}
}

func (s *State) logEnd() uint64 { return s.shapes.base + uint64(len(s.shapes.log)) }

func (s *State) followLog(k *kin) {
	x := &k.index
	last := int32(-1)
	for _, i := range s.shapes.log[x.cursor-s.shapes.base:] {
		if i != last { // an agent mostly changes several times in a row
			s.reindex(k, i)
		}
		last = i
	}
	x.cursor = s.logEnd()
}

// reindex puts one changed agent where it belongs now.
func (s *State) reindex(k *kin, i int32) {
	x := &k.index
	at := int(x.pos[i])
	switch fits := s.agents[i].fits(k); {
	case fits && at < 0:
		x.pos[i] = int32(len(x.heap))
		x.heap = append(x.heap, s.candidate(k, i))
		x.up(len(x.heap) - 1)
	case fits:
		x.heap[at] = s.candidate(k, i)
		if !x.up(at) {
			x.down(at)
		}
	case at >= 0:
		x.drop(at)
	}
}

func (x *agentIndex) drop(at int) {
	last := len(x.heap) - 1
	x.pos[x.heap[at].agent] = -1
	moved := x.heap[last]
	x.heap = x.heap[:last]
	if at == last {
		return
	}
	x.set(at, moved)
	if !x.up(at) {
		x.down(at)
	}
}

func (x *agentIndex) set(at int, c candidate) {
	x.heap[at] = c
	x.pos[c.agent] = int32(at)
}

func (x *agentIndex) up(i int) bool {
	c, start := x.heap[i], i
	for i > 0 && c.less(x.heap[(i-1)/2]) {
		x.set(i, x.heap[(i-1)/2])
		i = (i - 1) / 2
	}
	x.set(i, c)
	return i != start
}

func (x *agentIndex) down(i int) {
	c := x.heap[i]
	for {
		least := 2*i + 1
		if least >= len(x.heap) {
			break
		}
		if r := least + 1; r < len(x.heap) && x.heap[r].less(x.heap[least]) {
			least = r
		}
		if !x.heap[least].less(c) {
			break
		}
		x.set(i, x.heap[least])
		i = least
	}
	x.set(i, c)
}
