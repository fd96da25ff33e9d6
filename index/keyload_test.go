package index

import (
	"context"
	"fmt"
	"runtime"
	"runtime/metrics"
	"testing"
)

// A keyload is a database of entities with a unique value of 32 random bytes each, which is loaded as a writer would: each value is
// looked for first, and what lies in runs is indexed when it is enough.
type keyload struct {
	*shelf
	cache *Cache
	sizes Sizes
	l     Levels
	n     int // facts
	jobs  int
	wrote int // facts in the levels that were made
}

const keyAttr = 100

func isKey(a ID) bool { return a == keyAttr }

// load adds so many facts, a thousand to a transaction, and indexes after each part.
func (k *keyload) load(t testing.TB, facts, part int, look bool) {
	t.Helper()
	for until := k.n + facts; k.n < until; {
		var commit []Fact
		tx := TxID(T(1000 + k.n/1000))
		for range 1000 {
			f := Fact{E: NewID(PartUser, T(1000+k.n)), A: keyAttr, V: contentHash(k.n), Tx: tx}
			if look {
				if batch, err := k.l.Scan(t.Context(), AVET, Prefix(2, f), now).Next(); batch != nil || err != nil {
					t.Fatal(batch, err)
				}
			}
			commit = append(commit, f)
			k.n++
		}
		k.l = k.l.Push(NewRun(commit, peopleAttrs{}))
		if k.l.Tail() >= part {
			k.index(t, tx)
		}
	}
}

func (k *keyload) index(t testing.TB, newest ID) {
	t.Helper()
	k.job = fmt.Sprint(k.jobs)
	k.jobs++
	levels, err := k.l.Grown(t.Context(), Growth{Newest: newest, To: k, From: k, Cache: k.cache, Sizes: k.sizes, Unique: isKey})
	if err != nil {
		t.Fatal(err)
	}
	k.wrote += levels[0].size()
	k.l = k.l.Over(levels...)
	k.sweep()
}

// sweep takes away the segments that no level leads to.
func (k *keyload) sweep() {
	live := map[SegmentName][]byte{}
	for _, l := range k.l.stored {
		for p := range l.Parts(context.Background(), nil) {
			live[p.Name] = k.segments[p.Name]
		}
	}
	k.segments = live
}

func newKeyload(sizes Sizes) *keyload {
	return &keyload{shelf: newShelf(), cache: NewCache(256 << 20), sizes: sizes}
}

// BenchmarkRandomKeys opens databases of several sizes, and loads facts with random unique values into them, 256k facts to a job.
func BenchmarkRandomKeys(b *testing.B) {
	for _, million := range []int{1, 10} {
		k := newKeyload(Sizes{})
		k.load(b, million*1_000_000, 1_000_000, false)
		b.Run(fmt.Sprintf("%dM/open", million), func(b *testing.B) { k.benchOpen(b) })
		b.Run(fmt.Sprintf("%dM/load", million), func(b *testing.B) { k.benchLoad(b) })
	}
}

// benchOpen opens the database, and looks for ten keys.
func (k *keyload) benchOpen(b *testing.B) {
	roots, held, before := k.roots(), 0, k.loads
	for b.Loop() {
		with := heap()
		l := decoded(b, roots, k.shelf)
		k.find(b, l)
		held = heap() - with
		runtime.KeepAlive(l)
	}
	b.ReportMetric(float64(held)/1024, "KB-held")
	b.ReportMetric(float64(k.loads-before)/float64(b.N), "segments/op")
}

// benchLoad adds a million facts.
func (k *keyload) benchLoad(b *testing.B) {
	before, wrote, n := k.loads, k.wrote, 0
	for b.Loop() {
		k.load(b, 1024*1000, 256<<10, true)
		n += 1024 * 1000
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "facts/s")
	b.ReportMetric(float64(k.wrote-wrote)/float64(n), "written/fact")
	b.ReportMetric(float64(k.loads-before)/float64(n), "loads/fact")
	b.ReportMetric(float64(len(k.l.stored)), "levels")
}

// roots returns what it takes to open the levels in the store.
func (k *keyload) roots() (roots [][]byte) {
	for _, l := range k.l.stored {
		roots = append(roots, l.Encode(nil))
	}
	return roots
}

// find looks for ten keys.
func (k *keyload) find(t testing.TB, l Levels) {
	t.Helper()
	for n := range 10 {
		if n := drain(t, l.Scan(t.Context(), AVET, Prefix(2, Fact{A: keyAttr, V: contentHash(n * k.n / 10)}), now)); n != 1 {
			t.Fatalf("a value is there %d times", n)
		}
	}
}

// TestOpeningALargerLevelReadsNoMore opens databases of two sizes and looks for the same number of keys in each: how many segments are
// read, and how large what is held of them is, depends on the keys and not on the size.
func TestOpeningALargerLevelReadsNoMore(t *testing.T) {
	sizes := Sizes{Leaf: 256, Block: 64, Level: 4000, Ratio: 8}
	var loads, bytes [2]int
	for i, facts := range []int{10_000, 100_000} {
		k := newKeyload(sizes)
		k.load(t, facts, 10_000, false)
		roots := k.roots()
		k.loads = 0
		l := decoded(t, roots, k.shelf)
		if k.loads > 0 {
			t.Errorf("opening read %d segments", k.loads)
		}
		k.find(t, l)
		loads[i] = k.loads
		for _, root := range roots {
			bytes[i] += len(root)
		}
	}
	t.Logf("%d and %d segments were read for 10 keys, and %d and %d bytes of levels", loads[0], loads[1], bytes[0], bytes[1])
	if loads[1] > 2*loads[0] || bytes[1] > 4*bytes[0] {
		t.Errorf("a database ten times as large reads %d segments in the place of %d, for %d bytes of levels in the place of %d",
			loads[1], loads[0], bytes[1], bytes[0])
	}
}

// scanned returns how many bytes of the heap the collector has to look through.
func scanned() int {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/gc/scan/heap:bytes"}}
	metrics.Read(sample)
	return int(sample[0].Value.Uint64())
}

// TestTheCollectorSkipsWhatIsCached reads all of a database into the cache.
func TestTheCollectorSkipsWhatIsCached(t *testing.T) {
	k := newKeyload(Sizes{})
	k.load(t, 100_000, 100_000, false)
	before := scanned()
	for o := EAVT; o <= AVET; o++ {
		drain(t, k.l.Scan(t.Context(), o, All, now))
	}
	more, held := scanned()-before, k.cache.Stats().Bytes
	runtime.KeepAlive(k)
	t.Logf("%d KB are cached, and the collector scans %d KB more", held>>10, more>>10)
	if held < 5<<20 || more > held/100 {
		t.Errorf("of %d bytes that are cached the collector scans %d", held, more)
	}
}
