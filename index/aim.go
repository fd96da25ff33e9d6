package index

// Aim has a cursor of Scan read another range of its order from the beginning, in the memory that it has. What it handed out
// before is no longer valid.
func (c *Cursor) Aim(r Range) {
	c.within, c.opened, c.key = r, false, nil
	c.waiting, c.seen, c.walking, c.builder = stretch{}, 0, 0, builder{}
}

// walker returns a walk, one of an earlier range if there is one.
func (c *Cursor) walker() *walk {
	switch {
	case len(c.walks) == 0:
		c.walks = append(c.own.walks[:0], &c.own.walk)
	case c.walking == len(c.walks):
		c.walks = append(c.walks, &walk{})
	}
	w := c.walks[c.walking]
	c.walking++
	return w
}
