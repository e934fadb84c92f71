package drf

import "slices"

// leaf is a framework. Its level is its weighted dominant share.
type leaf struct {
	role   *role
	weight fixed
	demand Vector
	pull   portions // what it gets of each resource while its level rises by one
	level  fixed    // while it does not rise with others
	to     fixed    // the level at which it has all it asks for
}

// peers is the frameworks right below a role, of which those that rise stand at
// one level.
type peers struct {
	members []*leaf
	level   fixed
	joining []*leaf  // those that stand higher, by level
	rising  []*leaf  // by the level at which they stop, joining ones too
	active  int      // of rising, those that rise now
	rate    portions // sum of their pulls
}

// regroup starts anew with those that can rise.
func (c *peers) regroup(slack fixed, canRise func(*leaf) bool) {
	c.settle()
	c.joining, c.rising, c.active, c.rate = c.joining[:0], c.rising[:0], 0, portions{}
	for _, l := range c.members {
		if l.level.plus(slack).compare(l.to) < 0 && canRise(l) {
			c.joining = append(c.joining, l)
		}
	}
	c.rising = append(c.rising, c.joining...)
	slices.SortStableFunc(c.joining, func(a, b *leaf) int { return a.level.compare(b.level) })
	slices.SortStableFunc(c.rising, func(a, b *leaf) int { return a.to.compare(b.to) })
	c.pass(slack)
}

// settle notes where those that rose have come to.
func (c *peers) settle() {
	for _, l := range c.rising {
		l.level = l.level.max(c.level) // who joins later stands higher
	}
}

// pass lets those join who stand no higher, and those stop who have it all.
func (c *peers) pass(slack fixed) {
	if c.active == 0 && len(c.joining) > 0 {
		c.level = c.joining[0].level
	}
	for len(c.joining) > 0 && c.joining[0].level.compare(c.level.plus(slack)) <= 0 {
		c.count(c.joining[0], 1)
		c.joining = c.joining[1:]
	}
	for c.active > 0 && c.rising[0].to.compare(c.level.plus(slack)) <= 0 {
		l := c.rising[0]
		l.level = l.to
		c.count(l, -1)
		c.rising = c.rising[1:]
	}
	if c.active == 0 && len(c.joining) > 0 {
		c.pass(slack)
	}
}

func (c *peers) count(l *leaf, by int) {
	c.active += by
	for k, p := range l.pull {
		if by > 0 {
			c.rate[k] = c.rate[k].plus(p)
		} else {
			c.rate[k] = c.rate[k].minus(p)
		}
	}
}

// next is the level at which somebody joins or stops.
func (c *peers) next() fixed {
	at := c.rising[0].to
	if len(c.joining) > 0 {
		at = at.min(c.joining[0].level)
	}
	return at
}
