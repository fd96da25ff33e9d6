package query

import (
	"slices"
	"sort"
	"sync"

	"github.com/datolite/datolite/index"
)

// A star is a scan on its way into a group: what is read of it is joined batch by batch to the rows that have the same entity, or the
// same value, and nothing else of it is kept. Where both ascend they are merged; else rows are found by an index of the group.
type star struct {
	scan    *scan
	probe   *probe
	excerpt *excerpt
	whole   bool // nothing is left to be tested
	simple  bool // and each row of the group has an entity of its own
	single  bool // no entity comes twice
	group   *relation
	keys    []uint64 // of the rows of the group
	kind    index.Kind
	place   int        // the component that is joined
	index   *wordIndex // nil where both ascend
	ids     *idSet     // where only those of the group's entities are wanted that the scan has
	at      int        // the first row that is not passed, where both ascend
	room    *starRoom  // where what it holds comes from
	starRoom
	shared []int     // other components whose variable the group has
	news   *relation // the columns that the scan adds
	semi   bool      // it adds none: each row of the group is kept once
	kept   []bool    // which rows were, where they do not ascend
}

// A starRoom is memory that one star leaves to the next.
type starRoom struct {
	left  []int32 // rows of the group
	right []int32 // beside them, rows of the batch
	in    []uint8 // of a set of ids
}

var starRooms = sync.Pool{New: func() any { return new(starRoom) }}

// borrow takes memory that another star has left.
func (t *star) borrow() {
	t.room = starRooms.Get().(*starRoom)
	t.starRoom = starRoom{t.room.left[:0], t.room.right[:0], t.room.in[:0]}
}

// leave leaves the memory to the next star.
func (t *star) leave() {
	*t.room = t.starRoom
	starRooms.Put(t.room)
}

// joinInto joins what a scan reads to the rows of a group. It reports whether it can: the group must have the entity, or the value, as words.
func (s *scan) joinInto(c *conj, g *relation, p *probe, x *excerpt) (*relation, bool, error) {
	if err := s.onlyIDs(c.run, p); err != nil {
		return nil, false, err
	}
	t := &star{scan: s, probe: p, excerpt: x, group: g, place: -1}
	for _, i := range [...]int{0, 2} {
		if at := s.column(g, i); at >= 0 && t.place < 0 {
			t.place, t.keys, t.kind = i, wordsOf(&g.cols[at]), g.cols[at].Kind
		}
	}
	if t.place < 0 || t.keys == nil {
		return nil, false, nil
	}
	t.borrow()
	defer t.leave()
	t.prepare()
	if x.none {
		return t.joined(), true, nil
	}
	err := s.each(c.run, p, x, t)
	return t.joined(), true, err
}

// size returns how many rows there are, and how many bytes each takes, about.
func (t *star) size() (int, int64) { return len(t.left), t.group.width() + t.news.width() }

// fork returns a star for what comes behind; nil where what is kept depends on what was before.
func (t *star) fork() taker {
	if t.kept != nil || t.index == nil && t.ids == nil && !strictlyAscends(index.Vector{Kind: t.kind, Words: t.keys}) {
		return nil
	}
	next := *t
	next.at, next.news = 0, newRelation(t.news.vars)
	if next.borrow(); t.ids != nil && !t.excerpt.partsDiffer() {
		next.ids, next.in = newIDSet(t.keys, next.in)
	}
	return &next
}

// join puts behind the rows those of a star that was forked.
func (t *star) join(of taker) {
	next := of.(*star)
	t.left = append(t.left, next.left...)
	t.news.append(next.news)
	if t.ids != next.ids {
		t.ids.addAll(next.ids)
	}
	next.leave()
}

// column returns the number of the column of a group that the variable in a place of the scan has; −1 where it has none.
func (s *scan) column(g *relation, place int) int {
	if s.at[place] == noVariable {
		return -1
	}
	return g.column(s.at[place])
}

func (t *star) prepare() {
	s := t.scan
	var added varSet
	for i, v := range s.at {
		switch {
		case v == noVariable || s.place(v) != i || t.probe.known[i]:
		case t.group.column(v) < 0:
			added.add(v)
		case i != t.place:
			t.shared = append(t.shared, i)
		}
	}
	t.news = newRelation(added.list())
	t.semi = added.empty()
	t.whole = s.coversAll(t.probe, t.excerpt) && len(t.shared) == 0
	t.left = slices.Grow(t.left, t.group.n)
	t.single = t.place == 0 && s.comesOnce(t.excerpt)
	distinct := strictlyAscends(index.Vector{Kind: t.kind, Words: t.keys})
	if t.semi && t.whole && t.place == 0 && distinct {
		if t.ids, t.in = newIDSet(t.keys, t.in); t.ids != nil {
			return
		}
	}
	if !(t.place == 0 && t.excerpt.entitiesAscend() && (distinct || ascends(t.keys))) {
		t.index = newWordIndex(t.keys)
		if t.semi {
			t.kept = make([]bool, t.group.n)
		}
	}
	t.simple = t.whole && t.index == nil && distinct
}

