package index

// Last narrows a cursor that was not read yet to the end of its range: to the last n facts of some run and what other runs hold
// behind them, of which a view may hide any number. It returns the range before that, and false where nothing is left in it. So a
// range is walked backwards stretch by stretch: narrow, read to the end, and go on with a cursor over the rest.
func (c *Cursor) Last(n int) (rest Range, more bool) {
	c.open()
	var at *source
	for _, s := range c.merger.line {
		if s.len() > n && (at == nil || c.order.compareAt(at.columns, at.place(at.to-n), s.columns, s.place(s.to-n)) < 0) {
			at = s
		}
	}
	if at == nil {
		return Range{}, false
	}
	d := at.datom(at.place(at.to-n), true)
	cut := Cut{Parts: 4, Key: Fact{E: d.E, A: d.A, V: d.V, Tx: d.Tx}}
	rest = Range{c.within.Lo, cut}
	c.within.Lo, c.opened = cut, false
	return rest, true
}
