package query

import (
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// A scan matches a pattern against a database.
type scan struct {
	clause  *patternClause
	from    db.Reader
	at      [maxPattern]variable
	consts  probe
	uses    varSet
	byValue bool // only the value is known
	never   bool // a constant is of a type that matches nothing
	size    int  // how many datoms the constants leave; −1 where it is not known yet
}

// A probe is what is known of the datoms that a scan looks for.
type probe struct {
	values [maxPattern]index.Value
	known  [maxPattern]bool
}

func (p *probe) set(i int, v index.Value) { p.values[i], p.known[i] = v, true }

// path returns the order that answers a probe, and the prefix of its components that are known. It returns −1 parts where
// nothing is known that an order begins with. Only where nothing else can be known is a value alone looked for, since only
// references can be found by it.
func (s *scan) path(p *probe) (index.Order, int) {
	e, a, v := p.known[0], p.known[1], p.known[2]
	schema := s.from.Schema()
	switch {
	case e && a && v:
		return index.EAVT, 3
	case e && a:
		return index.EAVT, 2
	case e:
		return index.EAVT, 1
	case a && v && schema.Indexed(p.values[1].Ref()):
		return index.AVET, 2
	case a && v && schema.IsRef(p.values[1].Ref()):
		return index.VAET, 2
	case a:
		return index.AEVT, 1
	case v && s.byValue:
		return index.VAET, 1
	}
	return index.EAVT, -1
}

// fact returns the known components as the key of a range.
func (p *probe) fact() index.Fact {
	return index.Fact{E: p.values[0].Ref(), A: p.values[1].Ref(), V: p.values[2]}
}

// possible reports whether the known entities and transactions are ids at all.
func (p *probe) possible() bool {
	for _, i := range [...]int{0, 1, 3} {
		if p.known[i] && p.values[i].Kind() != index.KindLong {
			return false
		}
	}
	return !p.known[2] || !p.values[2].IsNil()
}

// components returns the known prefix of an order for Reader.Count.
func (p *probe) components(o index.Order, parts int) []any {
	places := [...][3]int{index.EAVT: {0, 1, 2}, index.AEVT: {1, 0, 2}, index.AVET: {1, 2, 0}, index.VAET: {2, 1, 0}}[o]
	var out []any
	for _, i := range places[:parts] {
		if i == 2 {
			out = append(out, p.values[2])
		} else {
			out = append(out, p.values[i].Ref())
		}
	}
	return out
}

// count returns how many datoms a probe leaves to be read.
func (s *scan) count(r *run, p *probe) (int, error) {
	if s.never || !p.possible() {
		return 0, nil
	}
	o, parts := s.path(p)
	if parts < 0 {
		parts = 0
	}
	if o == index.VAET && p.values[2].Kind() != index.KindLong {
		return 0, nil
	}
	return s.from.Count(r.ctx, o, p.components(o, parts)...)
}

// read appends to out what matches a probe, one row for each datom; its variables are those of the scan.
func (s *scan) read(r *run, p *probe, out *relation) error {
	if s.never || !p.possible() {
		return nil
	}
	o, parts := s.path(p)
	span := index.All
	if parts > 0 {
		span = index.Prefix(parts, p.fact())
	}
	if o == index.VAET && p.values[2].Kind() != index.KindLong {
		if p.known[1] {
			return nil
		}
		return errorAt(s.clause.pos, ErrInsufficient, "%s: only an entity can be looked for by its value alone, and %s is none",
			s.clause.key, r.objects.text(p.values[2]))
	}
	cursor, err := s.from.Scan(r.ctx, o, span)
	if err != nil {
		return err
	}
	covered := [maxPattern]bool{}
	for i := range 3 {
		covered[i] = p.known[i] && (parts == 3 || o == index.EAVT && i < parts || o == index.AEVT && i == 1 && parts == 1 ||
			o == index.AVET && i > 0 || o == index.VAET && (i == 2 || parts == 2 && i == 1))
	}
	return s.drain(r, cursor, p, covered, out)
}

// drain reads a cursor to its end.
func (s *scan) drain(r *run, cursor *index.Cursor, p *probe, covered [maxPattern]bool, out *relation) error {
	var rows []int32
	whole := s.coversAll(p, covered)
	for {
		b, err := cursor.Next()
		if b == nil || err != nil {
			return err
		}
		if whole {
			s.emitAll(b, out)
		} else {
			rows = s.matching(b, p, covered, rows[:0])
			s.emit(b, rows, out)
		}
		if err := firstError(r.reads(b.Len()), r.fits(out.n, out.width())); err != nil {
			return err
		}
	}
}

// component returns a component of a datom of a batch as a value.
func component(b *index.Batch, i, row int) index.Value {
	switch i {
	case 0:
		return index.Ref(b.E[row])
	case 1:
		return index.Ref(b.A[row])
	case 2:
		return b.V.At(row)
	case 3:
		return index.Ref(b.Tx[row])
	}
	return index.Bool(b.Added == nil || b.Added[row])
}

// matching appends the rows of a batch that meet what is known and not covered by the range that was read, and in which a
// variable that stands twice has one value.
func (s *scan) matching(b *index.Batch, p *probe, covered [maxPattern]bool, rows []int32) []int32 {
	for row := range b.Len() {
		if s.matches(b, p, &covered, row) {
			rows = append(rows, int32(row))
		}
	}
	return rows
}

func (s *scan) matches(b *index.Batch, p *probe, covered *[maxPattern]bool, row int) bool {
	for i := range len(s.clause.terms) {
		if p.known[i] && !covered[i] && component(b, i, row) != p.values[i] {
			return false
		}
		for j := range i {
			if s.at[i] != noVariable && s.at[i] == s.at[j] && component(b, i, row) != component(b, j, row) {
				return false
			}
		}
	}
	return true
}

// coversAll reports whether every datom that is read matches: all that is known is covered, and no variable stands twice.
func (s *scan) coversAll(p *probe, covered [maxPattern]bool) bool {
	for i, v := range s.at {
		if p.known[i] && !covered[i] || v != noVariable && s.place(v) != i {
			return false
		}
	}
	return true
}

// emitAll appends a whole batch to a relation of the scan's variables.
func (s *scan) emitAll(b *index.Batch, out *relation) {
	for c, v := range out.vars {
		switch i := s.place(v); i {
		case 0:
			appendIDs(&out.cols[c], b.E)
		case 1:
			appendIDs(&out.cols[c], b.A)
		case 2:
			extend(&out.cols[c], out.n, &b.V, b.Len())
		case 3:
			appendIDs(&out.cols[c], b.Tx)
		default:
			col := addedColumn(b)
			extend(&out.cols[c], out.n, &col, b.Len())
		}
	}
	out.n += b.Len()
}

func appendIDs(col *index.Vector, ids []db.ID) {
	col.Kind = index.KindLong
	col.Words = slices.Grow(col.Words, len(ids))
	for _, id := range ids {
		col.Words = append(col.Words, uint64(id))
	}
}

// addedColumn returns whether each datom of a batch is an assertion.
func addedColumn(b *index.Batch) index.Vector {
	out := index.Vector{Kind: index.KindBool, Words: make([]uint64, b.Len())}
	for row := range out.Words {
		if b.Added == nil || b.Added[row] {
			out.Words[row] = 1
		}
	}
	return out
}

// emit appends rows of a batch to a relation of the scan's variables.
func (s *scan) emit(b *index.Batch, rows []int32, out *relation) {
	for c, v := range out.vars {
		col := batchColumn(b, s.place(v), rows)
		extend(&out.cols[c], out.n, &col, len(rows))
	}
	out.n += len(rows)
}

// place returns the first component in which a variable stands.
func (s *scan) place(v variable) int {
	for i, own := range s.at {
		if own == v {
			return i
		}
	}
	return -1
}

// batchColumn returns a component of rows of a batch as a column.
func batchColumn(b *index.Batch, i int, rows []int32) index.Vector {
	switch i {
	case 0:
		return idColumn(b.E, rows)
	case 1:
		return idColumn(b.A, rows)
	case 2:
		return gather(&b.V, rows)
	case 3:
		return idColumn(b.Tx, rows)
	}
	added := addedColumn(b)
	return gather(&added, rows)
}

func idColumn(ids []db.ID, rows []int32) index.Vector {
	out := index.Vector{Kind: index.KindLong, Words: make([]uint64, len(rows))}
	for k, row := range rows {
		out.Words[k] = uint64(ids[row])
	}
	return out
}
