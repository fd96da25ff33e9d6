package query

import (
	"reflect"
	"strings"
	"unsafe"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

// A findShape tells what the find clause of a query makes of its rows.
type findShape uint8

// The shapes: every row, the first column of every row, one row, the first column of one row.
const (
	relationFind   findShape = iota // :find ?a ?b
	collectionFind                  // :find [?a ...]
	tupleFind                       // :find [?a ?b]
	scalarFind                      // :find ?a .
)

// An answer is what a query comes to, in columns. Every row has one cell per name, whatever the shape; a tuple or scalar find has at most
// one row. A cell becomes a Go value when it is asked for. An answer is for one goroutine.
type answer struct {
	names   []string
	shape   findShape
	n       int
	cols    []answerColumn
	objects *objects
}

// An answerColumn holds values, or what was pulled.
type answerColumn struct {
	values index.Vector
	ids    bool // longs are entities
	many   bool // a value is a set
	pulled bool
	trees  []any // what was pulled, nil for nothing
	copies *copies
}

// newFewAnswer returns an answer without rows; where it has few columns it is one piece of memory.
func newFewAnswer(names []string, shape findShape) *answer {
	x := &struct {
		answer
		objects objects
		few     [2]answerColumn
	}{answer: answer{names: names, shape: shape}}
	if x.answer.objects, x.cols = &x.objects, x.few[:min(len(names), len(x.few))]; len(names) > len(x.few) {
		x.cols = make([]answerColumn, len(names))
	}
	return &x.answer
}

// row returns the cells of a row, which the caller may keep.
func (a *answer) row(i int) []any {
	out := make([]any, len(a.cols))
	a.fill(out, i)
	return out
}

func (a *answer) fill(out []any, i int) {
	for c := range out {
		out[c] = a.cell(c, i)
	}
}

// rows returns the cells of all rows.
func (a *answer) rows() [][]any {
	out, cells := make([][]any, a.n), make([]any, a.n*len(a.cols))
	for i := range out {
		out[i] = cells[i*len(a.cols) : (i+1)*len(a.cols) : (i+1)*len(a.cols)]
		a.fill(out[i], i)
	}
	return out
}

// cell returns a cell as a plain Go value, which shares no memory with the database; a long that stands for an entity is an ID.
func (a *answer) cell(c, i int) any {
	col := &a.cols[c]
	switch {
	case col.pulled:
		return col.trees[i]
	case col.many:
		return a.objects.many(col.values.At(i), col.ids)
	case col.values.Kinds == nil && (col.values.Texts != nil || col.values.IsCoded()):
		return col.text(a, i)
	}
	return a.objects.cell(col.values.At(i), col.ids)
}

// text returns a cell of a column of texts. Texts that lie in one place of the database have one copy.
func (c *answerColumn) text(a *answer, i int) any {
	if c.copies == nil {
		c.copies = &copies{}
	}
	v := c.values.At(i)
	slot := c.copies.slot(v.Text())
	if slot.cell == nil {
		slot.cell = a.objects.cell(v, false)
	}
	return slot.cell
}

// Copies are those of the texts of a column that came last, by where the texts lie.
type copies [32]struct {
	of   string
	cell any
}

// slot returns the place of the copy of a text, empty unless the text was copied before.
func (c *copies) slot(text string) *struct {
	of   string
	cell any
} {
	at := uintptr(unsafe.Pointer(unsafe.StringData(text)))
	slot := &c[(at^at>>5)%uintptr(len(c))]
	if unsafe.StringData(slot.of) != unsafe.StringData(text) || len(slot.of) != len(text) {
		slot.of, slot.cell = text, nil
	}
	return slot
}

// cell returns a value as a plain Go value of its own; a long that stands for an entity is an ID.
func (o *objects) cell(v index.Value, id bool) any {
	if id && v.Kind() == index.KindLong {
		return v.Ref()
	}
	return owned(o.plain(v))
}

// owned returns a plain value whose texts are copies.
func owned(x any) any {
	switch x := x.(type) {
	case string:
		return strings.Clone(x)
	case edn.Keyword:
		return edn.Keyword(strings.Clone(string(x)))
	case edn.Symbol:
		return edn.Symbol(strings.Clone(string(x)))
	case edn.URI:
		return edn.URI(strings.Clone(string(x)))
	case edn.Tuple:
		for i := range x {
			x[i] = owned(x[i])
		}
	}
	return x
}

func (o *objects) many(v index.Value, id bool) []any {
	elems := v.Tuple()
	out := make([]any, len(elems))
	for i, e := range elems {
		out[i] = o.cell(e, id)
	}
	return out
}

// A filler stores the cell of a row in a place.
type filler func(dst reflect.Value, row int) error

// filler returns what stores the cells of a column in places of a type. Numbers and texts that fit go there directly, all else as a cell.
func (a *answer) filler(c int, t reflect.Type, set setter, l *treeList) filler {
	col := &a.cols[c]
	if direct := col.direct(a, c, t); direct != nil {
		return direct
	}
	return func(dst reflect.Value, row int) error { return set(dst, a.cell(c, row), l) }
}

// direct returns a filler that makes no cell, and nil where there is none for the column and the type.
func (c *answerColumn) direct(a *answer, nth int, t reflect.Type) filler {
	v := &c.values
	if c.pulled || c.many || v.Kinds != nil || a.n == 0 {
		return nil
	}
	_, exact := exactSetters[t]
	switch {
	case v.Kind == index.KindLong && (c.ids && t == reflect.TypeFor[db.ID]() || !c.ids && isWord(t)):
		return func(dst reflect.Value, row int) error { dst.SetInt(int64(v.Words[row])); return nil }
	case v.Kind == index.KindDouble && !exact && t.Kind() == reflect.Float64:
		return func(dst reflect.Value, row int) error { dst.SetFloat(v.At(row).Double()); return nil }
	case v.Kind == index.KindString && !exact && t.Kind() == reflect.String:
		return func(dst reflect.Value, row int) error { dst.SetString(a.cell(nth, row).(string)); return nil }
	case v.Kind == index.KindKeyword && t == reflect.TypeFor[db.Keyword]():
		return func(dst reflect.Value, row int) error {
			dst.SetString(string(a.cell(nth, row).(db.Keyword)))
			return nil
		}
	}
	return nil
}
