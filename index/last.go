package index

// Last narrows a cursor that was not read yet to the end of its range: to the last n facts of some run or tree and what others hold
// behind them, of which a view may hide any number. It returns the range before that, and false where nothing is left in it. So a
// range is walked backwards stretch by stretch: narrow, read to the end, and go on with a cursor over the rest. An error is that of
// the context or of a store.
func (c *Cursor) Last(n int) (rest Range, more bool, err error) {
	var last *Fact
	further := func(f *Fact) {
		if f != nil && (last == nil || c.order.Compare(*last, *f) < 0) {
			last = f
		}
	}
	for _, r := range c.levels.runs {
		for k := range dropped {
			if c.lens.role(r.oldest, r.newest, k) == unread {
				continue
			}
			if x := r.part(k).span(c.order, &c.within); x.len() > n {
				further(x.fact(x.place(x.to - n)))
			}
		}
	}
	for _, l := range c.levels.stored {
		facts, err := l.last(c, n)
		if err != nil {
			return Range{}, false, err
		}
		for _, f := range facts {
			further(f)
		}
	}
	if last == nil {
		return Range{}, false, nil
	}
	cut := Cut{Parts: 4, Key: *last}
	rest = Range{c.within.Lo, cut}
	c.within.Lo = cut
	return rest, true, nil
}

// last returns of each tree that a cursor reads the last fact but n − 1 of the range; nil where there are not more than n.
func (l *Level) last(c *Cursor, n int) (facts [dropped]*Fact, err error) {
	for k, t := range l.trees[c.order] {
		if c.lens.role(l.oldest, l.newest, class(k)) == unread || t.top.facts == 0 {
			continue
		}
		hi, err := t.rank(c.ctx, &l.reader, &c.within.Hi)
		if err != nil {
			return facts, err
		}
		lo, err := t.rank(c.ctx, &l.reader, &c.within.Lo)
		if err != nil {
			return facts, err
		}
		if hi-lo > n {
			f, err := t.nth(c.ctx, &l.reader, hi-n)
			if err != nil {
				return facts, err
			}
			facts[k] = &f
		}
	}
	return facts, nil
}
