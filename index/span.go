package index

import (
	"cmp"
	"sort"
	"strings"
)

// A span is a stretch of a sequence in one of its orders.
type span struct {
	*columns
	places []uint32 // nil stands for all places as they come
	at, to int
}

func (x *span) len() int { return x.to - x.at }

// place returns where in the columns the i-th fact of the order is.
func (x *span) place(i int) int {
	if x.places == nil {
		return i
	}
	return int(x.places[i])
}

// span returns what the sequence holds of a range.
func (s *sequence) span(o Order, r *Range) span {
	x := span{columns: &s.columns, to: s.len()}
	if x.to > 0 && o != EAVT {
		x.places = s.inOrder(o)
		x.to = len(x.places)
	}
	if groups := s.orders[o].groups; groups != nil && r.common(o) > 0 {
		x.pick(groups, r.Lo.Key.A)
	}
	return x.within(o, r)
}

// within returns what the span, which is in an order, has of a range. What both ends of the range have in common is looked for component by
// component, which reads one column at a time.
func (x span) within(o Order, r *Range) span {
	common := r.common(o)
	for _, component := range []byte(sequences[o][:common]) {
		if x.len() > 0 {
			x.narrow(component, &r.Lo.Key)
		}
	}
	at, to := x.seek(o, &r.Lo, common), x.seek(o, &r.Hi, common)
	x.at, x.to = at, max(at, to)
	return x
}

// common returns how many leading components both ends of the range fix to the same.
func (r *Range) common(o Order) int {
	n := min(r.Lo.Parts, r.Hi.Parts)
	for i := range n {
		if compareComponent(sequences[o][i], &r.Lo.Key, &r.Hi.Key) != 0 {
			return i
		}
	}
	return n
}

// pick leaves of the span the group of an attribute.
func (x *span) pick(groups []group, a ID) {
	i, found := groupOf(groups, a)
	if i > 0 {
		x.at = groups[i-1].upto
	}
	x.to = x.at
	if found {
		x.to = groups[i].upto
	}
}

// narrow leaves of a span that is sorted by a component the facts in which it is that of the key.
func (x *span) narrow(component byte, key *Fact) {
	switch component {
	case 'E':
		x.narrowTo(x.E, key.E)
	case 'A':
		x.narrowTo(x.A, key.A)
	case 'V':
		x.narrowToValue(key.V)
	case 'T':
		x.at += sort.Search(x.len(), func(i int) bool { return x.Tx[x.place(x.at+i)] <= key.Tx })
		x.to = gallop(x.at, x.to, func(i int) bool { return x.Tx[x.place(i)] < key.Tx })
	}
}

// narrowTo leaves of the span the facts with an id in a column. Most runs are met in vain, and most blocks of a walk have it in all of
// their facts: their ends tell.
func (x *span) narrowTo(column []ID, id ID) {
	first, last := column[x.place(x.at)], column[x.place(x.to-1)]
	switch {
	case first > id:
		x.to = x.at
		return
	case last < id:
		x.at = x.to
		return
	}
	if first < id {
		x.at = x.seekID(column, x.at, x.to, id)
	}
	if last > id {
		x.to = x.seekFrom(column, x.at, x.to, id+1)
	}
}

// seekID returns the first of some places whose id in a column is not less than another one.
func (x *span) seekID(column []ID, lo, hi int, id ID) int {
	if x.places == nil {
		for lo < hi {
			if mid := int(uint(lo+hi) >> 1); column[mid] < id {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		return lo
	}
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); column[x.places[mid]] < id {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// seekFrom is seekID for a place that is likely to be near: it doubles its step until it is past it.
func (x *span) seekFrom(column []ID, at, to int, id ID) int {
	for step := 1; at < to; step *= 2 {
		probe := min(at+step, to) - 1
		if column[x.place(probe)] >= id {
			return x.seekID(column, at, probe, id)
		}
		at = probe + 1
	}
	return at
}

// narrowToValue leaves of the span the facts with a value.
func (x *span) narrowToValue(v Value) {
	x.at = x.seekValue(x.at, x.to, v)
	if x.at == x.to || x.compareValue(x.at, v) > 0 {
		x.to = x.at
	} else if x.compareValue(x.to-1, v) > 0 {
		x.to = gallop(x.at+1, x.to, func(i int) bool { return x.compareValue(i, v) > 0 })
	}
}

// seekValue returns the first of some places whose value does not sort before another one.
func (x *span) seekValue(lo, hi int, v Value) int {
	long := v.kind == KindLong && x.longs.longReader == nil
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		p, before := x.place(mid), false
		if long && x.V.Kinds[p] == KindLong {
			before = int64(x.V.Words[p]) < int64(v.word)
		} else {
			before = x.compareValue(mid, v) < 0
		}
		if before {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// compareValue orders the value of the i-th fact and v.
func (x *span) compareValue(i int, v Value) int {
	p := x.place(i)
	if x.V.Kinds[p] == v.kind && x.longs.longReader == nil {
		switch v.kind {
		case KindLong, KindInstant:
			return cmp.Compare(int64(x.V.Words[p]), int64(v.word))
		case KindString, KindURI, KindUUID, KindBytes:
			return strings.Compare(x.V.text(p), v.text)
		}
	}
	return x.columns.compareValue(p, v)
}

// seek returns where in the span a cut lies, which has some components in common with all facts of the span.
func (x *span) seek(o Order, cut *Cut, common int) int {
	switch {
	case cut.Parts > common && x.len() > 0 && !x.before(o, x.place(x.at), cut):
		return x.at
	case cut.Parts > common && x.len() > 0 && x.before(o, x.place(x.to-1), cut):
		return x.to
	case cut.Parts > common:
		return x.at + sort.Search(x.len(), func(i int) bool { return !x.before(o, x.place(x.at+i), cut) })
	case cut.After:
		return x.to
	}
	return x.at
}

// gallop returns the smallest i from lo on for which stop holds, or hi. As stop holds for all that follow, it doubles its step
// until it is past the place, and searches in halves from there: the cost grows with the logarithm of the distance.
func gallop(lo, hi int, stop func(i int) bool) int {
	for step := 1; lo < hi; step *= 2 {
		probe := min(lo+step, hi) - 1
		if stop(probe) {
			hi = probe
			break
		}
		lo = probe + 1
	}
	return lo + sort.Search(hi-lo, func(i int) bool { return stop(lo + i) })
}
