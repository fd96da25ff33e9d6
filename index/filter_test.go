package index

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/rand"
	"slices"
	"testing"
)

// contentHash returns a value as random as the hash of some content: that of a number.
func contentHash(n int) Value {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
	return Bytes(sum[:])
}

// TestFiltersErrOnOneSide asks filters for keys that are in them, of which they must lack none, and for others, of which they take few
// for theirs.
func TestFiltersErrOnOneSide(t *testing.T) {
	for _, size := range []int{1, 10, 100, 1000, 8192} {
		for _, o := range []Order{EAVT, AVET} {
			key := func(n int) filterKey { return (&Fact{E: ID(n), A: ID(100 + n%3), V: contentHash(n)}).keyIn(o) }
			var hashes []uint64
			for n := range size {
				hashes = append(hashes, key(n).hash)
			}
			f := newFilter(nil, hashes)
			for n := range size {
				if k := key(n); f.lacks(&k) {
					t.Fatalf("%v: the filter of %d keys lacks one of them", o, size)
				}
			}
			const others = 100_000
			wrong := 0
			for n := range others {
				if k := key(size + n); !f.lacks(&k) {
					wrong++
				}
			}
			t.Logf("%v: %d keys, %.2f bits a key, %.2f %% of others are taken for them", o, size, float64(8*len(f.bits))/float64(size), 100*float64(wrong)/others)
			if wrong > others/50 {
				t.Errorf("%d of %d others are taken for one of %d keys", wrong, others, size)
			}
		}
	}
}

// TestFiltersStayAsTheyAre compares a filter with what the first version wrote.
func TestFiltersStayAsTheyAre(t *testing.T) {
	var hashes []uint64
	for _, f := range []Fact{{A: 7, V: mustOf("")}, {A: 7, V: mustOf("a text of some length")}, {A: 8, V: Long(-3)}, {A: 8, V: contentHash(1)}} {
		hashes = append(hashes, f.keyIn(AVET).hash, f.keyIn(EAVT).hash)
	}
	f := newFilter([]ID{7, 8}, hashes)
	const want = "02070801000100272000a034800084a102100248030410a081080920084010c42c000016"
	if got := hex.EncodeToString(f.append(nil)); got != want {
		t.Errorf("the filter is %s", got)
	}
}

// A lookup looks for values and entities in several levels, and counts how often it looks into a leaf.
type lookup struct {
	*testing.T
	*stack
	l Levels
}

const (
	lookupKeys = 20_000
	lookupAttr = 6
)

// newLookup returns levels of entities with a unique value each, out of a cold cache.
func newLookup(t *testing.T) *lookup {
	x := &lookup{T: t, stack: newStack(rand.New(rand.NewSource(1)))}
	x.sizes = Sizes{Leaf: 500, Block: 100, Level: 1000, Ratio: 2}
	from := 0
	for i, n := range []int{16_000, 19_000, lookupKeys} {
		tx := TxID(T(i + 1))
		var facts []Fact
		for ; from < n; from++ {
			facts = append(facts, Fact{E: ID(from), A: lookupAttr, V: contentHash(from), Tx: tx})
		}
		x.l = x.l.Push(NewRun(facts, testAttrs{}))
		x.l = x.l.Over(x.grown(t, x.l, string(rune('a'+i)), tx, nil)...)
	}
	if len(x.l.stored) != 3 {
		t.Fatalf("%d levels", len(x.l.stored))
	}
	x.stack.cache = NewCache(1 << 30)
	for i := range x.l.stored {
		x.l.stored[i].cache = x.stack.cache
	}
	return x
}

// finds returns how many facts there are that have the first two components of a key.
func (x *lookup) finds(o Order, f Fact) int {
	x.Helper()
	return drain(x, x.l.Scan(x.Context(), o, Prefix(2, f), View{Basis: TxID(3)}))
}

// leaves returns how often f looks into a leaf.
func (x *lookup) leaves(f func()) int {
	before := x.stack.cache.Stats()
	f()
	after := x.stack.cache.Stats()
	return after.Hits + after.Misses - before.Hits - before.Misses
}

// TestNewKeysAreProvenNewWithoutALeaf looks for keys that are there and for keys that are not.
func TestNewKeysAreProvenNewWithoutALeaf(t *testing.T) {
	const many = 2000
	x := newLookup(t)
	n := x.leaves(func() {
		for n := range many {
			if x.finds(AVET, Fact{A: lookupAttr, V: contentHash(lookupKeys + n)}) != 0 {
				t.Fatal("a key that is new is there")
			}
		}
	})
	if n > many/15 {
		t.Errorf("for %d new keys a leaf was looked into %d times", many, n)
	}
	n = x.leaves(func() {
		for n := range many {
			n = n * 7919 % lookupKeys
			if x.finds(AVET, Fact{A: lookupAttr, V: contentHash(n)}) != 1 || x.finds(EAVT, Fact{E: ID(n), A: lookupAttr}) != 1 {
				t.Fatalf("key %d is not there", n)
			}
		}
	})
	if n > 2*many*12/10+many/5 {
		t.Errorf("for %d keys in AVET and EAVT a leaf was looked into %d times", many, n)
	}
}

// TestNewKeysTogetherAreProvenNewWithoutALeaf looks for ten keys that are not there at once.
func TestNewKeysTogetherAreProvenNewWithoutALeaf(t *testing.T) {
	x := newLookup(t)
	keys := Keys{A: lookupAttr, V: Vector{Kind: KindBytes}}
	for n := range 10 {
		keys.V.Words = append(keys.V.Words, 0)
		keys.V.Texts = append(keys.V.Texts, contentHash(lookupKeys+n).text)
	}
	slices.Sort(keys.V.Texts)
	n := x.leaves(func() {
		if n := drain(t, x.l.ScanKeys(t.Context(), AVET, keys, now)); n != 0 {
			t.Errorf("%d facts of keys that are new are there", n)
		}
	})
	if n > 3 {
		t.Errorf("a leaf was looked into %d times", n)
	}
}

// TestACursorForgetsTheKeyOfARange aims a cursor at a key that is new, and then at everything.
func TestACursorForgetsTheKeyOfARange(t *testing.T) {
	x := newLookup(t)
	c := x.l.Scan(t.Context(), AVET, Prefix(2, Fact{A: lookupAttr, V: contentHash(lookupKeys)}), now)
	if n := drain(t, c); n != 0 {
		t.Errorf("a new key is there %d times", n)
	}
	c.Aim(All)
	if n := drain(t, c); n != lookupKeys {
		t.Errorf("%d facts of %d", n, lookupKeys)
	}
}
