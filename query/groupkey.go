package query

import (
	"slices"
	"unsafe"

	"github.com/datolite/datolite/index"
)

// A groupKey numbers the values of a variable by which rows are grouped, in the order in which they first come. It is of one kind of values, which
// the first ones tell.
type groupKey struct {
	ascends bool // equal values follow each other
	begun   bool
	kind    index.Kind
	words   numbering
	texts   index.TextNumbers
	of      []uint32
}

// number returns the numbers of values, those at some places or all where places is nil, until it is asked again. It reports false where they are
// not of the kind of those before them, or of several.
func (k *groupKey) number(v *index.Vector, places []int32) ([]uint32, bool) {
	if !k.begun {
		k.begun, k.kind = true, v.Kind
	}
	if v.Kinds != nil || v.Kind != k.kind {
		return nil, false
	}
	words, ok := wordsOf(v), true
	switch k.of = k.of[:0]; {
	case words == nil:
		k.of, ok = k.texts.Append(k.of, v, places)
	case places == nil:
		for _, w := range words {
			k.of = append(k.of, k.word(w))
		}
	default:
		for _, p := range places {
			k.of = append(k.of, k.word(words[p]))
		}
	}
	return k.of, ok
}

// word returns the number of a word.
func (k *groupKey) word(w uint64) uint32 {
	if !k.ascends {
		return uint32(k.words.long(w))
	}
	known := k.words.values.Words
	if len(known) == 0 || known[len(known)-1] != w {
		k.words.appendLong(w)
	}
	return uint32(len(k.words.values.Words) - 1)
}

// count returns how many values have a number.
func (k *groupKey) count() int { return max(k.words.count(), len(k.texts.Texts())) }

// column returns the values, by number.
func (k *groupKey) column() index.Vector {
	if texts := k.texts.Texts(); texts != nil {
		return index.Vector{Kind: k.kind, Texts: texts}
	}
	return index.Vector{Kind: k.kind, Words: k.words.values.Words}
}

// groupKeys number the rows of several columns: each row has the group of those before it that are equal.
type groupKeys struct {
	keys  []groupKey
	pairs []numbering // of the numbers of the columns so far and those of the next one
	of    []int32
}

// number returns the groups of n rows, until it is asked again; column returns the values of a key, those at some places or all. It reports false
// where they are of several kinds.
func (g *groupKeys) number(n int, column func(key int) (index.Vector, []int32)) ([]int32, bool) {
	if g.of = g.of[:0]; len(g.keys) != 1 {
		g.of = slices.Grow(g.of, n)[:n]
	}
	if len(g.keys) == 0 {
		clear(g.of)
	}
	for i := range g.keys {
		v, places := column(i)
		of, ok := g.keys[i].number(&v, places)
		switch {
		case !ok:
			return nil, false
		case len(g.keys) == 1:
			return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(of))), n), true
		case i == 0:
			for row, number := range of {
				g.of[row] = int32(number)
			}
			continue
		}
		pairs := &g.pairs[i-1]
		for row, number := range of {
			g.of[row] = pairs.long(uint64(g.of[row])<<32 | uint64(number))
		}
	}
	return g.of, true
}

// count returns how many groups there are.
func (g *groupKeys) count() int {
	switch {
	case len(g.keys) == 0:
		return 1
	case len(g.pairs) > 0:
		return g.pairs[len(g.pairs)-1].count()
	}
	return g.keys[0].count()
}

// columns returns the values of each key, by group.
func (g *groupKeys) columns() []index.Vector {
	out, last := make([]index.Vector, len(g.keys)), len(g.keys)-1
	if last < 0 {
		return out
	}
	rows := firstRows(g.count())
	for i := last; i > 0; i-- {
		numbers := make([]int32, len(rows))
		for row, pair := range rows {
			word := g.pairs[i-1].values.Words[pair]
			rows[row], numbers[row] = int32(word>>32), int32(uint32(word))
		}
		col := g.keys[i].column()
		out[i] = col.Pick(numbers)
	}
	col := g.keys[0].column()
	out[0] = col.Pick(rows)
	return out
}

func newGroupKeys(n int) groupKeys {
	return groupKeys{keys: make([]groupKey, n), pairs: make([]numbering, max(n-1, 0))}
}
