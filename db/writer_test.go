package db

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
)

// TestGroupCommit holds the first record up: what comes in the meantime is evaluated, and goes into the second one together, but for
// those that fail.
func TestGroupCommit(t *testing.T) {
	gate, first := make(chan struct{}), make(chan struct{})
	store := &spy{Store: mem.New()}
	store.before = func(string) error {
		if store.creates.Load() == 1 {
			close(first)
			<-gate
		}
		return nil
	}
	conn := openConn(t, store, Options{})
	ctx := context.Background()
	var wg sync.WaitGroup
	wg.Go(func() { commit(t, conn, raise) })
	<-first
	refusal := errors.New("no")
	var evaluated atomic.Int32
	for i := range 100 {
		wg.Go(func() {
			_, err := conn.Commit(ctx, func(ctx context.Context, before *Snapshot) (*Report, error) {
				defer evaluated.Add(1)
				if i%10 > 0 {
					return raise(ctx, before)
				}
				return nil, refusal
			})
			if (err != nil || i%10 == 0) && err != refusal {
				t.Error(err)
			}
		})
	}
	for evaluated.Load() < 100 {
		time.Sleep(time.Millisecond)
	}
	if conn.Snapshot().T() != 0 {
		t.Error("a snapshot shows what is not durable")
	}
	close(gate)
	wg.Wait()
	if n := store.creates.Load(); n != 2 || conn.Stats().Seq != 2 {
		t.Errorf("%d records for one transaction and then 100 at once", n)
	}
	if n := countOf(t, conn.Snapshot()); n != 91 {
		t.Error("count is", n)
	}
	again := openConn(t, store, Options{})
	same(t, conn.Snapshot(), again.Snapshot())
}

// law: two who write to one store make one order; nothing is lost and nothing doubled.
func TestRace(t *testing.T) {
	soak.Run(t, 1, 5, func(t *testing.T, seed int64) {
		store := mem.New()
		conns := []*Conn{openConn(t, store, Options{}), openConn(t, store, Options{})}
		var wg sync.WaitGroup
		const each = 60
		for i, conn := range conns {
			for j := range 4 {
				wg.Go(func() {
					for k := range each {
						commit(t, conn, raise)
						commit(t, conn, mark(fmt.Sprint(i, j, k)))
					}
				})
			}
		}
		wg.Wait()
		checkAll(t, store, conns, 8*each, 8*each)
	})
}

// checkAll checks that all Conns, and a new one, have the same database, with so many marks and such a count.
func checkAll(t *testing.T, store storage.Store, conns []*Conn, marked, count int) {
	t.Helper()
	want := openConn(t, store, Options{}).Snapshot()
	for _, conn := range conns {
		snap, err := conn.Sync(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		same(t, want, snap)
	}
	if n := countOf(t, want); n != count {
		t.Errorf("count is %d, and was raised %d times", n, count)
	}
	once := marks(t, want)
	for text, n := range once {
		if n != 1 {
			t.Errorf("%s is there %d times", text, n)
		}
	}
	if len(once) != marked {
		t.Errorf("%d of %d are there", len(once), marked)
	}
}

// law: whenever a caller leaves, what it is told is so.
func TestCancellation(t *testing.T) {
	soak.Run(t, 1, 4, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 2))
		store := &spy{Store: mem.New(), before: func(string) error { time.Sleep(50 * time.Microsecond); return nil }}
		conns := []*Conn{openConn(t, store, Options{}), openConn(t, store, Options{})}
		said := sync.Map{}
		var wg sync.WaitGroup
		for i := range 400 {
			conn, patience := conns[i%2], time.Duration(rng.IntN(400))*time.Microsecond
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				defer cancel()
				_, err := conn.Commit(ctx, mark(fmt.Sprint(i)))
				said.Store(fmt.Sprint(i), err)
			})
			if i%8 == 0 {
				wg.Wait()
			}
		}
		wg.Wait()
		for _, conn := range conns {
			_ = conn.Close() // until then a record may be on its way
		}
		t.Log(checkSaid(t, store, &said))
	})
}

// checkSaid compares what callers were told with what is in the store, and returns how many were told what.
func checkSaid(t *testing.T, store storage.Store, said *sync.Map) map[string]int {
	t.Helper()
	conn := openConn(t, store, Options{})
	is := marks(t, conn.Snapshot())
	kinds := map[string]int{}
	said.Range(func(text, err any) bool {
		unknown := (*OutcomeError)(nil)
		n, kind := is[text.(string)], "refused"
		switch {
		case err == nil:
			kind = "committed"
			if n != 1 {
				t.Errorf("%s was committed, and is there %d times", text, n)
			}
		case errors.As(err.(error), &unknown):
			kind = "unknown"
			if b, getErr := store.Get(context.Background(), conn.log.slot(unknown.ID.Seq)); n > 1 || getErr == nil && (n == 1) != hasNonce(b, unknown) {
				t.Errorf("%s is there %d times, against its outcome: %v", text, n, err)
			}
		case n != 0:
			t.Errorf("%s failed with %v, and is there %d times", text, err, n)
		}
		kinds[kind]++
		return true
	})
	return kinds

}