// entitiesAscend reports whether the datoms of an excerpt come in the order of their entities.
func (x *excerpt) entitiesAscend() bool {
	switch x.order {
	case index.EAVT:
		return true
	case index.AEVT:
		return x.covered[1]
	}
	return x.covered[1] && x.covered[2]
}

// comesOnce reports whether no entity comes twice in an excerpt that is in the order of entities.
func (s *scan) comesOnce(x *excerpt) bool {
	if !s.consts.known[1] || !x.covered[1] || s.from.IsHistory() {
		return false
	}
	a, ok := s.from.Schema().Attribute(s.consts.values[1].Ref())
	return ok && (x.order == index.AEVT && !a.Many || x.order == index.AVET && x.covered[2])
}

// partsDiffer reports whether no entity is in two of the parts into which an excerpt is divided.
func (x *excerpt) partsDiffer() bool { return x.order != index.EAVT && x.entitiesAscend() }

// take joins a batch.
func (t *star) take(b *index.Batch) {
	words := idWords(b.E)
	if t.place == 2 {
		if words = wordsOf(&b.V); words == nil || b.V.Kind != t.kind {
			words = t.wordsAmong(b)
		}
	} else if t.kind != index.KindLong {
		return
	}
	if t.ids != nil {
		t.ids.add(words)
		return
	}
	if t.takeAll(words, b) {
		return
	}
	before := len(t.left)
	t.right = t.right[:0]
	switch {
	case t.index != nil:
		t.probeAll(words, b)
	case t.simple && t.single:
		t.merge(words, t.takeRuns(words), b)
	default:
		t.merge(words, 0, b)
	}
	if !t.semi {
		for c, v := range t.news.vars {
			col := batchColumn(b, t.scan.place(v))
			appendBatch(&t.news.cols[c], t.news.n, &col, t.right, len(t.right), t.group.n)
		}
		t.news.n += len(t.left) - before
	}
}

// takeAll joins a batch whose entities are those of the next rows, one by one; it reports whether they are. The last of them may have more
// values in the next batch.
func (t *star) takeAll(words []uint64, b *index.Batch) bool {
	if !t.simple {
		return false
	}
	t.at = seek(t.keys, t.at, words[0])
	if len(t.keys)-t.at < len(words) || !slices.Equal(t.keys[t.at:t.at+len(words)], words) {
		return false
	}
	first := t.at
	if t.semi && t.keptLast(first) {
		first++
	}
	t.left = appendRange(t.left, first, t.at+len(words))
	t.at += len(words) - 1
	if t.semi {
		return true
	}
	for c, v := range t.news.vars {
		col := batchColumn(b, t.scan.place(v))
		appendBatch(&t.news.cols[c], t.news.n, &col, nil, len(words), t.group.n)
	}
	t.news.n += len(words)
	return true
}

// shortRun is how many entities follow each other at least where their datoms are found by their distance from the first.
const shortRun = 32

// takeRuns joins entities of one datom each that follow each other without a gap to those of the rows that have them: where the datom of one is need
// not be looked for. It returns where such runs end, or are too short.
func (t *star) takeRuns(words []uint64) (at int) {
	for at < len(words) && t.at < len(t.keys) {
		run := withoutGap(words[at:])
		if run < shortRun && at+run < len(words) {
			break
		}
		from := seek(t.keys, t.at, words[at])
		t.at = seek(t.keys, from, words[at+run-1]+1)
		t.left = appendRange(t.left, from, t.at)
		if !t.semi {
			t.right = appendDistances(t.right, t.keys[from:t.at], words[at]-uint64(at))
		}
		at += run
	}
	return at
}

// withoutGap returns how many of some words, which ascend strictly, follow each other by one.
func withoutGap(words []uint64) int {
	least, n := words[0], len(words)
	if words[n-1]-least == uint64(n-1) {
		return n
	}
	return sort.Search(n, func(i int) bool { return words[i]-least > uint64(i) })
}

// appendDistances appends how far words are from one.
func appendDistances(to []int32, words []uint64, from uint64) []int32 {
	n := len(to)
	to = slices.Grow(to, len(words))[:n+len(words)]
	for i, w := range words {
		to[n+i] = int32(w - from)
	}
	return to
}

// appendRange appends the numbers from one up to another.
func appendRange(to []int32, from, upto int) []int32 {
	n := len(to)
	to = slices.Grow(to, upto-from)[:n+upto-from]
	for i := range to[n:] {
		to[n+i] = int32(from + i)
	}
	return to
}

