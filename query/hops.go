package query

import (
	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// A hop leads from one component of the datoms of an attribute to another: from an entity to its values, or back.
type hop struct {
	scan     *scan  // of which only the variables count
	source   string // in which it leads on
	from, to int    // places in the pattern
	attr     db.ID
	order    index.Order
}

// fewNodes is from how many nodes their edges are looked up one by one.
const fewNodes = 16

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
	h := &hop{scan: s, source: s.source, from: 0, to: 2, attr: s.consts.values[1].Ref()}
	if s.at[2] == v {
		h.from, h.to, h.order = 2, 0, index.AVET
		if !s.from.Schema().Indexed(h.attr) {
			h.order = index.VAET
		}
	}
	switch {
	case s.never || s.consts.known != [maxPattern]bool{1: true} || s.at[3] != noVariable || s.at[4] != noVariable:
		return nil
	case s.at[h.from] != v || s.at[h.to] == v || s.at[h.to] == noVariable:
		return nil
	case h.order == index.VAET && !s.from.Schema().IsRef(h.attr):
		return nil
	}
	return h
}

// lead appends what the hop leads to from a value.
func (h *hop) lead(in *index.Finder, from index.Value, out []index.Value) ([]index.Value, error) {
	if from.Kind() != index.KindLong && (h.order != index.AVET || from.IsNil()) {
		return out, nil
	}
	key := index.Fact{A: h.attr, V: from}
	if h.from == 0 {
		key.E = from.Ref()
	}
	err := in.Find(h.order, 2, key)
	for i := range in.Len() {
		if h.to == 0 {
			out = append(out, index.Ref(in.E(i)))
		} else {
			out = append(out, in.V(i))
		}
	}
	return out, err
}

// walk adds the edges of a link that is a path of hops from some values, which lie in a layer.
func (c *closure) walk(l *link, layer int32, places []int32) (err error) {
	in := make([]index.Finder, len(l.hops))
	for i := range l.hops {
		if in[i], err = c.run.sources[l.hops[i].source].db.Finder(c.run.ctx); err != nil {
			return err
		}
	}
	for _, p := range places {
		at := append(l.at[:0], c.values.values.At(int(p)))
		for i := range l.hops {
			next := l.next[:0]
			for _, v := range at {
				before := len(next)
				if next, err = l.hops[i].lead(&in[i], v, next); err != nil {
					return err
				}
				if err := firstError(c.run.reads(len(next)-before), c.run.fits(len(next), valueBytes)); err != nil {
					return err
				}
			}
			l.at, l.next, at = next, at, next
		}
		for _, v := range at {
			c.graph.from = append(c.graph.from, p*c.layers+layer)
			c.graph.to = append(c.graph.to, c.values.number(v)*c.layers+l.layer)
		}
	}
	return nil
}
