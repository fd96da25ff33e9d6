package query

import (
	"math"
	"unsafe"

	"github.com/datolite/datolite/index"
)

// A finder finds in an extent what one component of a datom stands beside: by the distance of the word from the least one, where the words lie
// close together, at once, and else through an index of the rows.
type finder struct {
	beside cells // 1 + how far the other component lies from base; nil where that is not how it is found
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

// newDirect returns a finder by distance; nil where a word stands twice, or the words of a side lie too far apart. What it finds takes one byte, two
// or four, so that as much of it as can be lies in the processor's caches.
func newDirect(words, other []uint64) *finder {
	least, spread := spreadOf(words)
	base, apart := spreadOf(other)
	var c cells
	switch {
	case spread >= closeTogether*uint64(len(words))+64 || apart >= math.MaxInt32-1:
		return nil
	case apart < math.MaxUint8:
		c = newNumberCells[uint8](words, other, least, spread, base)
	case apart < math.MaxUint16:
		c = newNumberCells[uint16](words, other, least, spread, base)
	default:
		c = newNumberCells[int32](words, other, least, spread, base)
	}
	if c == nil {
		return nil
	}
	return &finder{beside: c, base: base - 1}
}

// Cells find numbers by words.
type cells interface {
	// find notes the number of each of some words, 0 where there is none, and reports whether all have one.
	find(words []uint64, hits []int32) bool
	bytes() int
}

// NumberCells hold numbers by the distance of the word from the least.
type numberCells[T uint8 | uint16 | int32] struct {
	least uint64
	of    []T
}

// newNumberCells returns cells that hold how far the words on the other side lie from base, and 1 more; nil where a word stands twice.
func newNumberCells[T uint8 | uint16 | int32](words, other []uint64, least, spread, base uint64) cells {
	c := &numberCells[T]{least, make([]T, spread+1)}
	for i, w := range words {
		at := &c.of[w-least]
		if *at != 0 {
			return nil
		}
		*at = T(other[i]-base) + 1
	}
	return c
}

func (c *numberCells[T]) bytes() int { return len(c.of) * int(unsafe.Sizeof(T(0))) }

func (c *numberCells[T]) find(words []uint64, hits []int32) bool {
	hits, missing := hits[:len(words)], false
	least, of := c.least, c.of
	for i, w := range words { // no turn waits for the one before, since most of the time goes into waiting for memory
		hit := T(0)
		if at := w - least; at < uint64(len(of)) {
			hit = of[at]
		}
		hits[i] = int32(hit)
		missing = missing || hit == 0
	}
	return !missing
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
		return f.beside.bytes()
	}
	return 4*len(f.index.heads) + 8*len(f.index.keys) + 4*len(f.index.next)
}

// find notes for each of some words where the first that it stands beside is found; 0 where there is none. It reports whether there is one for all.
func (f *finder) find(words []uint64, hits []int32) bool {
	switch {
	case f.index == nil:
		return f.beside.find(words, hits)
	case f.index.keys == nil:
		rows := numberCells[int32]{f.index.least, f.index.heads}
		return rows.find(words, hits)
	}
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
		x.keeper.Grow(x, f.bytes())
	}
	return at.Load()
}

// determines reports whether it is known that a component stands beside one other only.
func (x *extent) determines(place int) bool {
	f := x.finders[place/2].Load()
	return f != nil && f.isUnique()
}
