package query

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unsafe"

	"github.com/datolite/datolite/index"
)

// wordsOf returns the words of a column whose values are all of one kind of a word, and nil of any other.
func wordsOf(v *index.Vector) []uint64 {
	switch v.Kind {
	case index.KindLong, index.KindInstant, index.KindDouble, index.KindFloat, index.KindBool:
		if v.Kinds == nil {
			return v.Words
		}
	}
	return nil
}

// longsOf returns the words of a column of longs or entities, and nil of any other.
func longsOf(v *index.Vector) []uint64 {
	if v.Kind != index.KindLong {
		return nil
	}
	return wordsOf(v)
}

// ascends reports whether words ascend as signed numbers; equal ones may follow each other.
func ascends(words []uint64) bool {
	for i := 1; i < len(words); i++ {
		if int64(words[i]) < int64(words[i-1]) {
			return false
		}
	}
	return true
}

// strictlyAscends reports whether a column is of words each of which is greater than the one before it: no value stands in it twice.
func strictlyAscends(v index.Vector) bool {
	words := wordsOf(&v)
	for i := 1; i < len(words); i++ {
		if int64(words[i]) <= int64(words[i-1]) {
			return false
		}
	}
	return words != nil
}

// sortedWords returns the distinct words of a column, which ascend.
func sortedWords(words []uint64) []uint64 {
	if strictlyAscends(index.Vector{Kind: index.KindLong, Words: words}) {
		return words
	}
	out := slices.Clone(words)
	slices.SortFunc(out, func(a, b uint64) int { return cmp.Compare(int64(a), int64(b)) })
	return slices.Compact(out)
}

// appendBatch appends values of w, a column of a batch, those at some places or all n where places is nil, to v, which has m and is to have
// about so many as room says.
func appendBatch(v *index.Vector, m int, w *index.Vector, places []int32, n, room int) {
	if m == 0 && n > 0 && room > n {
		reserve(v, w, room)
	}
	switch {
	case v.AppendCoded(w, places):
	case places == nil:
		extend(v, m, w, n)
	default:
		extendPicked(v, m, w, places)
	}
}

// reserve makes room for so many values like those of w in a column that has none yet.
func reserve(v, w *index.Vector, room int) {
	if wordsOf(w) != nil {
		v.Words = unwritten(room)[:0]
	} else if w.Kinds == nil {
		v.Reserve(room)
	}
}

// unwritten returns words for whoever writes each of them before it is read: what is in them is not defined. To clear large columns takes as
// long as to fill them, and only the room of a strings.Builder is not cleared.
func unwritten(n int) []uint64 {
	if n < largeColumn {
		return make([]uint64, n)
	}
	var b strings.Builder
	b.Grow(8 * n)
	b.WriteByte(0)
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.StringData(b.String()))), n)
}

// largeColumn is how many words are worth that.
const largeColumn = 1 << 12

// extend appends the n values of w to v, which has m.
func extend(v *index.Vector, m int, w *index.Vector, n int) {
	if m == 0 {
		v.Kind = w.Kind
	}
	if n == 0 {
		return
	}
	v.Spell()
	if v.Kinds != nil || w.Kinds != nil || v.Kind != w.Kind {
		v.Kinds = append(kindsOf(v, m), kindsOf(w, n)...)
	}
	v.Words = extended(v.Words, m, w.Words, n)
	if v.Texts == nil && wordsOf(w) != nil {
		return
	}
	v.Texts = padded(w.AppendTexts(padded(v.Texts, m), nil), m+n)
}

// extendPicked appends the values of w at some places to v, which has m.
func extendPicked(v *index.Vector, m int, w *index.Vector, places []int32) {
	words := wordsOf(w)
	v.Spell()
	fits := m == 0 || v.Kind == w.Kind && v.Kinds == nil
	switch {
	case fits && words != nil:
		v.Kind = w.Kind
		n := len(v.Words)
		v.Words = slices.Grow(v.Words, len(places))[:n+len(places)]
		for k, p := range places {
			v.Words[n+k] = words[p]
		}
	case fits && len(places) > 0 && w.Kinds == nil && w.Words == nil:
		v.Kind, v.Texts = w.Kind, w.AppendTexts(v.Texts, places)
	default:
		picked := w.Pick(places)
		extend(v, m, &picked, len(places))
	}
}

