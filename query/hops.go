package query

import "github.com/datolite/datolite/index"

// A hop leads from one component of the datoms of an attribute to another: from an entity to its values, or back.
type hop struct {
	scan     *scan
	from, to int // places in the pattern
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

// follow returns what the hops lead to from the values of a column, and for each of it the value it comes from.
func (r *run) followHops(hops []hop, from *index.Vector, n int) (*relation, []int32, error) {
	origin := make([]int32, n)
	for i := range origin {
		origin[i] = int32(i)
	}
	at := &relation{cols: []index.Vector{*from}, n: n}
	for _, h := range hops {
		out, of := newRelation([]variable{h.scan.at[h.to]}), []int32(nil)
		for i := range at.n {
			p := h.scan.consts
			p.set(h.from, at.cols[0].At(i))
			x := h.scan.excerpt(&p, nil)
			if err := h.scan.read(r, &p, &x, out); err != nil {
				return nil, nil, err
			}
			for len(of) < out.n {
				of = append(of, origin[i])
			}
		}
		at, origin = out, of
	}
	return at, origin, nil
}
