package query

import (
	"slices"
	"sync"

	"github.com/datolite/datolite/index"
)

// An emission takes the rows of a scan into a relation of its variables.
type emission struct {
	scan    *scan
	probe   *probe
	excerpt *excerpt
	whole   bool // every datom matches
	out     *relation
	rows    []int32
	added   []uint64
	shared  *sharedColumns // with other emissions; nil for own columns
	part    int            // of what is shared
	forks   int
}

func (t *emission) take(b *index.Batch) {
	if t.whole {
		t.emitAll(b)
		return
	}
	t.rows = t.scan.matching(b, t.probe, t.excerpt, t.rows[:0])
	t.scan.emit(b, t.rows, t.out)
}

// emitAll appends a whole batch.
func (t *emission) emitAll(b *index.Batch) {
	out := t.out
	for c, v := range out.vars {
		col, room := t.column(b, t.scan.place(v)), t.excerpt.room
		if t.shared != nil && out.n == 0 && wordsOf(&col) != nil {
			out.cols[c].Words, room = t.shared.room(c, t.part), 0
		}
		appendBatch(&out.cols[c], out.n, &col, nil, b.Len(), room)
	}
	out.n += b.Len()
}

// column returns a component of a batch as a column, which shares its memory and is there until the next one is asked for.
func (t *emission) column(b *index.Batch, i int) index.Vector {
	if i < 4 {
		return batchColumn(b, i)
	}
	t.added = appendAdded(t.added[:0], b)
	return index.Vector{Kind: index.KindBool, Words: t.added}
}

func (t *emission) size() (int, int64) { return t.out.n, t.out.width() }

func (t *emission) fork() taker {
	next, x := *t, *t.excerpt
	x.room /= 2
	t.forks++
	next.excerpt, next.out, next.rows, next.added, next.part = &x, newRelation(t.out.vars), nil, nil, t.forks
	return &next
}

func (t *emission) join(of taker) {
	out, more := t.out, of.(*emission).out
	for c := range out.cols {
		if v, w := &out.cols[c], &more.cols[c]; t.shared == nil || !t.shared.joined(c, v, w) {
			appendBatch(v, out.n, w, nil, more.n, 0)
		}
	}
	out.n += more.n
}

// sharedColumns are columns of words that several emissions fill, each its own part, so that nothing is left to be copied when they are joined.
type sharedColumns struct {
	from  []int // where each part begins, and the last one ends
	words []sharedWords
}

// sharedWords are the words of a column, once somebody has some for it.
type sharedWords struct {
	once sync.Once
	all  []uint64
}

// room returns the room for a part of a column.
func (s *sharedColumns) room(c, part int) []uint64 {
	w := &s.words[c]
	w.once.Do(func() { w.all = unwritten(s.from[len(s.from)-1]) })
	return w.all[s.from[part]:s.from[part]:s.from[part+1]]
}

// joined puts the words of w behind those of v, if that is where they lie, and reports whether it did.
func (s *sharedColumns) joined(c int, v, w *index.Vector) bool {
	all, m, n := s.words[c].all, len(v.Words), len(w.Words)
	if m == 0 || n == 0 || v.Kind != w.Kind || wordsOf(v) == nil || wordsOf(w) == nil || m+n > len(all) || &all[0] != &v.Words[0] || &all[m] != &w.Words[0] {
		return false
	}
	v.Words = all[: m+n : m+n]
	return true
}

// appendAdded appends whether each datom of a batch is an assertion.
func appendAdded(to []uint64, b *index.Batch) []uint64 {
	n, more := len(to), b.Len()
	to = slices.Grow(to, more)[:n+more]
	if b.Added == nil {
		for i := range to[n:] {
			to[n+i] = 1
		}
		return to
	}
	for i, added := range b.Added {
		word := uint64(0)
		if added {
			word = 1
		}
		to[n+i] = word
	}
	return to
}
