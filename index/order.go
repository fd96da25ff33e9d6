package index

import "cmp"

// An Order is one of the four orders in which facts are kept. Each sorts by its letters, ascending, and by transaction,
// descending, where those are equal.
type Order uint8

// The orders. AVET holds the facts of attributes that are indexed, VAET those of references.
const (
	EAVT Order = iota
	AEVT
	AVET
	VAET
)

// sequences holds the initials of the components of each order, in its own sequence.
var sequences = [...]string{"EAVT", "AEVT", "AVET", "VAET"}

// String returns the name of the order, which is its letters.
func (o Order) String() string { return sequences[o] }

// Compare orders two facts as o does: −1, 0 or 1. It is 0 only for facts of one key (E, A, V, Tx).
func (o Order) Compare(a, b Fact) int {
	for _, component := range []byte(sequences[o]) {
		if c := compareComponent(component, &a, &b); c != 0 {
			return c
		}
	}
	return 0
}

func compareComponent(initial byte, a, b *Fact) int {
	switch initial {
	case 'E':
		return cmp.Compare(a.E, b.E)
	case 'A':
		return cmp.Compare(a.A, b.A)
	case 'V':
		return Compare(a.V, b.V)
	}
	return cmp.Compare(b.Tx, a.Tx)
}

// A Cut is a place between the facts of an order: before all facts whose first Parts components, in the order's own
// sequence, equal those of Key, or behind them where After is set. Parts is 0 to 4; the fourth component is Tx, so a Cut with
// four parts lies before or behind one fact. The zero Cut is the beginning, Cut{After: true} the end.
type Cut struct {
	Parts int
	Key   Fact
	After bool
}

// A Range is what lies between two cuts of an order. All is everything.
type Range struct{ Lo, Hi Cut }

// All is the range of everything.
var All = Range{Hi: Cut{After: true}}

// Prefix returns the range of the facts whose first parts components equal those of key.
func Prefix(parts int, key Fact) Range {
	return Range{Lo: Cut{Parts: parts, Key: key}, Hi: Cut{Parts: parts, Key: key, After: true}}
}

// holds reports whether a fact lies in the range.
func (r *Range) holds(o Order, f *Fact) bool { return !r.Lo.behind(o, f) && r.Hi.behind(o, f) }

// behind reports whether the cut lies behind a fact.
func (c *Cut) behind(o Order, f *Fact) bool {
	for _, component := range []byte(sequences[o][:c.Parts]) {
		if order := compareComponent(component, f, &c.Key); order != 0 {
			return order < 0
		}
	}
	return c.After
}
