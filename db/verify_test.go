package db

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
)

// verify returns the chain that Verify yields at last.
func verify(store storage.Store, kept ...Chain) (chain Chain, err error) {
	var v Verification
	for v, err = range Verify(context.Background(), store, "", kept...) {
	}
	return v.Chain, err
}

// A changed store is a store with some other values; nil is none.
type changed struct {
	storage.Store
	values map[string][]byte
}

func (c changed) Get(ctx context.Context, key string) ([]byte, error) {
	value, ok := c.values[key]
	switch {
	case !ok:
		return c.Store.Get(ctx, key)
	case value == nil:
		return nil, &storage.Error{Op: "get", Key: key, Err: storage.ErrNotFound}
	}
	return bytes.Clone(value), nil
}

func (c changed) List(ctx context.Context, prefix, after string, limit int) ([]string, error) {
	all, err := c.Store.List(ctx, prefix, "", 1<<20)
	keys := map[string]bool{}
	for _, key := range all {
		keys[key] = true
	}
	for key, value := range c.values {
		keys[key] = value != nil && strings.HasPrefix(key, prefix)
	}
	maps.DeleteFunc(keys, func(key string, there bool) bool { return !there || key <= after })
	sorted := slices.Sorted(maps.Keys(keys))
	return sorted[:min(limit, len(sorted))], err
}

// A tampering is a database whose log is altered in every way.
type tampering struct {
	t      *testing.T
	store  storage.Store
	conn   *Conn
	values map[string][]byte // of all keys of the database, and its name
	slots  []string          // in order
	whole  Chain
	tried  int
	missed int
}

// newTampering returns a database of records with one transaction, with several, and one that lies elsewhere.
func newTampering(t *testing.T) *tampering {
	store := small{mem.New()}
	conn := openConn(t, store, Options{})
	commit(t, conn, mark("one"))
	commit(t, conn, mark(strings.Repeat("long ", 250)))
	for range 3 {
		commit(t, conn, raise)
	}
	a := &tampering{t: t, store: store, conn: conn, values: map[string][]byte{}}
	keys, err := store.List(context.Background(), "", "", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if strings.Contains(key, "/client/") {
			continue
		}
		a.values[key], _ = store.Get(context.Background(), key)
		if strings.Contains(key, "/log/") {
			a.slots = append(a.slots, key)
		}
	}
	if a.whole, err = verify(store); err != nil || len(a.slots) != 5 || len(a.values) != 9 {
		t.Fatal(err, keys)
	}
	return a
}

// finds checks that the store with other values is not taken for the one that was, and that the error names a key of it.
func (a *tampering) finds(what string, values map[string][]byte, kept ...Chain) {
	a.t.Helper()
	a.tried++
	chain, err := verify(changed{a.store, values}, kept...)
	place := (*StoreError)(nil)
	if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrFormat) || !errors.As(err, &place) || !strings.Contains(place.Key, "/") {
		if a.missed++; a.missed < 10 {
			a.t.Errorf("%s is not found: %v, %v", what, chain, err)
		}
	}
}

// TestVerifyFindsEveryChange alters the log in every way that one can alter it in one place, and some in several.
func TestVerifyFindsEveryChange(t *testing.T) {
	a := newTampering(t)
	for key, value := range a.values {
		for i := range value {
			for bit := range 8 {
				if testing.Short() && bit != i%8 {
					continue
				}
				flipped := bytes.Clone(value)
				flipped[i] ^= 1 << bit
				a.finds(fmt.Sprintf("bit %d of byte %d of %s flipped", bit, i, key), map[string][]byte{key: flipped})
			}
			if !isDBID(string(value[:i])) { // a name may come without its sum
				a.finds(fmt.Sprintf("%s cut to %d bytes", key, i), map[string][]byte{key: value[:i]})
			}
		}
		a.finds("a byte more of "+key, map[string][]byte{key: append(bytes.Clone(value), 0)})
		for other, foreign := range a.values {
			if other != key {
				a.finds(key+" swapped with "+other, map[string][]byte{key: foreign, other: value})
				a.finds(other+" in the place of "+key, map[string][]byte{key: foreign})
			}
		}
	}
	a.dropAndInsert()
	a.forge()
	t.Logf("%d changes were found", a.tried)
	if a.tried < 2_000 || a.missed > 0 {
		t.Errorf("%d of %d changes were not found", a.missed, a.tried)
	}
}

