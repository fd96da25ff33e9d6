package query

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// A point is what a query comes to that asks for values of one entity, which an input names or which has a value of a unique attribute: its
// answer is one row or none, and it is read with neither groups nor steps. It is made of a template and, like it, holds whatever the values of
// the inputs are; what it cannot settle for some of them (several values where one is meant, an error) is left to the plan.
type point struct {
	schema *db.Schema
	inputs int
	entity int         // the input that names the entity, or −1: then the first read finds it
	reads  []pointRead // the first by its value in AVET, where it finds the entity
	row    []int       // by column: which read has its value; −1 for the entity itself
	ids    []bool      // by column: whether it is an entity
	names  []string
	q      *ast
}

// A pointRead is of one attribute, of which either the value is known or there is at most one.
type pointRead struct {
	attr  db.ID
	value index.Value // a constant; nil where there is none
	input int         // the input with the value, or −1
}

// maxPoint is how many attributes a point reads at most, and how many inputs it has.
const maxPoint = 8

// known reports whether the value that is looked for is known.
func (x *pointRead) known() bool { return x.input >= 0 || !x.value.IsNil() }

// A pointRow is what a point found.
type pointRow struct {
	values [maxPoint]index.Value // by read
	entity db.ID
	found  bool
	datoms int
}

// value returns the value of a column.
func (w *pointRow) value(p *point, column int) index.Value {
	if at := p.row[column]; at >= 0 {
		return w.values[at]
	}
	return index.Ref(w.entity)
}

// pointed answers a query as a point, and tells the database's observer of it; it returns nil where the query is none or the point cannot
// settle it.
func pointed(ctx context.Context, text string, q *ast, r db.Reader, in []any, w *pointRow) *point {
	t := q.kept.Load()
	if t == nil || t.point == nil || len(in) != t.point.inputs || isNoReader(r) || r.IsHistory() || r.Schema() != t.point.schema ||
		ctx.Value(budgetKey{}) != nil {
		return nil
	}
	start := clock(r)
	if !t.point.at(ctx, r, in, w) {
		return nil
	}
	if !start.IsZero() {
		w.observe(r, text, start)
	}
	return t.point
}

// at reads the row, and reports whether it could.
func (p *point) at(ctx context.Context, r db.Reader, in []any, w *pointRow) (ok bool) {
	var given [maxPoint]index.Value
	for i, x := range in {
		if i == p.entity && isName(x) {
			continue
		}
		v, err := index.Of(x)
		if err != nil || v.IsNil() || v.Kind() == index.KindTuple {
			return false
		}
		given[i] = v
	}
	find, err := r.Finder(ctx)
	if err != nil {
		return false
	}
	first := 0
	if p.entity >= 0 {
		if named, ok := p.named(ctx, r, in[p.entity], given[p.entity], w); !named {
			return ok
		}
	} else {
		if unique, ok := p.holder(&find, &given, w); !unique {
			return ok
		}
		first = 1
	}
	for i := first; i < len(p.reads); i++ {
		if there, ok := p.read(&find, i, &given, w); !there {
			return ok
		}
	}
	w.found = true
	return true
}

// named notes the entity that an input names, and reports whether it names one; where not, whether that is settled.
func (p *point) named(ctx context.Context, r db.Reader, x any, v index.Value, w *pointRow) (named, ok bool) {
	if v.Kind() == index.KindLong {
		w.entity = v.Ref()
		return true, true
	}
	if !isName(x) {
		return false, false
	}
	id, err := r.EntID(ctx, x)
	w.entity = id
	return err == nil, errors.Is(err, db.ErrNotAnEntity)
}

// holder notes the entity that has a value, and reports whether there is one; where not, whether that is settled.
func (p *point) holder(find *index.Finder, given *[maxPoint]index.Value, w *pointRow) (there, ok bool) {
	err := find.Find(index.AVET, 2, index.Fact{A: p.reads[0].attr, V: p.reads[0].wanted(given)})
	if err != nil || find.Len() != 1 {
		return false, err == nil && find.Len() == 0
	}
	w.entity = find.E(0)
	w.datoms++
	return true, true
}

// read notes the value that the entity has, and reports whether it has one; where not, whether that is settled.
func (p *point) read(find *index.Finder, i int, given *[maxPoint]index.Value, w *pointRow) (there, ok bool) {
	x := &p.reads[i]
	key, parts := index.Fact{E: w.entity, A: x.attr}, 2
	if x.known() {
		key.V, parts = x.wanted(given), 3
	}
	err := find.Find(index.EAVT, parts, key)
	if err != nil || find.Len() != 1 {
		return false, err == nil && find.Len() == 0
	}
	w.values[i] = find.V(0)
	w.datoms++
	return true, true
}

func (x *pointRead) wanted(given *[maxPoint]index.Value) index.Value {
	if x.input >= 0 {
		return given[x.input]
	}
	return x.value
}

// answer returns the row as an answer.
func (p *point) answer(w *pointRow) *answer {
	a := newFewAnswer(p.names, p.q.shape)
	if !w.found {
		return a
	}
	a.n = 1
	for c := range p.row {
		a.cols[c].ids = p.ids[c]
		a.cols[c].values.Append(w.value(p, c))
	}
	return a
}

// observe tells the database's observer of the query.
func (w *pointRow) observe(r db.Reader, text string, start time.Time) {
	event := db.Event{Kind: "query", T: r.T(), Datoms: w.datoms, Duration: time.Since(start), Text: text}
	if w.found {
		event.Rows = 1
	}
	r.Snapshot().Observe(event)
}

// setScalar stores the only cell of a row where it is a number or a text of the type that is wanted, and reports whether it did.
func setScalar[T any](to *T, p *point, w *pointRow) bool {
	if !w.found || len(p.row) != 1 {
		return false
	}
	v := w.value(p, 0)
	long := v.Kind() == index.KindLong
	switch dst := any(to).(type) {
	case *int64:
		if long && !p.ids[0] {
			*dst = v.Long()
			return true
		}
	case *db.ID:
		if long && p.ids[0] {
			*dst = v.Ref()
			return true
		}
	case *float64:
		if v.Kind() == index.KindDouble {
			*dst = v.Double()
			return true
		}
	case *string:
		if v.Kind() == index.KindString {
			*dst = strings.Clone(v.Text())
			return true
		}
	}
	return false
}