func hasNonce(b []byte, unknown *OutcomeError) bool {
	r, err := decodeRecord(b)
	return err == nil && r.nonce == unknown.ID.Nonce
}

// TestUnknownOutcomeIsSettled loses answers: of a record that is there, and of one that never came.
func TestUnknownOutcomeIsSettled(t *testing.T) {
	inner := mem.New()
	store := &spy{Store: inner}
	store.before = func(key string) error {
		if n := store.creates.Load(); n%3 == 1 {
			return storage.ErrUnknown
		}
		return nil
	}
	late := &lossy{Store: store}
	conn := openConn(t, late, Options{})
	for range 10 {
		commit(t, conn, raise)
	}
	checkAll(t, inner, []*Conn{conn}, 0, 10)
}

// A lossy store loses every other answer of a Create.
type lossy struct {
	storage.Store
	n atomic.Int32
}

func (l *lossy) Create(ctx context.Context, key string, value []byte) error {
	err := l.Store.Create(ctx, key, value)
	if l.n.Add(1)%2 == 0 && err == nil && strings.Contains(key, "/log/") {
		return storage.ErrUnknown
	}
	return err
}

// TestRefusalRestsOnTheNewest has somebody else write what the refusal depends on.
func TestRefusalRestsOnTheNewest(t *testing.T) {
	store := &spy{Store: mem.New()}
	one, two := openConn(t, &unwatched{store}, Options{}), openConn(t, &unwatched{store}, Options{})
	commit(t, one, raise)
	tooFew := errors.New("too few")
	_, err := two.Commit(context.Background(), func(ctx context.Context, before *Snapshot) (*Report, error) {
		if countOf(t, before) < 1 {
			return nil, tooFew
		}
		return raise(ctx, before)
	})
	if err != nil || countOf(t, two.Snapshot()) != 2 {
		t.Error(err)
	}
}

// An unwatched store is polled once an hour.
type unwatched struct{ storage.Store }

func (u unwatched) Limits() storage.Limits {
	limits := u.Store.Limits()
	limits.Poll = time.Hour
	return limits
}

// TestLargeRecordsLieElsewhere writes to a store that takes little in one value.
func TestLargeRecordsLieElsewhere(t *testing.T) {
	inner := mem.New()
	store := small{inner}
	conn := openConn(t, store, Options{})
	commit(t, conn, mark(strings.Repeat("x", 5000)))
	commit(t, conn, raise)
	checkAll(t, store, []*Conn{conn}, 1, 1)
	ctx := context.Background()
	keys, err := inner.List(ctx, conn.log.dbid+"/body/", "", 10)
	if err != nil || len(keys) != 6 {
		t.Error(keys, err)
	}
	if err := inner.Delete(ctx, keys[3]); err != nil {
		t.Fatal(err)
	}
	_, err = Open(ctx, store, Options{})
	wantError(t, err, ErrCorrupt, fmt.Sprintf("db: %s: store is damaged: %s is missing", conn.log.slot(1), keys[3]))
}

// TestPartsOfAnotherRecord puts in the place of a record that lies elsewhere another one that somebody might have written for the slot.
func TestPartsOfAnotherRecord(t *testing.T) {
	inner := mem.New()
	store := small{inner}
	conn := openConn(t, store, Options{})
	commit(t, conn, mark(strings.Repeat("x", 5000)))
	b, err := inner.Get(t.Context(), conn.log.slot(1))
	if err != nil {
		t.Fatal(err)
	}
	stub, _ := decodeRecord(b)
	whole, err := conn.log.whole(t.Context(), stub)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*record){"nonce": func(r *record) { r.nonce[0]++ }, "content": func(r *record) { r.sections[0].content[20] ^= 1 },
		"record before": func(r *record) { r.prev[0]++ }, "seq": func(r *record) { r.seq++ }} {
		other := *whole
		other.sections = []section{{whole.sections[0].kind, bytes.Clone(whole.sections[0].content)}}
		change(&other)
		parts := slices.Collect(slices.Chunk(other.encode(), store.Limits().Value))
		for i, part := range parts {
			key := conn.log.part(stub, i)
			if err := errors.Join(inner.Delete(t.Context(), key), inner.Put(t.Context(), storage.Item{Key: key, Value: part})); err != nil {
				t.Fatal(err)
			}
		}
		_, err = Open(t.Context(), store, Options{})
		wantError(t, err, ErrCorrupt, fmt.Sprintf("db: %s: store is damaged: %s holds another record", conn.log.slot(1), conn.log.part(stub, 0)))
		if err == nil {
			t.Error(name)
		}
	}
}

type small struct{ storage.Store }

func (s small) Limits() storage.Limits { return storage.Limits{Value: 1000, Batch: 100} }

