package query

import "github.com/datolite/datolite/index"

// A hop leads from one component of the datoms of an attribute to another: from an entity to its values, or back.
type hop struct {
	scan     *scan
	from, to int           // places in the pattern
	cursor   *index.Cursor // nil until the first one
}

// fewNodes is from how many nodes their edges are looked up one by one.
const fewNodes = 4

// hops returns a plan as a path of hops between two variables; nil where it is none.
func (p *plan) hops(from, to variable) []hop {
	var out []hop
	for at := from; at != to; {
		var next *hop
		for _, step := range p.steps {
			s, ok := step.(*scan)
			if !ok {
				return nil
			}
			if h := s.hop(at); h != nil && (len(out) == 0 || out[len(out)-1].scan != s) {
				if next != nil {
					return nil
				}
				next = h
			}
		}
		if next == nil || len(out) == len(p.steps) {
			return nil
		}
		out, at = append(out, *next), next.scan.at[next.to]
	}
	if len(out) != len(p.steps) {
		return nil
	}
	return out
}

// hop returns how a scan leads on from a variable; nil where it does not, or not by an index.
func (s *scan) hop(v variable) *hop {
	h := &hop{scan: s, from: 0, to: 2}
	if s.at[2] == v {
		h.from, h.to = 2, 0
	}
	a := s.consts.values[1]
	switch schema := s.from.Schema(); {
	case s.never || s.consts.known != [maxPattern]bool{1: true} || s.at[3] != noVariable || s.at[4] != noVariable:
		return nil
	case s.at[h.from] != v || s.at[h.to] == v || s.at[h.to] == noVariable:
		return nil
	case h.from == 2 && !schema.Indexed(a.Ref()) && !schema.IsRef(a.Ref()):
		return nil
	}
	return h
}

// lead appends what a hop leads to from a value.
func (h *hop) lead(r *run, from index.Value, out *index.Vector, n int) (int, error) {
	p := h.scan.consts
	p.set(h.from, from)
	x := h.scan.excerpt(&p, nil)
	if x.none {
		return n, nil
	}
	if h.cursor == nil {
		var err error
		if h.cursor, err = h.scan.open(r, &x); err != nil {
			return n, err
		}
	} else {
		h.cursor.Aim(x.within)
	}
	for {
		b, err := h.cursor.Next()
		if b == nil || err != nil {
			return n, err
		}
		col := batchColumn(b, h.to)
		extend(out, n, &col, b.Len())
		n += b.Len()
		if err := firstError(r.reads(b.Len()), r.fits(n, 16)); err != nil {
			return n, err
		}
	}
}

// follow returns the pairs of the values of a column and what hops lead to from there.
func (l *link) follow(r *run, from *index.Vector, n int) (*relation, error) {
	at, origin := from, make([]int32, n)
	for i := range origin {
		origin[i] = int32(i)
	}
	for i := range l.hops {
		var of []int32
		out, reached := &index.Vector{}, 0
		for k := range origin {
			var err error
			if reached, err = l.hops[i].lead(r, at.At(k), out, reached); err != nil {
				return nil, err
			}
			for len(of) < reached {
				of = append(of, origin[k])
			}
		}
		at, origin = out, of
	}
	return &relation{vars: []variable{l.from, l.to}, cols: []index.Vector{from.Pick(origin), *at}, n: len(origin)}, nil
}
