package index

import (
	"cmp"
	"slices"
)

// columns holds facts of a run, sorted as EAVT. V always has Kinds and Words here; End is nil where every fact is open.
type columns struct {
	E, A []ID
	V    Vector
	Tx   []ID
	End  []ID
	in   []membership

	longs   longs    // reads the long values that stand as stubs in a block
	origins []origin // of each value, if some are stubs that come from several blocks

	// Behind all pointers, where the collector does not look.
	kind Kind // of all values; KindNil where they have several, or that was not looked at
}

// membership tells in which of the orders that do not hold every fact a fact is. It is settled when its run is made.
type membership uint8

const (
	inAVET membership = 1 << iota
	inVAET
)

func (m membership) has(o Order) bool {
	switch o {
	case AVET:
		return m&inAVET != 0
	case VAET:
		return m&inVAET != 0
	}
	return true
}

// newColumns returns columns with room for n facts.
func newColumns(n int, ends bool) columns {
	room := make([]ID, 3*n)
	c := columns{E: room[:0:n], A: room[n : n : 2*n], Tx: room[2*n : 2*n], in: make([]membership, 0, n)}
	if ends {
		c.End = make([]ID, 0, n)
	}
	c.V = Vector{Kinds: make([]Kind, 0, n), Words: make([]uint64, 0, n)}
	return c
}

func (c *columns) len() int { return len(c.E) }

// append appends a fact; the text column is begun, as large as the others can become, by the first text.
func (c *columns) append(f *Fact, in membership) {
	c.E, c.A, c.Tx, c.in = append(c.E, f.E), append(c.A, f.A), append(c.Tx, f.Tx), append(c.in, in)
	if c.End != nil {
		c.End = append(c.End, f.End)
	}
	c.V.Kinds, c.V.Words = append(c.V.Kinds, f.V.kind), append(c.V.Words, f.V.word)
	if c.V.Texts == nil && f.V.text != "" {
		c.beginTexts()
	}
	if c.V.Texts != nil {
		c.V.Texts = append(c.V.Texts, f.V.text)
	}
}

func (c *columns) beginTexts() {
	c.V.Texts = make([]string, len(c.E)-1, cap(c.E))
}

// weight returns how many bytes the text of the i-th value has; of a stub those in it, and a small part of those of the long value, so that
// cuts between long values, which may be as long as they are, come to little beside them.
func (c *columns) weight(i int) int {
	switch {
	case c.V.coded.dict != nil:
		return len(c.V.text(i)) // none is long
	case c.V.Texts == nil || c.V.Texts[i] == "":
		return 0
	}
	return len(c.V.Texts[i]) + int(c.V.Words[i]/32)
}

// appendStretch appends the facts of a stretch, which all have one attribute if told so.
func (c *columns) appendStretch(x *stretch, sameA bool) {
	if x.places == nil {
		c.appendSpan(x.columns, x.from, x.upto)
		return
	}
	c.appendPlaces(x.columns, x.places[x.from:x.upto], sameA)
}

// appendPlaces appends the facts at some places of other columns, which all have one attribute if told so.
func (c *columns) appendPlaces(from *columns, places []uint32, sameA bool) {
	n := len(c.E)
	c.E, c.A, c.Tx = picked(c.E, from.E, places, false), picked(c.A, from.A, places, sameA), picked(c.Tx, from.Tx, places, false)
	if c.in != nil && from.in != nil {
		c.in = picked(c.in, from.in, places, false)
	}
	if c.End != nil {
		c.End = picked(c.End, from.End, places, false)
	}
	c.V.Kinds, c.V.Words = picked(c.V.Kinds, from.V.Kinds, places, false), picked(c.V.Words, from.V.Words, places, false)
	if from.V.coded.dict != nil && c.V.codeLike(from.V.coded.dict, n, cap(c.E)) {
		c.V.coded.of = picked(c.V.coded.of, from.V.coded.of, places, false)
		return
	}
	c.V.Spell()
	c.appendTextsAt(n, &from.V, places)
}

// appendTextsAt appends the texts at some places of other columns behind those of the first n.
func (c *columns) appendTextsAt(n int, from *Vector, places []uint32) {
	spelled := from.Texts != nil
	if c.V.Texts == nil && (spelled || from.packed.spans != nil || from.coded.dict != nil) {
		c.V.Texts = make([]string, n, max(cap(c.E), n+len(places)))
	}
	switch {
	case c.V.Texts == nil:
	case spelled:
		c.V.Texts = picked(c.V.Texts, from.Texts, places, false)
	default:
		c.V.Texts = append(c.V.Texts, make([]string, len(places))...)
		if from.packed.spans != nil {
			from.packed.pick(c.V.Texts[n:], places)
		} else if from.coded.dict != nil {
			from.coded.pick(c.V.Texts[n:], places)
		}
	}
}

