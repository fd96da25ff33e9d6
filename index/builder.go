package index

// A builder gathers facts into a batch of its own. What it built is overwritten by what it builds next.
type builder struct {
	e, a, tx []ID
	added    []bool
	kinds    column[Kind]
	words    column[uint64]
	texts    column[string]
	kind     Kind // of every value, where there is no column of kinds
	bare     bool // values are left out
}

// A column has a row for every value, or none at all while no value needs it.
type column[T any] struct {
	rows []T
	used bool
}

// reserve makes room for n facts.
func (b *builder) reserve(n int, events bool) {
	room := make([]ID, 3*n)
	b.e, b.a, b.tx = room[:0:n], room[n:n:2*n], room[2*n:2*n]
	if events {
		b.added = make([]bool, 0, n)
	}
}

func (b *builder) len() int { return len(b.e) }

func (b *builder) room() int { return cap(b.e) }

func (b *builder) reset() {
	b.e, b.a, b.tx, b.added = b.e[:0], b.a[:0], b.tx[:0], b.added[:0]
	b.kinds.used, b.words.used, b.texts.used = false, false, false
}

// gather appends the facts at some places of columns, which are sorted by o. What the first and the last of them have in
// common at the head of the order, all have: it is read once.
func (b *builder) gather(o Order, c *columns, places []uint32) {
	if len(places) == 0 {
		return
	}
	n := len(b.e)
	sameA, sameV := c.common(o, int(places[0]), int(places[len(places)-1]))
	b.e, b.a, b.tx = b.e[:n+len(places)], b.a[:n+len(places)], b.tx[:n+len(places)]
	pick(b.e[n:], c.E, places, false)
	pick(b.a[n:], c.A, places, sameA)
	pick(b.tx[n:], c.Tx, places, false)
	if !b.bare {
		b.gatherValues(n, c, places, sameV)
	}
}

// gatherValues appends the values at some places behind the first n, all of which are the same if told so.
func (b *builder) gatherValues(n int, c *columns, places []uint32, sameV bool) {
	kind, uniform := c.V.Kinds[places[0]], sameV || c.kind != KindNil || c.V.uniform(places)
	if n == 0 {
		b.kind = kind
	}
	if !uniform || kind != b.kind || b.kinds.used {
		b.gatherKinds(n, &c.V, places)
	}
	b.words.gather(n, cap(b.e), c.V.Words, places, sameV, !uniform || kind.oneWord())
	if c.V.packed.spans != nil && (!uniform || !kind.oneWord()) {
		c.V.packed.pick(b.texts.begin(n, cap(b.e), len(places)), places)
	} else if c.V.IsCoded() {
		c.V.coded.pick(b.texts.begin(n, cap(b.e), len(places)), places)
	} else {
		b.texts.gather(n, cap(b.e), c.V.Texts, places, sameV, !uniform || !kind.oneWord())
	}
	if c.longs.longReader != nil {
		b.fill(n, c, places)
	}
}

// fill puts the long values in the place of their stubs, among the values behind the first n.
func (b *builder) fill(n int, c *columns, places []uint32) {
	for i, p := range places {
		if i%aheadOf == 0 {
			c.longs.ahead(c, places[i:min(i+aheadOf, len(places))])
		}
		if !c.V.At(int(p)).isStub() {
			continue
		}
		b.texts.rows[n+i] = c.value(int(p)).text
		if b.words.used {
			b.words.rows[n+i] = 0
		}
	}
}

// gatherKinds appends kinds to those of n values, which all had one while there was no column of kinds.
func (b *builder) gatherKinds(n int, v *Vector, places []uint32) {
	one := !b.kinds.used
	b.kinds.gather(n, cap(b.e), v.Kinds, places, false, true)
	if one {
		fill(b.kinds.rows[:n], b.kind)
	}
}

// common reports whether all facts from the i-th to the j-th of an order have one attribute, and whether they have one value.
func (c *columns) common(o Order, i, j int) (sameA, sameV bool) {
	switch o {
	case AEVT:
		return c.A[i] == c.A[j], false
	case AVET:
		sameA = c.A[i] == c.A[j]
		return sameA, sameA && c.V.At(i) == c.V.At(j)
	case VAET:
		sameV = c.V.At(i) == c.V.At(j)
		return sameV && c.A[i] == c.A[j], sameV
	}
	return false, false
}

// gatherEvents appends events, as lens.events lists them. It takes the marks off places.
func (b *builder) gatherEvents(o Order, c *columns, places []uint32) {
	n := len(b.e)
	for i, p := range places {
		b.added = append(b.added, p&ended == 0)
		places[i] = p &^ ended
	}
	b.gather(o, c, places)
	for i, p := range places {
		if !b.added[n+i] {
			b.tx[n+i] = c.End[p]
		}
	}
}

// gather appends rows to a column of n, which is begun where they need it. All are the same if told so.
func (c *column[T]) gather(n, room int, from []T, places []uint32, same, need bool) {
	if !c.used && !need {
		return
	}
	rows := c.begin(n, room, len(places))
	if from == nil {
		clear(rows)
		return
	}
	pick(rows, from, places, same)
}

// begin returns the place for more rows behind the first n, of which those that did not need the column are zero.
func (c *column[T]) begin(n, room, more int) []T {
	if cap(c.rows) == 0 {
		c.rows = make([]T, room)
	}
	c.rows = c.rows[:n+more]
	if !c.used {
		c.used = true
		clear(c.rows[:n])
	}
	return c.rows[n:]
}

func pick[T any](to, from []T, places []uint32, same bool) {
	if same {
		fill(to, from[places[0]])
		return
	}
	to = to[:len(places)]
	for i, p := range places {
		to[i] = from[p]
	}
}

func fill[T any](to []T, x T) {
	for i := range to {
		to[i] = x
	}
}

// batch sets out to what was gathered.
func (b *builder) batch(out *Batch) {
	*out = Batch{E: b.e, A: b.a, Tx: b.tx}
	out.V.Kind = b.kind
	if b.kinds.used {
		out.V.Kinds = b.kinds.rows
	}
	if b.words.used {
		out.V.Words = b.words.rows
	}
	if b.texts.used {
		out.V.Texts = b.texts.rows
	}
	if len(b.added) > 0 {
		out.Added = b.added
	}
}
