package query

import (
	"context"
	"unsafe"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// A scan matches a pattern against a database. It does not change once it is made.
type scan struct {
	clause  *patternClause
	from    db.Reader
	source  string // the name of from
	at      [maxPattern]variable
	consts  probe
	uses    varSet
	byValue bool // only the value is known
	never   bool // a constant is of a type that matches nothing
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
	switch {
	case e && a && v:
		return index.EAVT, 3
	case e && a:
		return index.EAVT, 2
	case e:
		return index.EAVT, 1
	case a && v && s.from.Schema().Indexed(p.values[1].Ref()):
		return index.AVET, 2
	case a && v && s.from.Schema().IsRef(p.values[1].Ref()):
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

// An excerpt is what a scan reads: a range of an order, and which of the known components all of its datoms have.
type excerpt struct {
	order   index.Order
	within  index.Range
	covered [maxPattern]bool
	none    bool        // nothing can match
	keys    *index.Keys // of what alone is read; nil for all
	loose   bool        // it comes in any order
	room    int         // how many rows are expected
	facts   int         // how many facts are looked at, about; 0 where that was not asked
	enough  int         // how many rows suffice; 0 where all are needed
}

// excerpt returns what a probe leaves to be read, where the value may have bounds.
func (s *scan) excerpt(p *probe, b *bounds) excerpt {
	if s.never || !p.possible() {
		return excerpt{none: true}
	}
	o, parts := s.path(p)
	out := excerpt{order: o, within: index.All}
	switch {
	case o == index.VAET && p.values[2].Kind() != index.KindLong:
		out.none = true
	case o == index.AEVT && b.any():
		out.order, out.within = index.AVET, b.within(p.values[1].Ref())
		out.covered[1], out.loose = true, true // nobody relies on their order
		return out
	case parts > 0:
		out.within = index.Prefix(parts, p.fact())
	}
	for i, place := range sequence(o) {
		out.covered[place] = out.covered[place] || i < parts
	}
	return out
}

// sequence returns the components of an order as places of a pattern.
func sequence(o index.Order) [3]int {
	return [...][3]int{index.EAVT: {0, 1, 2}, index.AEVT: {1, 0, 2}, index.AVET: {1, 2, 0}, index.VAET: {2, 1, 0}}[o]
}

// count returns how many datoms an excerpt has, or an upper bound of it.
func (s *scan) count(r *run, x *excerpt) (int, error) {
	if x.none {
		return 0, nil
	}
	return s.from.CountRange(r.ctx, x.order, x.within)
}

// onlyIDs returns the error of a value that is no entity where it alone is known, and nothing where that is not so.
func (s *scan) onlyIDs(r *run, p *probe) error {
	if o, _ := s.path(p); o != index.VAET || p.known[1] || p.values[2].Kind() == index.KindLong || s.never || !p.possible() {
		return nil
	}
	return errorAt(s.clause.pos, ErrInsufficient, "%s: only an entity can be looked for by its value alone, and %s is none",
		s.clause.key, r.objects.text(p.values[2]))
}

// read appends to out what matches a probe, one row for each datom; its variables are those of the scan.
func (s *scan) read(r *run, p *probe, x *excerpt, out *relation) error {
	if err := s.onlyIDs(r, p); err != nil || x.none {
		return err
	}
	return s.each(r, p, x, &emission{scan: s, probe: p, excerpt: x, whole: s.coversAll(p, x), out: out})
}

func (s *scan) open(ctx context.Context, x *excerpt) (*index.Cursor, error) {
	if x.keys != nil {
		return s.from.ScanKeys(ctx, x.order, *x.keys)
	}
	cursor, err := s.from.Scan(ctx, x.order, x.within)
	if err == nil && x.loose {
		return cursor.Unordered(), nil
	}
	return cursor, err
}

// keyed returns what is read of the entities of a group, or of its values, where a probe knows nothing but the attribute. It returns nil
// where that would not be all that the two share.
func (s *scan) keyed(g *relation, p *probe) *excerpt {
	if p.known != [maxPattern]bool{1: true} || !p.possible() || s.never {
		return nil
	}
	a, ok := s.from.Schema().Attribute(p.values[1].Ref())
	e, v := s.column(g, 0), s.column(g, 2)
	out := &excerpt{order: index.AEVT, covered: p.known, keys: &index.Keys{A: p.values[1].Ref()}}
	at := e
	switch {
	case !ok:
		return nil
	case e >= 0 && (v < 0 || !a.Many):
	case v >= 0 && e < 0 && a.Indexed:
		at, out.order = v, index.AVET
	case v >= 0 && e < 0 && a.Type == db.TypeRef:
		at, out.order = v, index.VAET
	default:
		return nil
	}
	if g.imagined() {
		return out
	}
	words := longsOf(&g.cols[at])
	if words == nil {
		return nil
	}
	if words = sortedWords(words); at == e {
		out.keys.E = idsOf(words)
	} else {
		out.keys.V = index.Vector{Kind: index.KindLong, Words: words}
	}
	return out
}

// isSet reports whether no two rows of what is read are equal: each has all that tells datoms apart.
func (s *scan) isSet(p *probe) bool {
	parts := 3
	if s.from.IsHistory() {
		parts = maxPattern
	}
	for i := range parts {
		if s.at[i] == noVariable && !p.known[i] {
			return false
		}
	}
	return true
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
func (s *scan) matching(b *index.Batch, p *probe, x *excerpt, rows []int32) []int32 {
	for row := range b.Len() {
		if s.matches(b, p, x, row) {
			rows = append(rows, int32(row))
		}
	}
	return rows
}

func (s *scan) matches(b *index.Batch, p *probe, x *excerpt, row int) bool {
	for i := range len(s.clause.terms) {
		if p.known[i] && !x.covered[i] && component(b, i, row) != p.values[i] {
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
func (s *scan) coversAll(p *probe, x *excerpt) bool {
	for i, v := range s.at {
		if p.known[i] && !x.covered[i] || v != noVariable && s.place(v) != i {
			return false
		}
	}
	return true
}

// emit appends rows of a batch to a relation of the scan's variables.
func (s *scan) emit(b *index.Batch, rows []int32, out *relation) {
	for c, v := range out.vars {
		col := batchColumn(b, s.place(v))
		appendBatch(&out.cols[c], out.n, &col, rows, len(rows), 0)
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

// batchColumn returns a component of a batch as a column, which shares its memory.
func batchColumn(b *index.Batch, i int) index.Vector {
	switch i {
	case 0:
		return index.Vector{Kind: index.KindLong, Words: idWords(b.E)}
	case 1:
		return index.Vector{Kind: index.KindLong, Words: idWords(b.A)}
	case 2:
		return b.V
	case 3:
		return index.Vector{Kind: index.KindLong, Words: idWords(b.Tx)}
	}
	return index.Vector{Kind: index.KindBool, Words: appendAdded(nil, b)}
}

// idWords returns ids as the words of a column, in the same memory.
func idWords(ids []db.ID) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(ids))), len(ids))
}

// idsOf returns the words of a column as ids, in the same memory.
func idsOf(words []uint64) []db.ID {
	return unsafe.Slice((*db.ID)(unsafe.Pointer(unsafe.SliceData(words))), len(words))
}
