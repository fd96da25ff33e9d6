package query

import (
	"hash/maphash"

	"github.com/datolite/datolite/index"
)

// A table finds rows of columns by what is in them.
type table struct {
	cols   []index.Vector
	hashes []uint64
	heads  []int32 // 1 + the row that was put in last, by the low bits of its hash
	next   []int32 // 1 + the row put in before it under the same bits
	mask   uint64
}

var seed = maphash.MakeSeed()

// newTable returns an empty table for the rows of columns.
func newTable(cols []index.Vector, n int) *table {
	t := &table{cols: cols, hashes: hashRows(cols, 0, n)}
	t.grow(n)
	return t
}

// grow makes room for n rows, and puts those again that are in.
func (t *table) grow(n int) {
	size := uint64(16)
	for size < 2*uint64(n) {
		size *= 2
	}
	t.heads, t.mask = make([]int32, size), size-1
	rows := len(t.next)
	t.next = append(make([]int32, 0, n), t.next...)
	for i := range rows {
		slot := t.hashes[i] & t.mask
		t.next[i], t.heads[slot] = t.heads[slot], int32(i)+1
	}
}

// put puts a row in, which must be the one after the last.
func (t *table) put(row int32) {
	slot := t.hashes[row] & t.mask
	t.next = append(t.next, t.heads[slot])
	t.heads[slot] = row + 1
}

// insert puts a row in unless an equal one is there; it reports whether it did. All rows up to it must have been tried.
func (t *table) insert(row int32) bool {
	h := t.hashes[row]
	for at := t.heads[h&t.mask]; at != 0; at = t.next[at-1] {
		if t.hashes[at-1] == h && equalRows(t.cols, at-1, t.cols, row) {
			t.next = append(t.next, 0)
			return false
		}
	}
	t.put(row)
	return true
}

// hashRows returns the hashes of the rows from one on.
func hashRows(cols []index.Vector, from, n int) []uint64 {
	out := make([]uint64, n-from)
	for c := range cols {
		hashColumn(&cols[c], from, out)
	}
	return out
}

// hashColumn mixes the values of a column into hashes.
func hashColumn(v *index.Vector, from int, out []uint64) {
	if codes, texts := v.Codes(); codes != nil {
		hashCodes(v.Kind, codes[from:], texts, out)
		return
	}
	for i := range out {
		h := out[i] ^ uint64(v.Kind)<<56
		if v.Kinds != nil {
			h = out[i] ^ uint64(v.Kinds[from+i])<<56
		}
		if v.Words != nil {
			h ^= v.Words[from+i]
		}
		h *= 0x9E3779B97F4A7C15
		h ^= h >> 32
		if v.Texts != nil && v.Texts[from+i] != "" {
			h = mixText(h, maphash.String(seed, v.Texts[from+i]))
		}
		out[i] = h
	}
}

// mixText mixes the hash of a text into one.
func mixText(h, text uint64) uint64 {
	h ^= text
	h *= 0x9E3779B97F4A7C15
	return h ^ h>>29
}

// hashCodes is hashColumn for a coded column: each text is hashed once.
func hashCodes(kind index.Kind, codes []uint32, texts []string, out []uint64) {
	hashes := make([]uint64, len(texts))
	for i, text := range texts {
		hashes[i] = maphash.String(seed, text)
	}
	for i := range out {
		h := out[i] ^ uint64(kind)<<56
		h *= 0x9E3779B97F4A7C15
		h ^= h >> 32
		if code := codes[i]; texts[code] != "" {
			h = mixText(h, hashes[code])
		}
		out[i] = h
	}
}

// equalRows reports whether a row of columns equals one of others.
func equalRows(a []index.Vector, i int32, b []index.Vector, j int32) bool {
	for c := range a {
		if !equalAt(&a[c], i, &b[c], j) {
			return false
		}
	}
	return true
}

// equalAt reports whether a value of a column equals one of another.
func equalAt(v *index.Vector, i int32, w *index.Vector, j int32) bool {
	if v.IsCoded() || w.IsCoded() || v.Kinds != nil || w.Kinds != nil || v.Texts == nil != (w.Texts == nil) || v.Words == nil != (w.Words == nil) {
		return v.At(int(i)) == w.At(int(j))
	}
	return v.Kind == w.Kind && (v.Words == nil || v.Words[i] == w.Words[j]) && (v.Texts == nil || v.Texts[i] == w.Texts[j])
}

// has reports whether a row equal to one of other columns is in the table.
func (t *table) has(h uint64, cols []index.Vector, row int32) bool {
	for at := t.heads[h&t.mask]; at != 0; at = t.next[at-1] {
		if t.hashes[at-1] == h && equalRows(t.cols, at-1, cols, row) {
			return true
		}
	}
	return false
}
