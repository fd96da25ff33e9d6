package query

import (
	"math"

	"github.com/datolite/datolite/index"
)

// A finder finds in an extent what one component of a datom stands beside: by the distance of the word from the least one, where the words lie
// close together, at once, and else through an index of the rows.
type finder struct {
	least  uint64
	beside []int32 // 1 + how far the other component lies from base, by distance; nil where that is not how it is found
	base   uint64
	index  *wordIndex // of the rows, where they are found instead
	other  []uint64   // the other component, by row
}

// newFinder returns the finder of words that stand beside others.
func newFinder(words, other []uint64) *finder {
	if f := newDirect(words, other); f != nil {
		return f
	}
	return &finder{index: newWordIndex(words), other: other}
}

// newDirect returns a finder by distance; nil where a word stands twice, or the words of a side lie too far apart.
func newDirect(words, other []uint64) *finder {
	least, spread := spreadOf(words)
	base, apart := spreadOf(other)
	if spread >= closeTogether*uint64(len(words))+64 || apart >= math.MaxInt32-1 {
		return nil
	}
	f := &finder{least: least, beside: make([]int32, spread+1), base: base - 1}
	for i, w := range words {
		at := &f.beside[w-least]
		if *at != 0 {
			return nil
		}
		*at = int32(other[i]-base) + 1
	}
	return f
}

// spreadOf returns the least of some words, as signed numbers, and how far the greatest lies from it.
func spreadOf(words []uint64) (least, spread uint64) {
	low, high := int64(math.MaxInt64), int64(math.MinInt64)
	for _, w := range words {
		low, high = min(low, int64(w)), max(high, int64(w))
	}
	return uint64(low), uint64(high) - uint64(low)
}

// isUnique reports whether each word stands beside one other only.
func (f *finder) isUnique() bool { return f.index == nil || f.index.next == nil }

// bytes returns how many bytes the finder takes beside the columns.
func (f *finder) bytes() int {
	if f.index == nil {
		return 4 * len(f.beside)
	}
	return 4*len(f.index.heads) + 8*len(f.index.keys) + 4*len(f.index.next)
}

// find notes for each of some words where the first that it stands beside is found; 0 where there is none. It reports whether there is one for all.
func (f *finder) find(words []uint64, hits []int32) bool {
	hits = hits[:len(words)]
	least, heads := f.least, f.beside
	if f.index != nil {
		if f.index.keys != nil {
			return f.findByHash(words, hits)
		}
		least, heads = f.index.least, f.index.heads
	}
	missing := false
	for i, w := range words { // no turn waits for the one before, since most of the time goes into waiting for memory
		hit := int32(0)
		if at := w - least; at < uint64(len(heads)) {
			hit = heads[at]
		}
		hits[i] = hit
		missing = missing || hit == 0
	}
	return !missing
}

func (f *finder) findByHash(words []uint64, hits []int32) bool {
	missing := false
	for i, w := range words {
		hits[i] = f.index.first(w)
		missing = missing || hits[i] == 0
	}
	return !missing
}

// fetch returns what was found, none of which is missing.
func (f *finder) fetch(hits []int32, out []uint64) {
	out = out[:len(hits)]
	if f.index == nil {
		for i, hit := range hits {
			out[i] = f.base + uint64(hit)
		}
		return
	}
	for i, hit := range hits {
		out[i] = f.other[hit-1]
	}
}

// agrees reports whether a word is among those that a hit, and the ones behind it, stand for.
func (f *finder) agrees(hit int32, word uint64) bool {
	if f.index == nil {
		return hit != 0 && f.base+uint64(hit) == word
	}
	for ; hit != 0; hit = f.index.after(hit - 1) {
		if f.other[hit-1] == word {
			return true
		}
	}
	return false
}

// column returns a component as a column of an extent.
func (x *extent) column(place int) index.Vector {
	if place == 0 {
		return index.Vector{Kind: index.KindLong, Words: x.entities}
	}
	return x.values
}

// finder returns what finds a datom of an extent by its entity or by its value. It is made once.
func (x *extent) finder(place int) *finder {
	at := &x.finders[place/2]
	if f := at.Load(); f != nil {
		return f
	}
	f := newFinder(x.column(place).Words, x.column(2-place).Words)
	if at.CompareAndSwap(nil, f) {
		x.keeper.Grow(f.bytes())
	}
	return at.Load()
}

// determines reports whether it is known that a component stands beside one other only.
func (x *extent) determines(place int) bool {
	f := x.finders[place/2].Load()
	return f != nil && f.isUnique()
}