// TestDamagedStore opens databases whose log was tampered with.
func TestDamagedStore(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		name   string
		change func(records [][]byte) [][]byte
		kind   error
		text   string // behind the key
	}{
		{"cut", func(r [][]byte) [][]byte { r[1] = r[1][:len(r[1])-9]; return r }, ErrCorrupt,
			"02: store is damaged: the record is malformed: 9 bytes missing"},
		{"flipped", func(r [][]byte) [][]byte { r[1][70] ^= 4; return r }, ErrCorrupt,
			"02: store is damaged: the hash of the record is not that of its content"},
		{"swapped", func(r [][]byte) [][]byte { r[0], r[1] = r[1], r[0]; return r }, ErrCorrupt,
			"01: store is damaged: the record is that of slot 2"},
		{"dropped", func(r [][]byte) [][]byte { r[1] = nil; return r }, ErrCorrupt,
			"02: store is damaged: a record is missing, and later ones are there"},
		{"forked", fork, ErrCorrupt, "03: store is damaged: the record does not follow the one before it"},
		{"newer", func(r [][]byte) [][]byte { r[1] = resealedFor(r[1], 5, 1); return r }, ErrFormat,
			"02: format not known to this version: the record takes a reader of version 5, and this is 4"},
	} {
		store := mem.New()
		conn := openConn(t, store, Options{})
		for range 4 {
			commit(t, conn, raise)
		}
		_, err := Open(ctx, copyWith(t, store, conn, c.change), Options{})
		wantError(t, err, c.kind, "db: "+conn.log.dbid+"/log/00000000000000"+c.text)
		var place *StoreError
		if !errors.As(err, &place) {
			t.Error(c.name, "names no key")
		}
	}
}

// fork replaces the second record by one of the same seq that somebody else might have written.
func fork(records [][]byte) [][]byte {
	r, _ := decodeRecord(records[1])
	r.nonce[0]++
	records[1] = r.encode()
	return records
}

// resealedFor returns a record that takes other versions.
func resealedFor(b []byte, reader, writer uint64) []byte {
	r, _ := decodeRecord(b)
	r.reader, r.writer = reader, writer
	return r.encode()
}

// copyWith returns a copy of a store whose log was changed.
func copyWith(t *testing.T, store storage.Store, conn *Conn, change func([][]byte) [][]byte) storage.Store {
	t.Helper()
	ctx, out := context.Background(), mem.New()
	keys, err := store.List(ctx, "", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	var records [][]byte
	for _, key := range keys {
		b, err := store.Get(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(key, conn.log.dbid+"/log/") {
			records = append(records, b)
		} else if err := out.Put(ctx, storage.Item{Key: key, Value: b}); err != nil {
			t.Fatal(err)
		}
	}
	for i, b := range change(records) {
		if b == nil {
			continue
		}
		if err := out.Put(ctx, storage.Item{Key: conn.log.slot(i + 1), Value: b}); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestRecordForNewerWriters(t *testing.T) {
	ctx, store := context.Background(), mem.New()
	conn := openConn(t, store, Options{})
	commit(t, conn, raise)
	later := openConn(t, copyWith(t, store, conn, func(r [][]byte) [][]byte { return [][]byte{resealedFor(r[0], 1, 3)} }), Options{})
	if n := countOf(t, later.Snapshot()); n != 1 {
		t.Error("it cannot be read")
	}
	_, err := later.Commit(ctx, raise)
	wantError(t, err, ErrFormat, "db: "+conn.log.slot(1)+
		": format not known to this version: the record takes writers of version 3 from there on, and this is 1")
}

func TestMetaFromTheFuture(t *testing.T) {
	ctx, store := context.Background(), mem.New()
	conn := openConn(t, store, Options{})
	b, _ := store.Get(ctx, conn.log.dbid+"/meta")
	if again, err := decodeMeta(b); err != nil || again.dbid() != conn.log.dbid {
		t.Error(err)
	}
	newer := newerMeta(b)
	_ = store.Delete(ctx, conn.log.dbid+"/meta")
	_ = store.Put(ctx, storage.Item{Key: conn.log.dbid + "/meta", Value: newer})
	_, err := Open(ctx, store, Options{})
	wantError(t, err, ErrFormat, "db: "+conn.log.dbid+
		"/meta: format not known to this version: the database has format 9, and this version reads up to 2")
	for i := range b {
		flipped := append([]byte{}, b...)
		flipped[i] ^= 1
		if _, err := decodeMeta(flipped); !errors.Is(err, ErrCorrupt) {
			t.Fatal("a flipped byte is not found:", i, err)
		}
		if _, err := decodeMeta(b[:i]); !errors.Is(err, ErrCorrupt) {
			t.Fatal("a cut is not found:", i, err)
		}
	}
}

// newerMeta returns a meta of format 9.
func newerMeta(b []byte) []byte {
	b = append([]byte{}, b[:len(b)-len(digest{})]...)
	b[len(metaMagic)] = 9
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}
