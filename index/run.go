package index

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// A Run is an immutable set of the facts that a stretch of transactions asserted or ended. It lives three ways: it is made
// unsorted from what a commit brings; it is sorted in an order when that order is first read; and it is merged with its
// neighbour into a larger one. A fact asserted and ended within the run is past; one asserted in it that still holds at its
// end is current; one asserted before it and ended in it is a closing, which masks the open fact of an older run. The run at the
// bottom has no closings: there is nothing older.
type Run struct {
	oldest, newest ID // transactions that changed something
	first          ID // transaction that asserted something
	bottom         bool
	size           int
	text           int // bytes of the texts of its facts
	sorted         atomic.Bool
	mu             sync.Mutex
	raw            raw // until it is sorted
	parts          [3]*sequence
	materials      materials
	serial         serial
}

// A class is one of the three ways to lie in a run.
type class uint8

const (
	current class = iota
	past
	closing
	dropped // not in the run
)

// Attrs tells in which orders an attribute's facts are kept; every fact is in EAVT and AEVT.
type Attrs interface {
	Indexed(a ID) bool // in AVET
	IsRef(a ID) bool   // in VAET
}

// NewRun returns the run of one commit: facts with End zero are asserted in it, the others are closings, whose open facts are
// in older runs; where there are none, they are facts that held once. In which orders an attribute's facts are kept is asked now, and is
// the same for a fact and its closing. The facts must not be changed afterwards. Further ones may stand apart from them.
func NewRun(facts []Fact, attrs Attrs, further ...Fact) *Run {
	if len(facts) < bulky {
		return newRun(rawOf(append(slices.Clip(facts), further...), attrs))
	}
	return newRun(rawOf(slices.Clone(further), attrs).with(rawOf(facts, attrs)))
}

// newRun returns the run of unsorted facts, above others.
func newRun(facts raw) *Run {
	r := &Run{oldest: math.MaxInt64, first: math.MaxInt64, raw: facts}
	for i := range len(facts.full) + 1 {
		p := facts.piece(i)
		r.size += len(p.facts)
		for i := range p.facts {
			f := &p.facts[i]
			r.oldest, r.newest, r.first = min(r.oldest, f.event()), max(r.newest, f.event()), min(r.first, f.Tx)
			r.text += len(f.V.text)
		}
	}
	return r
}

// newBottom returns the run without facts on which the first run of a database comes to lie.
func newBottom() *Run {
	r := NewRun(nil, nil)
	r.bottom = true
	return r
}

// memberships tell in which orders attributes are, and ask once for each of the first few: the next one mostly is that which came after it
// before, since entities are like each other.
type memberships struct {
	of    Attrs
	n, at int // how many are known, and the one to look at first
	heads [16]ID
	in    [16]membership
}

func (m *memberships) get(a ID) membership {
	for range m.n {
		if m.at++; m.at >= m.n {
			m.at = 0
		}
		if m.heads[m.at] == a {
			return m.in[m.at]
		}
	}
	in := memberOf(a, m.of)
	if m.n < len(m.heads) {
		m.at, m.heads[m.n], m.in[m.n] = m.n, a, in
		m.n++
	}
	return in
}

func memberOf(a ID, attrs Attrs) membership {
	var in membership
	if attrs.Indexed(a) {
		in |= inAVET
	}
	if attrs.IsRef(a) {
		in |= inVAET
	}
	return in
}

// part returns the facts of one class.
func (r *Run) part(c class) *sequence {
	if !r.sorted.Load() {
		r.sort()
	}
	return r.parts[c]
}

// misses reports whether a small run that is not sorted has nothing in a range: what few commits brought is mostly asked for
// something else, and then need not be sorted.
func (r *Run) misses(o Order, within *Range) bool {
	if r.size > lookedThrough || r.sorted.Load() {
		return false
	}
	raw, unread := r.unsorted()
	if !unread {
		return false
	}
	for n := range len(raw.full) + 1 {
		p := raw.piece(n)
		for i := range p.facts {
			if within.holds(o, &p.facts[i]) && p.in[i].has(o) {
				return false
			}
		}
	}
	return true
}

// after returns the run of what happened in r after a transaction.
func (r *Run) after(t ID) *Run {
	if r.newest <= t || r.size == 0 {
		return newRun(rawOfPiece(piece{}))
	}
	if r.oldest > t && !r.bottom {
		return r
	}
	if raw, unread := r.unsorted(); unread {
		var later piece
		for _, p := range raw.pieces() {
			for i := range p.facts {
				if p.facts[i].event() > t {
					later.add(p.facts[i], p.in[i])
				}
			}
		}
		return newRun(rawOfPiece(later))
	}
	return newRun(rawOfPiece(r.factsAfter(t)))
}

// factsAfter returns what a run that is sorted was made of, as far as it came after a transaction.
func (r *Run) factsAfter(t ID) (later piece) {
	for _, k := range [...]class{current, past, closing} {
		s := r.part(k)
		for i := range s.len() {
			f := s.fact(i)
			if f.Tx > t && k != closing {
				later.add(Fact{f.E, f.A, f.V, f.Tx, 0}, s.in[i])
			}
			if f.End > t {
				later.add(*f, s.in[i])
			}
		}
	}
	return later
}

// muchSmaller is how many times smaller a run is at least that is not worth sorting another one for.
const muchSmaller = 16

// unsortedBeside is unsorted for a run that is to be merged with another one: what one that is much smaller holds is taken apart again.
func (r *Run) unsortedBeside(other *Run) (raw, bool) {
	if x, unread := r.unsorted(); unread || r.size > other.size/muchSmaller {
		return x, unread
	}
	return rawOfPiece(r.factsAfter(math.MinInt64)), true
}

// lookedThrough is the size up to which a run is looked through before it is sorted.
const lookedThrough = 64

// sort turns the raw facts into columns, once.
func (r *Run) sort() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sorted.Load() {
		return
	}
	pieces := r.raw.pieces()
	if !r.layAscents(pieces) {
		r.sortPieces(pieces)
	}
	r.raw = raw{}
	r.sorted.Store(true)
}

// sortPieces turns facts into columns, however they come.
func (r *Run) sortPieces(pieces []piece) {
	list := sorted(pieces, r.size)
	classes, counts := classify(pieces, list, r.bottom)
	for c := range r.parts {
		r.parts[c] = newSequence(counts[c], class(c) != current)
	}
	for i, k := range list {
		if classes[i] != dropped {
			r.parts[classes[i]].append(k.in(pieces), pieces[k.piece].in[k.place])
		}
	}
}

func newSequence(n int, ends bool) *sequence {
	if n == 0 {
		return none
	}
	return &sequence{columns: newColumns(n, ends)}
}

// unsorted returns the facts of a run that nobody has read yet.
func (r *Run) unsorted() (raw, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.raw, !r.sorted.Load()
}
