package index

import "context"

// A Run is an immutable set of the facts that a stretch of transactions asserted or ended. It lives three ways: it is made
// unsorted from what a commit brings; it is sorted in an order when that order is first read; and it is merged with its
// neighbour into a larger one. A fact asserted and ended within the run is past; one asserted in it that still holds at its
// end is current; one asserted before it and ended in it is a closing, which masks the open fact of an older run.
type Run struct{ _ int }

// NewRun returns the run of one commit: facts with End zero are asserted in it, the others are closings. indexed tells whether
// the facts of an attribute are in AVET, and refs whether they are in VAET.
func NewRun(facts []Fact, attrs Attrs) *Run { panic("not built") }

// Attrs tells in which orders an attribute's facts are kept; every fact is in EAVT and AEVT.
type Attrs interface {
	Indexed(a ID) bool // in AVET
	IsRef(a ID) bool   // in VAET
}

// Levels is what a database reads: runs, newest first. It is a value; Push returns another one.
type Levels struct{ _ int }

// Push returns the levels with a newer run on top. Runs of similar size are merged, so their number stays logarithmic.
func (l Levels) Push(r *Run) Levels { panic("not built") }

// A Cursor walks a range of an order, batch by batch.
type Cursor struct{ _ int }

// Scan returns a cursor over the datoms that the view shows of a range, in the order's sequence; history events of one
// (e, a, v) come newest first. Nothing is read before the first call of Next. A cursor needs no closing.
func (l Levels) Scan(ctx context.Context, o Order, r Range, v View) *Cursor { panic("not built") }

// Next returns the next batch, of at most 1,024 datoms, or nil at the end. An error (of the context, or of a store) ends the walk.
func (c *Cursor) Next() (*Batch, error) { panic("not built") }

// Count returns how many datoms of the range the view shows: exactly, and in logarithmic time, where the view is plain;
// an upper bound, as cheap, on other views.
func (l Levels) Count(ctx context.Context, o Order, r Range, v View) (int, error) { panic("not built") }
