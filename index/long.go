package index

import (
	"context"
	"fmt"
)

// A longReader reads the long values that stand as stubs in a tree, from the tree of EAVT that has the same facts. Who compares values cannot
// fail: the first error is kept, for those who hand out what came of it to look.
type longReader struct {
	ctx context.Context
	*reader
	tree *tree // of EAVT
	err  *error
	read struct{ stub, whole Value } // last
	made struct{ whole, stub Value } // last
}

// longs reads the long values of a leaf.
type longs struct {
	*longReader
	home *child
}

// A longOpener opens blocks with stubs, which are those of few trees. The zero longOpener is ready.
type longOpener struct {
	err    *error // where errors are kept; its own place when nil
	failed error
	reader *longReader // nil before the first block with stubs
}

// columns returns the columns of a block, with what reads the long values in it.
func (o *longOpener) columns(ctx context.Context, r *reader, t *tree, c *child, l *leaf, block int) (*columns, error) {
	cols, err := r.columns(c, l, block)
	if err != nil {
		return nil, err
	}
	return o.open(ctx, r, t, c, cols), nil
}

// open returns the columns of a block of a leaf, with what reads the long values in it.
func (o *longOpener) open(ctx context.Context, r *reader, t *tree, c *child, cols *columns) *columns {
	if !cols.V.packed.stubs {
		return cols
	}
	if o.reader == nil {
		if o.err == nil {
			o.err = &o.failed
		}
		o.reader = &longReader{ctx: ctx, reader: r, tree: t.whole, err: o.err}
	}
	with := *cols
	with.longs = longs{o.reader, c}
	return &with
}

// error returns the error of a value that could not be read.
func (o *longOpener) error() error {
	if o.reader == nil {
		return nil
	}
	return *o.err
}

// An origin tells where the long value is for which a stub stands that was taken out of its leaf.
type origin struct {
	longs
	text string // of the value; "" where it is to be read
}

// shorten puts stubs in the place of the long values from the n-th on, and notes where the values are: those that are stubs already are
// read by long.
func (c *columns) shorten(n int, long longs) {
	for i := n; c.V.Texts != nil && i < c.len(); i++ {
		from, v := origin{longs: long}, c.V.At(i)
		if len(v.text) > longText {
			from = origin{text: v.text}
			v = v.stub()
			c.V.Words[i], c.V.Texts[i] = v.word, v.text
		}
		if !v.isStub() {
			continue
		}
		c.origins = append(c.origins, make([]origin, i-len(c.origins))...)
		c.origins = append(c.origins, from)
	}
}

// value returns the i-th value, and reads it where a stub stands for it; nil where that fails.
func (c *columns) value(i int) Value {
	v := c.V.At(i)
	if !v.isStub() {
		return v
	}
	from := c.longs
	if c.origins != nil {
		if text := c.origins[i].text; text != "" {
			return Value{kind: v.kind, text: text}
		}
		from = c.origins[i].longs
	}
	return from.whole(c.fact(i))
}

// wholeFact returns the i-th fact with its whole value.
func (c *columns) wholeFact(i int) *Fact {
	f := c.fact(i)
	f.V = c.value(i)
	return f
}

// compareValue orders the i-th value and v, which is no stub.
func (c *columns) compareValue(i int, v Value) int {
	if c.longs.longReader == nil {
		return Compare(c.V.At(i), v)
	}
	there := c.V.At(i)
	if order, decided := compareStubs(there, v); decided {
		return order
	}
	if there == c.longs.stub(v) {
		return 0
	}
	return Compare(c.value(i), v)
}

// compareLong orders value i of c and value j of d, of which one is in a block with stubs.
func compareLong(c *columns, i int, d *columns, j int) int {
	switch {
	case !d.V.At(j).isStub():
		return c.compareValue(i, d.V.At(j))
	case !c.V.At(i).isStub():
		return -d.compareValue(j, c.V.At(i))
	}
	if order, decided := compareStubs(c.V.At(i), d.V.At(j)); decided {
		return order
	}
	return Compare(c.value(i), d.value(j))
}

// stub returns the stub of a value, which it computes once for the same value that comes several times.
func (l *longReader) stub(v Value) Value {
	if len(v.text) <= longText {
		return v
	}
	if l.made.whole != v {
		l.made.whole, l.made.stub = v, v.stub()
	}
	return l.made.stub
}

// whole returns the value for which the stub of a fact stands.
func (l *longs) whole(f *Fact) Value {
	if *l.err != nil {
		return Value{}
	}
	if l.made.stub == f.V { // what is looked for
		return l.made.whole
	}
	if l.read.stub != f.V {
		v, err := l.find(f)
		if err != nil {
			*l.err = err
			return Value{}
		}
		l.read.stub, l.read.whole = f.V, v
	}
	return l.read.whole
}

// find looks for the fact in EAVT, where facts with values that begin alike stand beside each other.
func (l *longs) find(f *Fact) (Value, error) {
	within := Prefix(2, *f)
	if f.V.kind.ofBytes() {
		within.Lo = Cut{Parts: 3, Key: Fact{E: f.E, A: f.A, V: f.V.head()}}
	}
	w := walk{reader: l.reader, tree: l.tree, within: &within}
	for {
		x, err := w.feed(l.ctx)
		if err != nil {
			return Value{}, err
		}
		for i := x.at; i < x.to; i++ {
			v := x.V.At(i)
			if x.Tx[i] == f.Tx && v.kind == f.V.kind && uint64(len(v.text)) == f.V.word && v.stub() == f.V {
				return v, nil
			}
		}
		if x.len() == 0 || f.V.kind.ofBytes() && x.V.At(x.to-1).head() != f.V.head() {
			return Value{}, l.from.Damaged(l.home.name, fmt.Errorf("%w: entity %d has for attribute %d a value of %d bytes, which is not in EAVT",
				ErrSegment, f.E, f.A, f.V.word))
		}
	}
}
