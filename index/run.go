package index

import (
	"math"
	"strings"
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
// in older runs; where there are none, they are facts that held once. In which orders an attribute's facts are kept is asked now, and is the same for a fact and its closing.
func NewRun(facts []Fact, attrs Attrs) *Run {
	r := &Run{oldest: math.MaxInt64, first: math.MaxInt64, size: len(facts), raw: newRaw(len(facts), len(facts))}
	for i, f := range facts {
		e := &r.raw.entries[i]
		if *e = (entry{Fact: f}); f.End != 0 {
			e.V.text = strings.Clone(f.V.text) // which else would keep the block alive in which the fact was found
		}
		if i > 0 && f.A == facts[i-1].A {
			e.in = r.raw.entries[i-1].in
		} else {
			e.in = memberOf(f.A, attrs)
		}
		r.note(e)
	}
	return r
}

// note has the run know of one of its entries.
func (r *Run) note(e *entry) {
	r.oldest, r.newest, r.first = min(r.oldest, e.event()), max(r.newest, e.event()), min(r.first, e.Tx)
	r.text += len(e.V.text)
}

// newBottom returns the run without facts on which the first run of a database comes to lie.
func newBottom() *Run {
	r := NewRun(nil, nil)
	r.bottom = true
	return r
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
	entries := raw.all()
	for i := range entries {
		if e := &entries[i]; within.holds(o, &e.Fact) && e.in.has(o) {
			return false
		}
	}
	return true
}

// after returns the run of what happened in r after a transaction.
func (r *Run) after(t ID) *Run {
	if r.newest <= t || r.size == 0 {
		return newLater(nil)
	}
	if r.oldest > t && !r.bottom {
		return r
	}
	if raw, unread := r.unsorted(); unread {
		var later []entry
		for _, e := range raw.all() {
			if e.event() > t {
				later = append(later, e)
			}
		}
		return newLater(later)
	}
	return newLater(r.entriesAfter(t))
}

// entriesAfter returns what a run that is sorted was made of, as far as it came after a transaction.
func (r *Run) entriesAfter(t ID) []entry {
	var later []entry
	for _, k := range [...]class{current, past, closing} {
		s := r.part(k)
		for i := range s.len() {
			f := s.fact(i)
			if f.Tx > t && k != closing {
				later = append(later, entry{Fact{f.E, f.A, f.V, f.Tx, 0}, s.in[i]})
			}
			if f.End > t {
				later = append(later, entry{*f, s.in[i]})
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
	entries := r.entriesAfter(math.MinInt64)
	x := raw{&shared{entries: entries}, len(entries)}
	x.used.Store(int64(len(entries)))
	return x, true
}

// newLater returns the run of entries, above a level.
func newLater(entries []entry) *Run {
	r := &Run{oldest: math.MaxInt64, first: math.MaxInt64, size: len(entries), raw: raw{&shared{entries: entries}, len(entries)}}
	r.raw.used.Store(int64(len(entries)))
	for i := range entries {
		r.note(&entries[i])
	}
	return r
}

// lookedThrough is the size up to which a run is looked through before it is sorted.
const lookedThrough = 64

// sort turns the raw entries into columns, once.
func (r *Run) sort() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sorted.Load() {
		return
	}
	entries := r.raw.all()
	list := sorted(entries)
	classes, counts := classify(entries, list, r.bottom)
	for c := range r.parts {
		r.parts[c] = newSequence(counts[c], class(c) != current)
	}
	for i, k := range list {
		if classes[i] != dropped {
			r.parts[classes[i]].append(&entries[k.place])
		}
	}
	r.raw = raw{}
	r.sorted.Store(true)
}

func newSequence(n int, ends bool) *sequence {
	if n == 0 {
		return none
	}
	return &sequence{columns: newColumns(n, ends)}
}

// unsorted returns the raw entries of a run that nobody has read yet.
func (r *Run) unsorted() (raw, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.raw, !r.sorted.Load()
}
