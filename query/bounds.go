package query

import (
	"cmp"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// Bounds are what comparisons say of the value of a pattern. They narrow what is read; the comparisons themselves are still run.
type bounds struct {
	lo, hi           index.Value // nil where a side is open
	loOpen, hiClosed bool        // lo itself is out, hi itself is in
}

func (b *bounds) any() bool { return b != nil && !(b.lo.IsNil() && b.hi.IsNil()) }

// within returns the range of an attribute in AVET.
func (b *bounds) within(a db.ID) index.Range {
	out := index.Prefix(1, index.Fact{A: a})
	if !b.lo.IsNil() {
		out.Lo = index.Cut{Parts: 2, Key: index.Fact{A: a, V: b.lo}, After: b.loOpen}
	}
	if !b.hi.IsNil() {
		out.Hi = index.Cut{Parts: 2, Key: index.Fact{A: a, V: b.hi}, After: b.hiClosed}
	}
	return out
}

// above notes that values are greater than v, or equal where that is not open.
func (b *bounds) above(v index.Value, open bool) {
	c := 1
	if !b.lo.IsNil() {
		c = index.Compare(v, b.lo)
	}
	if c > 0 || c == 0 && open {
		b.lo, b.loOpen = v, open
	}
}

// below notes that values are less than v, or equal where that is closed.
func (b *bounds) below(v index.Value, closed bool) {
	c := -1
	if !b.hi.IsNil() {
		c = index.Compare(v, b.hi)
	}
	if c < 0 || c == 0 && !closed {
		b.hi, b.hiClosed = v, closed
	}
}

// bounds returns what the comparisons that are still to be run say of the value of a scan; nil where they say nothing. They count where
// all values of the attribute are of the kind of what they are compared with, so that none of them fails on a value that is left out.
func (s *scan) bounds(c *conj) *bounds {
	v := s.at[2]
	if v == noVariable || !s.consts.known[1] || len(c.comparing) == 0 {
		return nil
	}
	a, ok := s.from.Schema().Attribute(s.consts.values[1].Ref())
	if !ok || !a.Indexed {
		return nil
	}
	kind := comparedKind(a.Type)
	var out *bounds
	for _, call := range c.comparing {
		less, limit := call.compares(v)
		if less == "" || !c.isPending(call) {
			continue
		}
		if x, ok := c.valueOf(limit); ok && x.Kind() == kind {
			if out == nil {
				out = &bounds{}
			}
			out.note(less, x)
		}
	}
	return out
}

// note narrows the bounds by a comparison of the value with x.
func (b *bounds) note(how string, x index.Value) {
	switch how {
	case "<", "<=":
		b.below(x, how == "<=")
	case ">", ">=":
		b.above(x, how == ">")
	case "=", "==":
		b.above(x, false)
		b.below(x, true)
	}
}

// comparedKind returns the kind of the values of a type which have one order in AVET and under comparison; nil of other types.
func comparedKind(t db.ValueType) index.Kind {
	switch t {
	case db.TypeLong:
		return index.KindLong
	case db.TypeDouble:
		return index.KindDouble
	case db.TypeInstant:
		return index.KindInstant
	case db.TypeString:
		return index.KindString
	}
	return index.KindNil
}

// turned are the comparisons that hold of b and a where another holds of a and b.
var turned = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "==": "=="}

// compares returns how a call compares a variable with its other argument, and that; "" where it does not.
func (s *callStep) compares(v variable) (how string, limit callArg) {
	switch name := builtinName(s.clause.name); {
	case s.args[0].v == v && s.args[1].v != v:
		return name, s.args[1]
	case s.args[1].v == v && s.args[0].v != v:
		return turned[name], s.args[0]
	}
	return "", limit
}

// isComparison reports whether a call is the comparison of two values.
func (s *callStep) isComparison() bool {
	return turned[builtinName(s.clause.name)] != "" && s.clause.out == nil && len(s.args) == 2 && s.clause.fn == noVariable && !s.hosted
}

// valueOf returns the value of an argument where that is a constant or the same in all rows.
func (c *conj) valueOf(a callArg) (index.Value, bool) {
	if a.v == noVariable {
		return a.c, true
	}
	for _, g := range c.groups {
		if at := g.column(a.v); at >= 0 && g.n == 1 && !g.imagined() {
			return g.cols[at].At(0), true
		}
	}
	return index.Value{}, false
}

// compareWords returns the rows of a relation for which the call holds, where it compares longs, or instants. Else it reports false.
func (s *callStep) compareWords(g *relation) ([]int32, bool) {
	name := builtinName(s.clause.name)
	holds, known := outcomes[name]
	if !known || s.clause.out != nil || len(s.args) != 2 || s.clause.fn != noVariable || s.hosted {
		return nil, false
	}
	a, b := s.args[0].words(g), s.args[1].words(g)
	if a.Words == nil || b.Words == nil || a.Kind != b.Kind || a.Kind != index.KindLong && a.Kind != index.KindInstant {
		return nil, false
	}
	if name == "==" && a.Kind != index.KindLong {
		return nil, false
	}
	rows, x, y := make([]int32, 0, g.n), a.Words[0], b.Words[0]
	for i := range g.n {
		if len(a.Words) > 1 {
			x = a.Words[i]
		}
		if len(b.Words) > 1 {
			y = b.Words[i]
		}
		if holds[1+cmp.Compare(int64(x), int64(y))] {
			rows = append(rows, int32(i))
		}
	}
	return rows, true
}

// outcomes tells whether a comparison holds of what is less, equal and greater.
var outcomes = map[string][3]bool{
	"<": {true, false, false}, "<=": {true, true, false}, ">": {false, false, true}, ">=": {false, true, true},
	"=": {false, true, false}, "==": {false, true, false}, "!=": {true, false, true}, "not=": {true, false, true},
}

// words returns the words of an argument: of each row, or one for all.
func (a callArg) words(g *relation) index.Vector {
	var v index.Vector
	if a.v == noVariable {
		v.Append(a.c)
	} else {
		v = g.cols[g.column(a.v)]
	}
	if wordsOf(&v) == nil {
		return index.Vector{}
	}
	return v
}
