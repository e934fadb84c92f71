package allocator

// agentIndex orders the agents that can hold a shape now, the best on top. It
// is built when the shape is first placed and then follows the log of changed
// agents, O(log agents) for each, only when it is asked.
type agentIndex struct {
	built  bool
	cursor uint64 // how far the log has been followed
	heap   []int32
	pos    []int32 // agent to place in heap, -1 when it can't hold the shape
	score  []uint64
}

// bestAgent returns the agent on which the next run of a shape goes.
func (s *State) bestAgent(sh *shape) (int32, bool) {
	x := &sh.index
	switch {
	case !x.built && sh.pending <= 1:
		return s.scan(sh) // an index would cost more than it saves
	case !x.built, x.cursor < s.shapes.base, len(x.pos) != len(s.agents):
		s.buildIndex(sh)
	default:
		s.followLog(sh)
	}
	if len(x.heap) == 0 {
		return 0, false
	}
	return x.heap[0], true
}

// scan looks at every agent once.
func (s *State) scan(sh *shape) (int32, bool) {
	best, least := int32(-1), uint64(0)
	for i := range s.agents {
		if !s.agents[i].fits(sh) {
			continue
		}
		if score := s.score(sh, int32(i)); best < 0 || score < least {
			best, least = int32(i), score
		}
	}
	return best, best >= 0
}

func (s *State) buildIndex(sh *shape) {
	x := &sh.index
	n := len(s.agents)
	if cap(x.pos) < n {
		x.pos, x.score = make([]int32, n, n+n/4), make([]uint64, n, n+n/4)
	}
	x.pos, x.score, x.heap = x.pos[:n], x.score[:n], x.heap[:0]
	for i := range s.agents {
		x.pos[i] = -1
		if s.agents[i].fits(sh) {
			x.pos[i] = int32(len(x.heap))
			x.score[i] = s.score(sh, int32(i))
			x.heap = append(x.heap, int32(i))
		}
	}
	for i := len(x.heap)/2 - 1; i >= 0; i-- {
		x.down(i)
	}
	x.built, x.cursor = true, s.logEnd()
}

func (s *State) logEnd() uint64 { return s.shapes.base + uint64(len(s.shapes.log)) }

func (s *State) followLog(sh *shape) {
	x := &sh.index
	for _, i := range s.shapes.log[x.cursor-s.shapes.base:] {
		s.reindex(sh, i)
	}
	x.cursor = s.logEnd()
}

// reindex puts one changed agent where it belongs now.
func (s *State) reindex(sh *shape, i int32) {
	x := &sh.index
	fits := s.agents[i].fits(sh)
	switch at := x.pos[i]; {
	case fits && at >= 0:
		x.score[i] = s.score(sh, i)
		if !x.up(int(at)) {
			x.down(int(at))
		}
	case fits:
		x.score[i] = s.score(sh, i)
		x.pos[i] = int32(len(x.heap))
		x.heap = append(x.heap, i)
		x.up(len(x.heap) - 1)
	case at >= 0:
		x.drop(int(at))
	}
}

func (x *agentIndex) drop(at int) {
	last := len(x.heap) - 1
	x.swap(at, last)
	x.pos[x.heap[last]] = -1
	x.heap = x.heap[:last]
	if at < last && !x.up(at) {
		x.down(at)
	}
}

// less is a total order: score, then the agent seen first.
func (x *agentIndex) less(i, j int32) bool {
	if x.score[i] != x.score[j] {
		return x.score[i] < x.score[j]
	}
	return i < j
}

func (x *agentIndex) swap(i, j int) {
	x.heap[i], x.heap[j] = x.heap[j], x.heap[i]
	x.pos[x.heap[i]], x.pos[x.heap[j]] = int32(i), int32(j)
}

func (x *agentIndex) up(i int) bool {
	start := i
	for i > 0 && x.less(x.heap[i], x.heap[(i-1)/2]) {
		x.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
	return i != start
}

func (x *agentIndex) down(i int) {
	for {
		least := 2*i + 1
		if least >= len(x.heap) {
			return
		}
		if r := least + 1; r < len(x.heap) && x.less(x.heap[r], x.heap[least]) {
			least = r
		}
		if !x.less(x.heap[least], x.heap[i]) {
			return
		}
		x.swap(i, least)
		i = least
	}
}