// wordsAmong returns the words of values of several kinds; those of other kinds than the group's are not to be found.
func (t *star) wordsAmong(b *index.Batch) []uint64 {
	out := make([]uint64, b.Len())
	for i := range out {
		if v := b.V.At(i); v.Kind() == t.kind {
			out[i] = b.V.Words[i]
		}
	}
	return out
}

// probeAll pairs each datom of a batch with the rows of the group that the index has.
func (t *star) probeAll(words []uint64, b *index.Batch) {
	if t.whole && !t.semi && t.index.next == nil && (t.place == 0 || b.V.Kinds == nil && b.V.Kind == t.kind) {
		for j, w := range words {
			if at := t.index.first(w); at != 0 {
				t.left, t.right = append(t.left, at-1), append(t.right, int32(j))
			}
		}
		return
	}
	for j, w := range words {
		at := t.index.first(w)
		if at == 0 || t.place == 2 && b.V.Kinds != nil && b.V.Kinds[j] != t.kind || t.place == 2 && b.V.Kinds == nil && b.V.Kind != t.kind {
			continue
		}
		for ; at != 0; at = t.index.after(at - 1) {
			t.pair(int(at-1), j, b)
		}
	}
}

// merge pairs the datoms of a batch, from one on, with the rows of the group. A row whose entity is the last of the batch may have more in the next.
func (t *star) merge(words []uint64, j int, b *index.Batch) {
	keys, i, last := t.keys, t.at, len(words)-1
	for i < len(keys) && j <= last {
		if t.simple && !t.semi {
			if i, j = t.mergeDense(words, i, j); i == len(keys) {
				break
			}
		}
		switch w := keys[i]; {
		case int64(w) < int64(words[j]):
			i = seek(keys, i+1, words[j])
		case w != words[j]:
			j = seek(words, j+1, w)
		case t.simple && j < last && words[j+1] != w && !t.keptLast(i):
			t.left = append(t.left, int32(i))
			if !t.semi {
				t.right = append(t.right, int32(j))
			}
			i, j = i+1, j+1
		default:
			iEnd, jEnd := runEnd(keys, i), runEnd(words, j)
			for k := i; k < iEnd; k++ {
				for l := j; l < jEnd; l++ {
					t.pair(k, l, b)
				}
			}
			if j = jEnd; j <= last {
				i = iEnd
			}
		}
	}
	t.at = i
}

// mergeDense is merge from a row of the group and a datom on, as long as each row has one datom, which lies as far from the one before as
// their ids do. It returns where that ends.
func (t *star) mergeDense(words []uint64, i, j int) (int, int) {
	keys, left, right, last := t.keys, t.left, t.right, len(words)-1
	for j < last && i < len(keys) {
		w := keys[i]
		at := j + int(w-words[j])
		if uint(at) >= uint(last) || words[at] != w || words[at+1] == w || at > 0 && words[at-1] == w {
			break
		}
		left, right = append(left, int32(i)), append(right, int32(at))
		i, j = i+1, at+1
	}
	t.left, t.right = left, right
	return i, j
}

// pair keeps a row of the group beside a datom of a batch, where they agree in all that they share.
func (t *star) pair(row, datom int, b *index.Batch) {
	if !t.whole {
		if !t.scan.matches(b, t.probe, t.excerpt, datom) {
			return
		}
		for _, i := range t.shared {
			if t.group.cols[t.scan.column(t.group, i)].At(row) != component(b, i, datom) {
				return
			}
		}
	}
	switch {
	case !t.semi:
		t.right = append(t.right, int32(datom))
	case t.kept == nil && t.keptLast(row):
		return
	case t.kept != nil && t.kept[row]:
		return
	case t.kept != nil:
		t.kept[row] = true
	}
	t.left = append(t.left, int32(row))
}

// keptLast reports whether a row, or one after it, was the last that was kept.
func (t *star) keptLast(row int) bool {
	n := len(t.left)
	return n > 0 && t.left[n-1] >= int32(row)
}

// settle lists the rows whose entities the scan had, where only that was noted.
func (t *star) settle() {
	if t.ids != nil {
		t.left = t.ids.rows(t.keys, t.left)
	}
}

// joined returns the rows of the group, each beside what the scan adds to it.
func (t *star) joined() *relation {
	t.settle()
	if t.semi {
		return t.group.pick(t.left)
	}
	out := *t.group.repeat(t.left)
	out.asked = false
	out.vars, out.cols = append(slices.Clip(out.vars), t.news.vars...), append(slices.Clip(out.cols), t.news.cols...)
	out.n, out.unique = len(t.left), t.group.unique && t.scan.isSet(t.probe)
	return &out
}
