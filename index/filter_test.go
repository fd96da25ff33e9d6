package index

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/rand"
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

// TestNewKeysAreProvenNewWithoutALeaf looks for keys that are there and for keys that are not, in several levels out of a cold cache.
func TestNewKeysAreProvenNewWithoutALeaf(t *testing.T) {
	const many, attr = 20_000, 6
	rng := rand.New(rand.NewSource(1))
	s := newStack(rng)
	s.sizes = Sizes{Leaf: 500, Block: 100, Level: 1000, Ratio: 2}
	var l Levels
	for i, n := range []int{0, 16_000, 19_000, many} {
		if i == 0 {
			continue
		}
		var facts []Fact
		for k := []int{0, 16_000, 19_000}[i-1]; k < n; k++ {
			facts = append(facts, Fact{E: ID(k), A: attr, V: contentHash(k), Tx: TxID(T(i))})
		}
		l = l.Push(NewRun(facts, testAttrs{}))
		l = l.Over(s.grown(t, l, string(rune('a'+i)), TxID(T(i)), nil)...)
	}
	if len(l.stored) != 3 {
		t.Fatalf("%d levels", len(l.stored))
	}
	s.cache = NewCache(1 << 30)
	for i := range l.stored {
		l.stored[i].cache = s.cache
	}
	now := View{Basis: TxID(3)}
	look := func(o Order, f Fact) int {
		t.Helper()
		batch, err := l.Scan(t.Context(), o, Prefix(2, f), now).Next()
		if err != nil {
			t.Fatal(err)
		}
		if batch == nil {
			return 0
		}
		return batch.Len()
	}
	for n := range 2000 {
		if look(AVET, Fact{A: attr, V: contentHash(many + n)}) != 0 {
			t.Fatal("a key that is new is there")
		}
	}
	if asked := s.cache.Stats(); asked.Hits+asked.Misses > 2000/15 {
		t.Errorf("for 2,000 new keys a leaf was looked into %d times", asked.Hits+asked.Misses)
	}
	before := s.cache.Stats()
	for range 2000 {
		n := rng.Intn(many)
		if look(AVET, Fact{A: attr, V: contentHash(n)}) != 1 || look(EAVT, Fact{E: ID(n), A: attr}) != 1 {
			t.Fatalf("key %d is not there", n)
		}
	}
	after := s.cache.Stats()
	if n := after.Hits + after.Misses - before.Hits - before.Misses; n > 2*2000*12/10+2000/5 {
		t.Errorf("for 2,000 keys in AVET and EAVT a leaf was looked into %d times", n)
	}
}
