package query

import (
	"slices"
	"sync/atomic"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// An extent is all that holds of an attribute, in the order of its entities, in memory: it was read once, and whatever else is asked of all of the
// attribute is found there, while the query runs. One of a snapshot is kept in the cache of the database for the queries after it. Its values are words.
type extent struct {
	entities []uint64
	values   index.Vector
	finders  [2]atomic.Pointer[finder] // by entity and by value; nil where nobody has asked for it
	keeper   index.Keeper
}

// A heldExtent is one that a query has used, and whose it is.
type heldExtent struct {
	*extent
	from db.Reader
	attr db.ID
}

// minExtent is how many datoms an attribute has at least which is kept, extentShare which part of the bytes that a query may still hold it takes at
// most, and extentBytes how many each datom takes, with its places in both indexes.
var minExtent = 1024.0

const (
	extentShare = 4
	extentBytes = 32
)

// extentFor returns the extent in which the rows of a scan are found; nil where it reads the index itself. Only what is read whole can be found in
// one, and it pays where it is there already, where another step will read the same or is joined to it, or where the rows of a group are so many,
// and in such an order, that each is better looked up in it.
func (s *scan) extentFor(c *conj, a *access) (*extent, error) {
	if !s.isWhole(a) {
		return nil, nil
	}
	if x := s.extentIn(c.run, a); x != nil {
		return x, nil
	}
	full, err := s.full(c, &a.probe)
	if err != nil || !c.run.holds(full) {
		return nil, err
	}
	if x, err := s.keptExtent(c.run, a); x != nil || err != nil {
		return x, err
	}
	if !s.isAgain(c) && !s.prefersLookup(a, full) && !(s.isKept() && a.group == nil && len(c.pending) > 0) {
		return nil, nil
	}
	return c.run.readExtent(s, a, full)
}

// extentIn returns the extent of what a scan reads, where the query has used it already.
func (s *scan) extentIn(r *run, a *access) *extent {
	attr := a.probe.values[1].Ref()
	for _, x := range r.extents {
		if x.from == s.from && x.attr == attr {
			return x.extent
		}
	}
	return nil
}

// isKept reports whether the extents of what a scan reads are kept when the query is over.
func (s *scan) isKept() bool {
	_, ok := s.from.(*db.Snapshot)
	return ok
}

// keeper returns what keeps them.
func (s *scan) keeper(attr db.ID) index.Keeper {
	if from, ok := s.from.(*db.Snapshot); ok {
		return from.Keeper(attr)
	}
	return index.Keeper{}
}

// keptExtent returns the extent of what a scan reads, where a query before this one left it. Its datoms count as if they were read: what a query
// may do does not depend on what was asked before.
func (s *scan) keptExtent(r *run, a *access) (*extent, error) {
	attr := a.probe.values[1].Ref()
	x, _ := s.keeper(attr).Kept().(*extent)
	if x == nil {
		return nil, nil
	}
	if err := r.reads(len(x.entities)); err != nil {
		return nil, err
	}
	return x, r.use(s, attr, x)
}

// use notes that the query has used an extent, and what it takes.
func (r *run) use(s *scan, attr db.ID, x *extent) error {
	r.extents = append(r.extents, heldExtent{x, s.from, attr})
	r.held += int64(len(x.entities)) * extentBytes
	return r.fits(0, 0)
}

// holds reports whether an attribute has enough datoms to be kept, and not too many.
func (r *run) holds(full float64) bool {
	return full >= minExtent && full*extentBytes <= float64(r.room()/extentShare)
}

// isWhole reports whether a scan reads all that holds of an attribute whose values are words, and needs nothing of it but entities and values.
func (s *scan) isWhole(a *access) bool {
	x := &a.excerpt
	if a.lookUp || x.none || x.keys != nil || x.enough > 0 || x.order != index.AEVT || a.probe.known != [maxPattern]bool{1: true} ||
		s.at[3] != noVariable || s.at[4] != noVariable || !s.coversAll(&a.probe, x) || s.from.IsHistory() {
		return false
	}
	attr, ok := s.from.Schema().Attribute(a.probe.values[1].Ref())
	return ok && slices.Contains([]db.ValueType{db.TypeRef, db.TypeLong, db.TypeInstant, db.TypeDouble, db.TypeFloat, db.TypeBoolean}, attr.Type)
}

// isAgain reports whether a step that is pending knows the same of what it reads, and no more.
func (s *scan) isAgain(c *conj) bool {
	return slices.ContainsFunc(c.pending, func(p candidate) bool {
		other, ok := p.operator.(*scan)
		return ok && other.from == s.from && other.consts == s.consts
	})
}

// prefersLookup reports whether the rows of a group are many, and not in the order in which what is read could be merged with them.
func (s *scan) prefersLookup(a *access, full float64) bool {
	if a.group == nil || a.group.imagined() || 2*float64(a.group.n) < full {
		return false
	}
	place, at := s.joint(a.group)
	return place == 2 || place == 0 && !seemsToAscend(a.group.cols[at].Words)
}

// seemsToAscend reports whether words ascend strictly as far as some of them tell, which lie side by side here and there.
func seemsToAscend(words []uint64) bool {
	for i := range looked {
		if at := i * len(words) / looked; at > 0 && int64(words[at]) <= int64(words[at-1]) {
			return false
		}
	}
	return true
}

// joint returns the component by which a scan is joined to a group, and the column of that; −1 where there is none.
func (s *scan) joint(g *relation) (place, at int) {
	for _, place := range [...]int{0, 2} {
		if at := s.column(g, place); at >= 0 && wordsOf(&g.cols[at]) != nil {
			return place, at
		}
	}
	return -1, -1
}

// room returns how many bytes a query may still hold.
func (r *run) room() int64 { return r.limits.Bytes - r.held - r.objects.kept }

// readExtent reads an extent, and keeps it.
func (r *run) readExtent(s *scan, a *access, full float64) (*extent, error) {
	pairs := *s
	pairs.at = [maxPattern]variable{0, noVariable, 1, noVariable, noVariable}
	x := a.excerpt
	x.facts, x.room = int(full), s.roomFor(r, &x, full)
	all := newRelation([]variable{0, 1})
	if err := pairs.read(r, &a.probe, &x, all); err != nil {
		return nil, err
	}
	words := wordsOf(&all.cols[1])
	if words == nil || all.n == 0 {
		return nil, r.reads(-all.n)
	}
	attr := a.probe.values[1].Ref()
	out := &extent{entities: all.cols[0].Words, values: all.cols[1], keeper: s.keeper(attr)}
	out.keeper.Keep(out, 16*all.n)
	return out, r.use(s, attr, out)
}

// rows returns an extent as rows of the variables of a scan.
func (x *extent) rows(s *scan) *relation {
	out := &relation{n: len(x.entities)}
	for _, place := range [...]int{0, 2} {
		if v := s.at[place]; v != noVariable {
			out.vars, out.cols = append(out.vars, v), append(out.cols, x.column(place))
		}
	}
	return out
}
