package index

import (
	"cmp"
	"slices"
	"sync/atomic"
)

// On their way into trees the texts of a run are numbers of the distinct ones, if those are few: so they are compared, copied and packed
// quicker, in all orders.

const (
	worthNumbers = 1 << 14 // facts
	fewNumbers   = 1 << 11 // distinct texts
	numberedPart = 1 << 16 // facts that are numbered at once
)

// coded returns a run of the same facts whose texts are numbered where that pays. It is for growth alone: readers have the run.
func (r *Run) coded() *Run {
	out := &Run{oldest: r.oldest, newest: r.newest, first: r.first, bottom: r.bottom, size: r.size, text: r.text}
	for k := range out.parts {
		out.parts[k] = r.part(class(k)).coded()
	}
	out.sorted.Store(true)
	return out
}

// coded returns a sequence of the same facts whose texts are numbered, or the sequence itself if they are many, or one is long.
func (s *sequence) coded() *sequence {
	if s.len() < worthNumbers || s.V.Texts == nil {
		return s
	}
	numbers, ok := numbered(s.V.Texts)
	if !ok {
		return s
	}
	out := &sequence{columns: s.columns}
	out.V.Texts, out.V.coded = nil, numbers
	for o := range s.orders {
		if Order(o) != EAVT && s.orders[o].ready.Load() {
			out.put(Order(o), s.orders[o].places)
		}
	}
	return out
}

// numbered returns texts as numbers of the distinct ones, of which the first is empty, and false if those are many or one is long.
func numbered(texts []string) (codedTexts, bool) {
	parts := make([]*dictionary, (len(texts)+numberedPart-1)/numberedPart)
	of := make([]uint32, len(texts))
	part := func(i int) (from, to int) { return i * numberedPart, min((i+1)*numberedPart, len(texts)) }
	var failed atomic.Bool
	together(len(parts), func(i int) {
		parts[i] = newDictionary()
		from, to := part(i)
		if !parts[i].numberAll(of[from:to], texts[from:to]) {
			failed.Store(true)
		}
	})
	all := newDictionary()
	for _, d := range parts {
		for _, t := range d.texts {
			all.look(t)
		}
	}
	if failed.Load() || len(all.texts) > fewNumbers {
		return codedTexts{}, false
	}
	all.rank()
	together(len(parts), func(i int) {
		from, to := part(i)
		own := make([]uint32, len(parts[i].texts))
		for n, t := range parts[i].texts {
			own[n] = all.numbers[t]
		}
		for k, n := range of[from:to] {
			of[from+k] = own[n]
		}
	})
	return codedTexts{of, all}, true
}

// newDictionary returns a dictionary in which the empty text has number 0.
func newDictionary() *dictionary {
	return &dictionary{texts: []string{""}, numbers: map[string]uint32{"": 0}}
}

// numberAll sets the numbers of texts, and reports whether they are few and none is long.
func (d *dictionary) numberAll(of []uint32, texts []string) bool {
	for i, t := range texts {
		if t == "" {
			continue
		}
		if of[i] = d.number(t); len(t) > longText || len(d.texts) > fewNumbers {
			return false
		}
	}
	return true
}

// rank notes where each text is among all of them in order.
func (d *dictionary) rank() {
	sorted := make([]uint32, len(d.texts))
	for n := range sorted {
		sorted[n] = uint32(n)
	}
	slices.SortFunc(sorted, func(m, n uint32) int { return cmp.Compare(d.texts[m], d.texts[n]) })
	d.ranks = make([]uint32, len(d.texts))
	for i, n := range sorted {
		d.ranks[n] = uint32(i)
	}
}

// codeLike makes a column of n values that has no texts yet ready for numbers of a dictionary, and reports whether it is: another one is spelled.
func (v *Vector) codeLike(d *dictionary, n, room int) bool {
	switch {
	case v.coded.dict == d:
		return true
	case v.coded.dict == nil && v.Texts == nil && d.ranks != nil:
		v.coded = codedTexts{make([]uint32, n, max(room, n)), d}
		return true
	}
	v.Spell()
	return false
}
