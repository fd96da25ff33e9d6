package index

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/datolite/datolite/internal/soak"
)

// law: a block comes back as it was.
func TestBlocksComeBack(t *testing.T) {
	stubs := 0
	soak.Run(t, 100, 1000, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		c := randomColumns(rng, 1+rng.Intn(600))
		s := shape{[]Order{EAVT, AVET}[rng.Intn(2)], c.End != nil}
		if s.order == AVET {
			c.shorten(0, longs{})
		}
		b := new(packer).appendBlock(nil, &c, 0, c.len())
		got, err := decodeBlock(b, s)
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.len() {
			if f, g := c.fact(i), got.fact(i); *f != *g || f.V.isStub() != g.V.isStub() {
				t.Fatalf("fact %d: %v came back as %v", i, f, g)
			}
			if got.V.packed.stubs = got.V.packed.stubs && !got.V.At(i).isStub(); c.V.At(i).isStub() {
				stubs++
			}
		}
		if got.V.packed.stubs {
			t.Fatal("a block says that it has stubs, and has none")
		}
		if c.len() != got.len() {
			t.Fatalf("%d facts came back as %d", c.len(), got.len())
		}
	})
	if t.Logf("%d stubs", stubs); stubs == 0 {
		t.Error("no stubs")
	}
}

// randomColumns returns facts in no order.
func randomColumns(rng *rand.Rand, n int) columns {
	c := newColumns(n, rng.Intn(2) == 0)
	attrs := 1 + rng.Intn(9)
	for i := range n {
		a := ID(1 + rng.Intn(attrs))
		f := Fact{E: randomEntity(rng, 20), A: a, V: randomValue(rng, a), Tx: TxID(T(1000 + i*rng.Intn(2)))}
		if c.End != nil {
			f.End = f.Tx + ID(rng.Intn(100))
		}
		c.append(&f, 0)
	}
	return c
}

// TestDamagedBlocks changes and cuts blocks: each decodes to something, or is an error.
func TestDamagedBlocks(t *testing.T) {
	soak.Run(t, 20, 200, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		c := randomColumns(rng, 1+rng.Intn(60))
		b := new(packer).appendBlock(nil, &c, 0, c.len())
		for range 100 {
			damaged := slices.Clone(b[:rng.Intn(len(b)+1)])
			for range rng.Intn(4) {
				if len(damaged) > 0 {
					damaged[rng.Intn(len(damaged))] = byte(rng.Intn(256))
				}
			}
			if got, err := decodeBlock(damaged, shape{AVET, c.End != nil}); err == nil {
				for i := range got.len() {
					_ = got.fact(i)
				}
			}
		}
	})
}

// FuzzSegment decodes a leaf, a directory and filters whose heads have the right hash.
func FuzzSegment(f *testing.F) {
	rng := rand.New(rand.NewSource(1))
	for _, ends := range []bool{false, true} {
		c := randomColumns(rng, 100)
		for (c.End != nil) != ends {
			c = randomColumns(rng, 100)
		}
		s := shape{EAVT, ends}
		leafSegment, _ := new(packer).leaf(s, &c, Cut{}, 30)
		filters := []filter{newFilter(nil, []uint64{1, 2}), newFilter([]ID{3, 4}, []uint64{5})}
		page, _ := encodeFilters(s, filters)
		one := &child{summary: summarise(&c, 0, c.len(), Cut{}), name: SegmentName{Job: "job", N: 1}}
		one.filter = filterPlace{&filterPage{name: SegmentName{Job: "job", N: 2}}, 1}
		directory, _ := encodeDirectory(s, 1, []*child{one})
		f.Add(leafSegment, ends)
		f.Add(directory, ends)
		f.Add(page, ends)
	}
	f.Fuzz(func(t *testing.T, b []byte, ends bool) {
		s := shape{EAVT, ends}
		sum := [32]byte{}
		if len(b) >= 4 {
			if n := 4 + uint64(binary.BigEndian.Uint32(b)); n <= uint64(len(b)) {
				sum = sha256.Sum256(b[:n])
			}
		}
		if l, err := decodeLeaf(s, b, sum); err == nil {
			for i := range l.blocks {
				_, _, _ = l.columns(i)
			}
		}
		_, _ = decodeDirectory(s, 1, b, sum)
		if filters, err := decodeFilters(s, b, sum); err == nil {
			for i := range filters {
				filters[i].lacks(&filterKey{3, 1 << 60, 1 << 50})
			}
		}
		_, _ = decodeBlock(b, shape{AVET, ends})
		_, _ = DecodeLevel(b, nil, nil)
	})
}

// TestRandomKeysAreCompressed packs keys like hashes, sorted: no text comes twice, but a digit takes half a byte.
func TestRandomKeysAreCompressed(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	keys := make([]string, 500)
	for i := range keys {
		keys[i] = fmt.Sprintf("%016x%016x", rng.Uint64(), rng.Uint64())
	}
	slices.Sort(keys)
	c := newColumns(len(keys), false)
	for _, key := range keys {
		v, err := String(key)
		if err != nil {
			t.Fatal(err)
		}
		c.append(&Fact{E: randomEntity(rng, 20), A: 1, V: v, Tx: TxID(1000)}, 0)
	}
	p := new(packer)
	p.block = p.appendBlock(nil, &c, 0, c.len())
	if p.store(); 4*len(p.stored) > 3*len(p.block) {
		t.Errorf("%d bytes are stored as %d", len(p.block), len(p.stored))
	}
	if got, err := openBlock(p.stored, sha256.Sum256(p.stored), shape{AVET, false}); err != nil || got.len() != len(keys) || got.V.At(9) != c.V.At(9) {
		t.Errorf("%v", err)
	}
}