// dropAndInsert removes records, also those at the end, and adds some.
func (a *tampering) dropAndInsert() {
	last := len(a.slots) - 1
	for i, slot := range a.slots {
		if i < last {
			a.finds("without "+slot, map[string][]byte{slot: nil})
		}
		tail := map[string][]byte{}
		for _, later := range a.slots[i:] {
			tail[later] = nil
		}
		if chain, err := verify(changed{a.store, tail}); err != nil || chain.Records != i {
			a.t.Error(chain, err)
		}
		a.finds("the tail cut from "+slot, tail, a.whole)
		a.finds("a second "+slot, map[string][]byte{a.conn.log.slot(last + 2): a.values[slot]})
		a.finds("a stray "+slot, map[string][]byte{a.conn.log.slot(last + 9): a.values[slot]})
		a.finds("something beside "+slot, map[string][]byte{slot + "0": a.values[slot]})
	}
	for key := range a.values {
		if strings.Contains(key, "/body/") || strings.HasSuffix(key, "/meta") {
			a.finds("without "+key, map[string][]byte{key: nil})
		}
	}
}

// forge replaces records by others that are as good, alone and with all that follow: those only a chain that was kept tells apart.
func (a *tampering) forge() {
	first, err := decodeRecord(a.values[a.slots[0]])
	if err != nil {
		a.t.Fatal(err)
	}
	forged := map[string][]byte{}
	prev := first.prev
	for i, slot := range a.slots {
		r, err := decodeRecord(a.values[slot])
		if err != nil {
			a.t.Fatal(err)
		}
		alone := *r
		alone.nonce[0]++
		if i < len(a.slots)-1 {
			a.finds("another "+slot, map[string][]byte{slot: alone.encode()})
		} else {
			a.finds("another "+slot, map[string][]byte{slot: alone.encode()}, a.whole)
		}
		if _, elsewhere, _ := r.elsewhere(); elsewhere {
			said, _ := decodeBody(first.sections[0].content)
			took := said.commit.NextT - said.commit.T
			said.commit.T, said.commit.NextT = said.commit.T+took, said.commit.NextT+took
			r.sections = []section{{sectionTx, appendBody(nil, &said)}}
		}
		r.prev, r.nonce[1] = prev, r.nonce[1]+1
		forged[slot], prev = r.encode(), r.hash
	}
	if chain, err := verify(changed{a.store, forged}); err != nil || chain.Hash == a.whole.Hash {
		a.t.Error("the forged log is not as good:", err)
	}
	a.finds("all written anew", forged, a.whole)
}

// TestChainsThatAreKept are found again in a log that went on, as they came back from where they were kept.
func TestChainsThatAreKept(t *testing.T) {
	ctx, store := context.Background(), mem.New()
	conn := openConn(t, store, Options{})
	var kept []Chain
	for n := range 10 {
		chain, err := verify(store, kept...)
		if err != nil || chain.Records != n || chain.Transactions != n || chain.ID != conn.log.dbid {
			t.Fatal(chain, err)
		}
		b, _ := json.Marshal(chain)
		var again Chain
		if err := json.Unmarshal(b, &again); err != nil || again != chain {
			t.Fatal(again, err)
		}
		kept = append(kept, again)
		rep := commit(t, conn, raise)
		for v, failure := range conn.Verify(ctx, kept...) {
			chain, err = v.Chain, failure
		}
		stats := conn.Stats()
		if want := (Chain{conn.log.dbid, n + 1, n + 1, rep.T, int64(stats.Bytes), chain.Hash}); err != nil || chain != want {
			t.Error(cmp.Diff(want, chain), err)
		}
	}
	other := kept[3]
	other.ID = strings.Repeat("0", 32)
	_, err := verify(store, other)
	wantError(t, err, ErrCorrupt, "db: "+conn.log.dbid+"/meta: store is damaged: the chain that was kept is of another database, \""+other.ID+"\"")
	other = kept[3]
	other.Hash = kept[4].Hash
	_, err = verify(store, other)
	wantError(t, err, ErrCorrupt, "db: "+conn.log.slot(3)+": store is damaged: the record is not the one of the chain that was kept")
	other.Records = 99
	_, err = verify(store, other)
	wantError(t, err, ErrCorrupt, "db: "+conn.log.slot(99)+": store is damaged: the log ends with record 10, and had 99")
}

