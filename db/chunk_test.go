package db

import (
	"bytes"
	"crypto/rand"
	"errors"
	"slices"
	"sort"
	"testing"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/storage/mem"
)

// sampleChunk returns a chunk with records of several sizes, the first of which compress and the last of which does not.
func sampleChunk() *chunk {
	c := &chunk{from: 7}
	for i := range 5 {
		c.records = append(c.records, bytes.Repeat([]byte("a record "), 20*i))
	}
	random := make([]byte, 100)
	_, _ = rand.Read(random)
	c.records = append(c.records, random)
	return c
}

// joined decodes the parts of a chunk.
func joined(parts [][]byte, sums [][32]byte) (*chunk, error) {
	var stored []byte
	var head chunkHead
	for i, p := range parts {
		h, rest, err := openChunkPart(p, sums[i])
		if err != nil {
			return nil, err
		}
		head, stored = h, append(stored, rest...)
	}
	return decodeChunk(head, stored)
}

func TestAChunkDecodes(t *testing.T) {
	for _, most := range []int{200, 300, 1 << 20} {
		c := sampleChunk()
		parts, sums := encodeChunk(c, most)
		again, err := joined(parts, sums)
		if err != nil || again.from != c.from || !slices.EqualFunc(again.records, c.records, bytes.Equal) {
			t.Errorf("in parts of %d: %v", most, err)
		}
		for i, p := range parts {
			if len(p) > most {
				t.Errorf("a part has %d bytes of %d", len(p), most)
			}
			for at := range p {
				damaged := slices.Clone(parts)
				damaged[i] = bytes.Clone(p)
				damaged[i][at] ^= 0x10
				if _, err := joined(damaged, sums); !errors.Is(err, index.ErrSegment) && !errors.Is(err, index.ErrFormat) {
					t.Fatalf("byte %d of part %d may be anything: %v", at, i, err)
				}
				damaged[i] = p[:at]
				if _, err := joined(damaged, sums); !errors.Is(err, index.ErrSegment) {
					t.Fatalf("part %d may have %d bytes: %v", i, at, err)
				}
			}
		}
	}
}

func TestADirectoryOfChunksDecodes(t *testing.T) {
	name := func(job string, n int) index.SegmentName {
		return index.SegmentName{Job: job, N: n, Sum: [32]byte{byte(n)}}
	}
	refs := []chunkRef{
		{from: 1, first: 1000, size: 5000, bytes: 300, parts: []index.SegmentName{name("a", 1), name("a", 2)}},
		{from: 8, first: 1000, size: 1, bytes: 200, parts: []index.SegmentName{name("b", 0)}},
		{from: 9, first: 2000, size: 1, bytes: 200, parts: []index.SegmentName{name("a", 9)}},
	}
	b, sum := encodeChunkDirectory(3, refs)
	again, err := decodeChunkDirectory(3, b, sum)
	if err != nil || !slices.EqualFunc(again, refs, func(a, b chunkRef) bool {
		return a.from == b.from && a.first == b.first && a.size == b.size && a.bytes == b.bytes && slices.Equal(a.parts, b.parts)
	}) {
		t.Errorf("%v, %v", again, err)
	}
	if _, err := decodeChunkDirectory(2, b, sum); !errors.Is(err, index.ErrSegment) {
		t.Errorf("at another height: %v", err)
	}
	for at := range b {
		damaged := bytes.Clone(b)
		damaged[at] ^= 4
		if _, err := decodeChunkDirectory(3, damaged, sum); err == nil {
			t.Fatalf("byte %d may be anything", at)
		}
	}
}

// law: the chunks of a log tell for every t which record holds it, as its records do.
func TestChunksFindTransactions(t *testing.T) {
	conn := openConn(t, mem.New(), Options{log: smallLog})
	for i := range 60 {
		commit(t, conn, mark("x"))
		if i%7 == 3 {
			if err := conn.Index(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	tree, h := conn.log.chunks(), conn.head.Load()
	if len(tree.levels) < 3 || tree.next <= firstT {
		t.Fatalf("%d heights, next %s", len(tree.levels), tree.next)
	}
	for at := T(0); at < tree.next; at++ {
		want := sort.Search(len(h.firsts), func(i int) bool { return h.firsts[i] > at })
		if got, err := tree.seqOf(t.Context(), conn.log, at); got != want || err != nil {
			t.Errorf("t %s is in record %d, %v; want %d", at, got, err, want)
		}
	}
}
