package index

import "context"

// A sifter goes through a span, or what another feeder feeds, and leaves out the facts that do not show. It is for facts that show or do not by
// what they say themselves: they need not be merged with others to find out, as closings need.
type sifter struct {
	from   feeder // of more; nil for none
	rest   span   // of what it fed last
	lens   *lens
	places []uint32
}

// sifts reports whether facts of a class that are read for a role can be sifted before they are merged.
func (l *lens) sifts(r role, k class) bool { return r == tested && k != closing && !l.history }

// feed returns some facts that show.
func (s *sifter) feed(ctx context.Context) (span, error) {
	for {
		if s.rest.len() == 0 {
			if s.from == nil {
				return span{}, nil
			}
			var err error
			if s.rest, err = s.from.feed(ctx); err != nil || s.rest.len() == 0 {
				return span{}, err
			}
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

func (s *sifter) left(first int) int {
	if s.from == nil {
		return first + s.rest.len()
	}
	return s.from.left(first + s.rest.len())
}

// showing appends the places of those facts of a span, up to one, that hold at the bound and were asserted after since.
func (l *lens) showing(places []uint32, x *span, upto int) []uint32 {
	if x.places != nil {
		return l.holding(places, x.columns, x.places[x.at:upto])
	}
	n := len(places)
	places = append(places, make([]uint32, upto-x.at)...)
	if x.End == nil {
		for i, t := range x.Tx[x.at:upto] {
			places[n] = uint32(x.at + i)
			if l.within(t) {
				n++
			}
		}
		return places[:n]
	}
	ends := x.End[x.at:upto]
	for i, t := range x.Tx[x.at:upto] {
		places[n] = uint32(x.at + i)
		if l.within(t) && (ends[i] == 0 || ends[i] > l.bound) {
			n++
		}
	}
	return places[:n]
}
