package index

import (
	"context"
	"slices"
)

// A sifter goes through a span, or what another feeder feeds, and leaves out the facts that do not show. It is for facts that show or do not by
// what they say themselves: they need not be merged with others to find out, as closings need.
type sifter struct {
	relay
	lens   *lens
	places []uint32
}

// sifts reports whether facts of a class that are read for a role can be sifted before they are merged.
func (l *lens) sifts(r role, k class) bool { return r == tested && k != closing && !l.history }

// feed returns some facts that show.
func (s *sifter) feed(ctx context.Context) (span, error) {
	for {
		if more, err := s.more(ctx); !more {
			return span{}, err
		}
		upto := min(s.rest.to, s.rest.at+batchSize)
		s.places = s.lens.showing(s.places[:0], &s.rest, upto)
		if s.rest.at = upto; len(s.places) > 0 {
			return span{columns: s.rest.columns, places: s.places, to: len(s.places)}, nil
		}
		if err := ctx.Err(); err != nil {
			return span{}, err
		}
	}
}

// showing appends the places of those facts of a span, up to one, that hold at the bound and were asserted after since.
func (l *lens) showing(places []uint32, x *span, upto int) []uint32 {
	switch {
	case x.places != nil:
		return l.holding(places, x.columns, x.places[x.at:upto])
	case x.End != nil:
		return l.showingEnded(places, x, upto)
	}
	n := len(places)
	places = slices.Grow(places, upto-x.at)[:n+upto-x.at]
	for i, t := range x.Tx[x.at:upto] {
		places[n] = uint32(x.at + i)
		n += l.holds(t, 0)
	}
	return places[:n]
}

// showingEnded is showing for facts that ended.
func (l *lens) showingEnded(places []uint32, x *span, upto int) []uint32 {
	n := len(places)
	places = slices.Grow(places, upto-x.at)[:n+upto-x.at]
	since, width, bound := l.since, uint64(max(l.bound, l.since)-l.since), uint64(l.bound)
	ends := x.End[x.at:upto]
	place := uint32(x.at)
	for i, t := range x.Tx[x.at:upto][:len(ends)] {
		places[n] = place
		n += both(uint64(t-since-1) < width, uint64(ends[i]-1) >= bound)
		place++
	}
	return places[:n]
}

// showingOf is showingEnded for the facts of the entity that stands at a place; it returns where they end.
func (l *lens) showingOf(places []uint32, x *span, at int) (int, []uint32) {
	entities, tx, ends, e := x.E[:x.to], x.Tx[:x.to], x.End[:x.to], x.E[at]
	since, width, bound := l.since, uint64(max(l.bound, l.since)-l.since), uint64(l.bound)
	for ; at < len(entities) && entities[at] == e; at++ {
		if both(uint64(tx[at]-since-1) < width, uint64(ends[at]-1) >= bound) != 0 {
			places = append(places, uint32(at))
		}
	}
	return at, places
}

// both returns 1 where both are so, else 0.
func both(p, q bool) int {
	a, b := 0, 0
	if p {
		a = 1
	}
	if q {
		b = 1
	}
	return a & b
}

// holding appends to places those of from whose facts hold at the bound and were asserted after since.
func (l *lens) holding(places []uint32, c *columns, from []uint32) []uint32 {
	n := len(places)
	places = slices.Grow(places, len(from))[:n+len(from)]
	for _, p := range from {
		places[n] = p
		n += l.holds(c.Tx[p], c.end(int(p)))
	}
	return places[:n]
}

// holds returns 1 where a fact holds at the bound that was asserted after since, else 0. It does not branch, since half of them do.
func (l *lens) holds(t, end ID) int {
	return both(uint64(t-l.since-1) < uint64(max(l.bound, l.since)-l.since), uint64(end-1) >= uint64(l.bound))
}
