package index

import (
	"math"
	"slices"
)

// merged returns the run of what r and the newer run n hold. Where neither was read yet, or only one that is much smaller, it is as unsorted
// as they are.
func (r *Run) merged(n *Run) *Run {
	out := &Run{oldest: min(r.oldest, n.oldest), newest: max(r.newest, n.newest), first: min(r.first, n.first),
		bottom: r.bottom, size: r.size + n.size, text: r.text + n.text}
	if r.bottom {
		out.oldest = out.first
	}
	older, unread := r.unsortedBeside(n)
	newer, both := n.unsortedBeside(r)
	if unread && both {
		out.raw = older.with(newer)
		return out
	}
	closings := n.part(closing)
	matched, rest := match(r.part(current), closings)
	out.parts = [3]*sequence{
		current: weave(false, all(r.part(current)), all(n.part(current)), some(closings, matched).asMask()),
		past:    weave(true, all(r.part(past)), all(n.part(past)), some(closings, matched)),
		closing: weave(true, all(r.part(closing)), some(closings, rest)),
	}
	out.sorted.Store(true)
	return out
}

// match divides the places of closings into those that end a fact of open and the rest.
func match(open, closings *sequence) (matched, rest []uint32) {
	at := 0
	for i := range closings.len() {
		at = gallop(at, open.len(), func(j int) bool {
			return EAVT.compareAt(&open.columns, j, &closings.columns, i) >= 0
		})
		if at < open.len() && EAVT.compareAt(&open.columns, at, &closings.columns, i) == 0 {
			matched = append(matched, uint32(i))
		} else {
			rest = append(rest, uint32(i))
		}
	}
	return matched, rest
}

// A thread is what goes of a sequence into a weave. A mask adds nothing, and takes out the facts that it ends.
type thread struct {
	*sequence
	span  span // in EAVT
	mask  bool
	moved []uint32 // for each place of the sequence, where its fact came to lie
}

func all(s *sequence) thread {
	return thread{sequence: s, span: span{columns: &s.columns, to: s.len()}}
}

func some(s *sequence, places []uint32) thread {
	return thread{sequence: s, span: span{columns: &s.columns, places: places, to: len(places)}}
}

func (t thread) asMask() thread {
	t.mask = true
	return t
}

// weave returns the sequence of what goes in. It has each order that the longest thread has, so that keeping an order which
// is read costs a linear pass, and one which nobody reads costs nothing.
func weave(ends bool, threads ...thread) *sequence {
	longest, n, alone := measure(threads)
	if n == 0 {
		return none
	}
	if alone {
		return longest.sequence
	}
	out := newSequence(n, ends)
	kept := longest.kept()
	if len(kept) > 0 {
		for i := range threads {
			threads[i].moved = slices.Repeat([]uint32{nowhere}, threads[i].len())
		}
	}
	out.weaveColumns(threads)
	for _, o := range kept {
		out.put(o, weaveOrder(o, n, threads))
	}
	return out
}

// measure returns the longest thread, how many facts come of all, and whether they are that thread's sequence as it is.
func measure(threads []thread) (longest *thread, n int, alone bool) {
	masked := 0
	for i := range threads {
		t := &threads[i]
		if t.mask {
			masked += t.span.len()
			continue
		}
		n += t.span.len()
		if longest == nil || t.span.len() > longest.span.len() {
			longest = t
		}
	}
	return longest, n - masked, masked == 0 && n == longest.span.len() && n == longest.len()
}

// kept returns the orders besides EAVT that need no sorting.
func (s *sequence) kept() []Order {
	var orders []Order
	for _, o := range []Order{AEVT, AVET, VAET} {
		if s.has(o) {
			orders = append(orders, o)
		}
	}
	return orders
}

// nowhere is where a fact comes to lie that is not in a weave.
const nowhere = math.MaxUint32

// weaveColumns appends the facts of threads to s, and notes in the threads where they come to lie.
func (s *sequence) weaveColumns(threads []thread) {
	m := newMerger(EAVT, threads, func(t *thread) span { return t.span })
	for x := m.next(cap(s.E)); x.source != nil; x = m.next(cap(s.E)) {
		t := &threads[x.nth]
		if t.mask {
			continue
		}
		if t.moved != nil {
			for i := x.from; i < x.upto; i++ {
				t.moved[x.place(i)] = uint32(s.len() + i - x.from)
			}
		}
		s.appendStretch(&x, false)
	}
}

// weaveOrder returns where the facts of threads came to lie, in an order.
func weaveOrder(o Order, n int, threads []thread) []uint32 {
	places := make([]uint32, 0, n)
	m := newMerger(o, threads, func(t *thread) span { return t.whole(o) })
	for x := m.next(n); x.source != nil; x = m.next(n) {
		moved := threads[x.nth].moved
		for _, p := range x.places[x.from:x.upto] {
			if moved[p] != nowhere {
				places = append(places, moved[p])
			}
		}
	}
	return places
}

// whole returns what the thread's sequence has in an order, of which only what took part has been moved somewhere.
func (t *thread) whole(o Order) span {
	if t.mask || t.span.len() == 0 {
		return span{}
	}
	places := t.inOrder(o)
	return span{columns: &t.columns, places: places, to: len(places)}
}

// newMerger returns the merger of a span of each thread.
func newMerger(o Order, threads []thread, spanOf func(*thread) span) merger {
	m := merger{order: o}
	sources := make([]source, len(threads))
	for i := range threads {
		t, s := &threads[i], &sources[i]
		*s = source{span: spanOf(t), nth: i}
		if t.mask {
			s.class = closing
		}
		m.begin(s)
	}
	return m
}