// picked appends what a column has at some places; all is the same if told so.
func picked[T any](to, from []T, places []uint32, same bool) []T {
	n := len(to)
	to = slices.Grow(to, len(places))[:n+len(places)]
	pick(to[n:], from, places, same)
	return to
}

// appendSpan appends the facts from i to j of other columns.
func (c *columns) appendSpan(from *columns, i, j int) {
	n := len(c.E)
	c.E, c.A, c.Tx = append(c.E, from.E[i:j]...), append(c.A, from.A[i:j]...), append(c.Tx, from.Tx[i:j]...)
	if c.in != nil && from.in != nil {
		c.in = append(c.in, from.in[i:j]...)
	}
	if c.End != nil {
		c.End = append(c.End, from.End[i:j]...)
	}
	c.V.Kinds, c.V.Words = append(c.V.Kinds, from.V.Kinds[i:j]...), append(c.V.Words, from.V.Words[i:j]...)
	if from.V.coded.dict != nil && c.V.codeLike(from.V.coded.dict, n, cap(c.E)) {
		c.V.coded.of = append(c.V.coded.of, from.V.coded.of[i:j]...)
		return
	}
	c.V.Spell()
	c.appendTexts(n, &from.V, i, j)
}

// appendBatch appends the facts of a batch, which hold.
func (c *columns) appendBatch(b *Batch) {
	from := columns{E: b.E, A: b.A, Tx: b.Tx, V: b.V}
	if from.V.Kinds == nil {
		from.V.Kinds = slices.Repeat([]Kind{b.V.Kind}, b.Len())
	}
	if from.V.Words == nil {
		from.V.Words = make([]uint64, b.Len())
	}
	c.appendSpan(&from, 0, b.Len())
}

// appendTexts appends the texts from i to j of other columns behind those of the first n.
func (c *columns) appendTexts(n int, from *Vector, i, j int) {
	spelled := from.Texts != nil
	if c.V.Texts == nil && (spelled || from.packed.spans != nil || from.coded.dict != nil) {
		c.V.Texts = make([]string, n, max(cap(c.E), n+j-i))
	}
	switch {
	case c.V.Texts == nil:
	case spelled:
		c.V.Texts = append(c.V.Texts, from.Texts[i:j]...)
	default:
		c.V.Texts = append(c.V.Texts, make([]string, j-i)...)
		if from.packed.spans != nil {
			from.packed.gather(c.V.Texts[n:], i)
		}
		for k := i; k < j && from.coded.dict != nil; k++ {
			c.V.Texts[n+k-i] = from.text(k)
		}
	}
}

func (c *columns) end(i int) ID {
	if c.End == nil {
		return 0
	}
	return c.End[i]
}

func (c *columns) datom(i int, added bool) Datom {
	d := Datom{E: c.E[i], A: c.A[i], V: c.value(i), Tx: c.Tx[i], Added: added}
	if !added {
		d.Tx = c.End[i]
	}
	return d
}

// compareAt orders fact i of c and fact j of d as o does.
func (o Order) compareAt(c *columns, i int, d *columns, j int) int {
	for _, component := range []byte(sequences[o]) {
		order := 0
		switch component {
		case 'E':
			order = cmp.Compare(c.E[i], d.E[j])
		case 'A':
			order = cmp.Compare(c.A[i], d.A[j])
		case 'V':
			order = compareValues(c, i, d, j)
		case 'T':
			order = cmp.Compare(d.Tx[j], c.Tx[i])
		}
		if order != 0 {
			return order
		}
	}
	return 0
}

func compareValues(c *columns, i int, d *columns, j int) int {
	if c.V.Kinds[i] == KindLong && d.V.Kinds[j] == KindLong {
		return cmp.Compare(int64(c.V.Words[i]), int64(d.V.Words[j]))
	}
	if c.longs.longReader != nil || d.longs.longReader != nil {
		return compareLong(c, i, d, j)
	}
	return Compare(c.V.At(i), d.V.At(j))
}

// before reports whether fact i lies before the cut of an order.
func (c *columns) before(o Order, i int, cut *Cut) bool {
	for _, component := range []byte(sequences[o][:cut.Parts]) {
		order := 0
		switch component {
		case 'E':
			order = cmp.Compare(c.E[i], cut.Key.E)
		case 'A':
			order = cmp.Compare(c.A[i], cut.Key.A)
		case 'V':
			order = c.compareValue(i, cut.Key.V)
		case 'T':
			order = cmp.Compare(cut.Key.Tx, c.Tx[i])
		}
		if order != 0 {
			return order < 0
		}
	}
	return cut.After
}