// extended appends a column of n to one of m; a column that is not there holds zeros.
func extended(a []uint64, m int, b []uint64, n int) []uint64 {
	if a == nil && b == nil {
		return nil
	}
	return padded(append(padded(a, m), b...), m+n)
}

// padded returns a column with zeros behind it up to a length.
func padded[T any](xs []T, n int) []T {
	if len(xs) >= n {
		return xs
	}
	return append(xs, make([]T, n-len(xs))...)
}

func kindsOf(v *index.Vector, n int) []index.Kind {
	if v.Kinds != nil {
		return v.Kinds
	}
	return slices.Repeat([]index.Kind{v.Kind}, n)
}

// A wordIndex finds rows by the word that they have in a column: by its distance from the least where the words lie close together,
// as ids do, else by its hash.
type wordIndex struct {
	least uint64
	heads []int32  // 1 + the first row, by distance or from the hash on
	keys  []uint64 // of the heads that are found by hash; nil where they are found by distance
	next  []int32  // 1 + the next row with the same word; nil where no word stands twice
	mask  uint64
}

// closeTogether is how many times more places than rows an index by distance may have.
const closeTogether = 8

// newWordIndex returns the index of a column of words.
func newWordIndex(words []uint64) *wordIndex {
	least, most := int64(math.MaxInt64), int64(math.MinInt64)
	for _, w := range words {
		least, most = min(least, int64(w)), max(most, int64(w))
	}
	x := &wordIndex{least: uint64(least)}
	if spread := uint64(most) - uint64(least); spread < closeTogether*uint64(len(words))+64 {
		x.heads = make([]int32, spread+1)
		x.putByDistance(words)
		return x
	}
	size := uint64(16)
	for size < 2*uint64(len(words)) {
		size *= 2
	}
	x.heads, x.keys, x.mask = make([]int32, size), make([]uint64, size), size-1
	for row := len(words) - 1; row >= 0; row-- {
		at := x.slot(words[row])
		x.put(at, int32(row), len(words))
		x.keys[at] = words[row]
	}
	return x
}

// putByDistance puts all rows in, by the distances of their words.
func (x *wordIndex) putByDistance(words []uint64) {
	heads, least := x.heads, x.least
	for row := len(words) - 1; row >= 0; row-- {
		at := words[row] - least
		if heads[at] != 0 {
			x.put(at, int32(row), len(words))
		} else {
			heads[at] = int32(row) + 1
		}
	}
}

// put puts a row in at a place, before those with the same word.
func (x *wordIndex) put(at uint64, row int32, rows int) {
	if before := x.heads[at]; before != 0 {
		if x.next == nil {
			x.next = make([]int32, rows)
		}
		x.next[row] = before
	}
	x.heads[at] = row + 1
}

// slot returns the place of a word that is in the index, or could be put there. By distance, it must be one of the words that the index
// was made for.
func (x *wordIndex) slot(word uint64) uint64 {
	if x.keys == nil {
		return word - x.least
	}
	at := hashWord(word) & x.mask
	for x.heads[at] != 0 && x.keys[at] != word {
		at = (at + 1) & x.mask
	}
	return at
}

// hashWord is the finalizer of MurmurHash3, cut short.
func hashWord(w uint64) uint64 {
	w ^= w >> 33
	w *= 0xff51afd7ed558ccd
	return w ^ w>>33
}

// first returns 1 + the first row with a word, and 0 where there is none.
func (x *wordIndex) first(word uint64) int32 {
	if x.keys != nil {
		return x.heads[x.slot(word)]
	}
	if at := word - x.least; at < uint64(len(x.heads)) {
		return x.heads[at]
	}
	return 0
}

// after returns 1 + the next row with the same word as a row, and 0 where there is none.
func (x *wordIndex) after(row int32) int32 {
	if x.next == nil {
		return 0
	}
	return x.next[row]
}

// firstWords returns the rows of a column of words that do not equal one before them.
func (r *run) firstWords(words []uint64) ([]int32, error) {
	x := newWordIndex(words)
	rows := make([]int32, 0, len(words))
	for i, w := range words {
		if err := r.tick(i); err != nil {
			return nil, err
		}
		if x.first(w) == int32(i)+1 {
			rows = append(rows, int32(i))
		}
	}
	return rows, nil
}