// TestAConnVerifiesWhatItKnows has the tail of the log cut off while the Conn is open.
func TestAConnVerifiesWhatItKnows(t *testing.T) {
	ctx, store := context.Background(), mem.New()
	conn := openConn(t, store, Options{})
	for range 3 {
		commit(t, conn, raise)
	}
	_ = store.Delete(ctx, conn.log.slot(3))
	for _, err := range conn.Verify(ctx) {
		wantError(t, err, ErrCorrupt, "db: "+conn.log.slot(3)+": store is damaged: the log ends with record 2, and had 3")
	}
}

func TestVerifyOfWhatIsNotThere(t *testing.T) {
	ctx, store := context.Background(), mem.New()
	for _, err := range Verify(ctx, store, "people") {
		wantError(t, err, ErrNoDatabase, "db: no such database: people")
	}
	conn := openConn(t, store, Options{})
	commit(t, conn, raise)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	for _, err := range Verify(ended, store, "") {
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	if err := Drop(ctx, store, "main"); err != nil {
		t.Fatal(err)
	}
	for chain, err := range conn.Verify(ctx) {
		if err != nil || chain.Records != 2 || chain.Transactions != 1 {
			t.Error(chain, err)
		}
	}
}

// TestVerifyOfALongLog yields on the way, stops where the reader does, and holds little of the log at once.
func TestVerifyOfALongLog(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a second")
	}
	ctx, store := context.Background(), mem.New()
	conn := openConn(t, store, Options{})
	const n, size = 2500, 16 << 10
	for range n {
		commit(t, conn, mark(strings.Repeat("x", size)))
	}
	weighed := &weighs{Store: store}
	before := liveHeap()
	var told []int
	for chain, err := range Verify(ctx, weighed, "") {
		if err != nil || chain.ID != conn.log.dbid {
			t.Fatal(chain, err)
		}
		told = append(told, chain.Records)
	}
	if diff := cmp.Diff([]int{1016, 2032, 2500}, told); diff != "" {
		t.Error(diff)
	}
	if weighed.most > before+16<<20 {
		t.Errorf("it holds %d MB of %d", (weighed.most-before)>>20, n*size>>20)
	}
	goroutines := runtime.NumGoroutine()
	for range Verify(ctx, store, "") {
		break
	}
	untilGoroutines(t, goroutines)
}

// A weighs store looks now and then how much memory is in use.
type weighs struct {
	storage.Store
	mu   sync.Mutex
	n    int
	most uint64
}

func (w *weighs) Get(ctx context.Context, key string) ([]byte, error) {
	w.mu.Lock()
	if w.n++; w.n%200 == 0 {
		w.most = max(w.most, liveHeap())
	}
	w.mu.Unlock()
	return w.Store.Get(ctx, key)
}

// liveHeap returns how many bytes are in use.
func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkVerify(b *testing.B) {
	store := mem.New()
	conn := openConn(b, store, Options{})
	for range 10_000 {
		commit(b, conn, five)
	}
	b.SetBytes(int64(conn.Stats().Bytes))
	b.ReportAllocs()
	for b.Loop() {
		if chain, err := verify(store); err != nil || chain.Records != 10_000 {
			b.Fatal(chain, err)
		}
	}
}
