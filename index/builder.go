package index

// A builder gathers facts into a batch of its own. What it built is overwritten by what it builds next.
type builder struct {
	e, a, tx []ID
	added    []bool
	kinds    column[Kind]
	words    column[uint64]
	texts    column[string]
	mixed    bool // the values have several kinds
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
	b.mixed, b.kinds.used, b.words.used, b.texts.used = false, false, false, false
}

// gather appends the facts at some places of columns.
func (b *builder) gather(c *columns, places []uint32) {
	n := len(b.e)
	b.e, b.a, b.tx = b.e[:n+len(places)], b.a[:n+len(places)], b.tx[:n+len(places)]
	pick(b.e[n:], c.E, places)
	pick(b.a[n:], c.A, places)
	pick(b.tx[n:], c.Tx, places)

	if len(places) == 0 {
		return
	}
	kind, uniform := c.V.kindOf(places)
	b.mixed = b.mixed || !uniform || n > 0 && kind != b.kinds.rows[0]
	b.kinds.gather(n, cap(b.e), c.V.Kinds, places, true)
	b.words.gather(n, cap(b.e), c.V.Words, places, !uniform || kind.oneWord())
	b.texts.gather(n, cap(b.e), c.V.Texts, places, !uniform || !kind.oneWord())
}

// gatherEvents appends events, as lens.events lists them. It takes the marks off places.
func (b *builder) gatherEvents(c *columns, places []uint32) {
	n := len(b.e)
	for i, p := range places {
		b.added = append(b.added, p&ended == 0)
		places[i] = p &^ ended
	}
	b.gather(c, places)
	for i, p := range places {
		if !b.added[n+i] {
			b.tx[n+i] = c.End[p]
		}
	}
}

// gather appends rows to a column of n, which is begun where they need it.
func (c *column[T]) gather(n, room int, from []T, places []uint32, need bool) {
	if !c.used && !need {
		return
	}
	if cap(c.rows) == 0 {
		c.rows = make([]T, room)
	}
	c.rows = c.rows[:n+len(places)]
	if !c.used {
		c.used = true
		clear(c.rows[:n])
	}
	if from == nil {
		clear(c.rows[n:])
		return
	}
	pick(c.rows[n:], from, places)
}

func pick[T any](to, from []T, places []uint32) {
	to = to[:len(places)]
	for i, p := range places {
		to[i] = from[p]
	}
}

// batch sets out to what was gathered.
func (b *builder) batch(out *Batch) {
	*out = Batch{E: b.e, A: b.a, Tx: b.tx}
	if b.mixed {
		out.V.Kinds = b.kinds.rows
	} else {
		out.V.Kind = b.kinds.rows[0]
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
