package db

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/bolt"
	"github.com/datolite/datolite/storage/mem"
)

// smallLog has epochs of four slots, and shortens the smallest.
var smallLog = logSizes{chunk: 1000, fan: 2, epoch: 4, kept: 1}

// A heldUp store holds up one Create of a slot while something else happens. It is not Guarded.
type heldUp struct {
	storage.Store
	armed      atomic.Bool
	meanwhile  func()
	afterwards bool // the Create is made before, and its answer is lost
}

func (s *heldUp) Create(ctx context.Context, key string, value []byte) error {
	if !strings.Contains(key, "/log/") || !s.armed.Swap(false) {
		return s.Store.Create(ctx, key, value)
	}
	if !s.afterwards {
		s.meanwhile()
		return s.Store.Create(ctx, key, value)
	}
	_ = s.Store.Create(ctx, key, value)
	s.meanwhile()
	return &storage.Error{Op: "create", Key: key, Err: storage.ErrUnknown}
}

// A guardedHeldUp store does the same, and is Guarded.
type guardedHeldUp struct{ *heldUp }

func (s guardedHeldUp) CreateUnless(ctx context.Context, key string, value []byte, guard string) error {
	inner := s.Store.(storage.Guarded)
	if !s.armed.Swap(false) {
		return inner.CreateUnless(ctx, key, value, guard)
	}
	if !s.afterwards {
		s.meanwhile()
		return inner.CreateUnless(ctx, key, value, guard)
	}
	_ = inner.CreateUnless(ctx, key, value, guard)
	s.meanwhile()
	return &storage.Error{Op: "create", Key: key, Err: storage.ErrUnknown}
}

// TestAWriterThatStalledBeforeATrim has a writer ask for a slot that others fill and trim in the meantime: nobody takes its record for
// committed, and its transaction is committed behind all others, once. If its record was there before, that is found in the chunks.
func TestAWriterThatStalledBeforeATrim(t *testing.T) {
	for _, afterwards := range []bool{false, true} {
		for _, guarded := range []bool{false, true} {
			for _, large := range []bool{false, true} {
				t.Run(fmt.Sprint("afterwards ", afterwards, ", guarded ", guarded, ", large ", large), func(t *testing.T) {
					testStalled(t, afterwards, guarded, large)
				})
			}
		}
	}
}

// openHeldUp opens a database twice: by a writer who is held up, and by another one, who has written before.
func openHeldUp(t *testing.T, inner storage.Store, o Options, afterwards, guarded bool) (s *heldUp, conn, other *Conn) {
	t.Helper()
	other = openConn(t, inner, o)
	for range 5 {
		commit(t, other, mark("other"))
	}
	s = &heldUp{Store: inner, afterwards: afterwards}
	store := storage.Store(s)
	if guarded {
		store = guardedHeldUp{s}
	}
	return s, openConn(t, store, o), other
}

func testStalled(t *testing.T, afterwards, guarded, large bool) {
	inner := storage.Store(mem.New())
	if large {
		inner = small{inner}
		guarded = false
	}
	o := Options{log: smallLog}
	s, conn, other := openHeldUp(t, inner, o, afterwards, guarded)
	s.meanwhile = func() {
		for range 9 {
			commit(t, other, mark("other"))
		}
		if err := other.Index(t.Context()); err != nil {
			t.Error(err)
		}
	}
	s.armed.Store(true)
	text := "stalled"
	if large {
		text = strings.Repeat("stalled", 1000)
	}
	rep := commit(t, conn, mark(text))
	again := openConn(t, inner, o)
	for _, c := range []*Conn{conn, other, again} {
		if _, err := c.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if m := marks(t, c.Snapshot()); m["other"] != 14 || m[text] != 1 {
			t.Errorf("%d others, %d stalled", m["other"], m[text])
		}
	}
	if early := rep.T < other.Snapshot().T(); early != afterwards {
		t.Errorf("the transaction is early: %v", early)
	}
	slots, err := inner.List(t.Context(), conn.log.dbid+"/log/", "", 1000)
	if err != nil || slots[0] < conn.log.slot(12) {
		t.Errorf("slots from %s on, %v", slots[0], err)
	}
	for chain, err := range conn.Verify(t.Context()) {
		if err != nil {
			t.Fatal(chain, err)
		}
	}
}

// TestAFollowerBehindATrim has a follower that looked away while slots were trimmed, with a stray in the next one: it is told of every
// transaction, in order, and never of the stray.
func TestAFollowerBehindATrim(t *testing.T) {
	store := mem.New()
	o := Options{log: smallLog}
	conn := openConn(t, store, o)
	commit(t, conn, mark("x"))
	peer := openConn(t, unwatched{store}, Options{ReadOnly: true, log: smallLog})
	before := peer.head.Load()
	for range 20 {
		commit(t, conn, mark("x"))
	}
	if err := conn.Index(t.Context()); err != nil {
		t.Fatal(err)
	}
	if peer.head.Load() != before { // it was slow to look the first time, and has seen them before they were trimmed
		TestAFollowerBehindATrim(t)
		return
	}
	stray := &record{reader: 1, writer: 1, seq: before.seq + 1, prev: before.hash}
	if err := store.Create(t.Context(), conn.log.slot(stray.seq), stray.encode()); err != nil {
		t.Fatal(err)
	}
	snap, err := peer.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, conn.Snapshot(), snap)
	if peer.head.Load().beyond == 0 {
		t.Error("the follower did not re-base")
	}
	n, last := 0, T(0)
	for rep := range takeReports(t, peer, 0, 21) {
		if rep.T <= last {
			t.Errorf("%s after %s", rep.T, last)
		}
		n, last = n+1, rep.T
	}
	if status, _, err := peer.TxStatus(t.Context(), OutcomeID{Seq: stray.seq, Nonce: stray.nonce}); status != NotCommitted || err != nil {
		t.Errorf("the stray is %s, %v", status, err)
	}
	commit(t, conn, mark("x"))
	for range 3 * smallLog.epoch {
		commit(t, conn, mark("x"))
	}
	if err := conn.Index(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Get(t.Context(), conn.log.slot(stray.seq)); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("the stray was not trimmed: %v", err)
	}
}

// TestADropOfATrimmedLog ends a log whose first slots are gone.
func TestADropOfATrimmedLog(t *testing.T) {
	store := mem.New()
	conn := openConn(t, store, Options{})
	for range epochSlots + 10 {
		commit(t, conn, mark("x"))
	}
	if err := conn.Index(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Get(t.Context(), conn.log.slot(1)); !errors.Is(err, storage.ErrNotFound) {
		t.Fatalf("nothing was trimmed: %v", err)
	}
	if err := Drop(t.Context(), store, "main"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Commit(t.Context(), mark("x")); !errors.Is(err, ErrDropped) {
		t.Errorf("%v", err)
	}
}

// A getCounter is a store in a folder that counts what is read of it.
type getCounter struct {
	*bolt.Store
	gets atomic.Int32
}

func (g *getCounter) Get(ctx context.Context, key string) ([]byte, error) {
	g.gets.Add(1)
	return g.Store.Get(ctx, key)
}

// TestCommitsInAFolderReadNothing commits, and is refused, where nobody else can trim.
func TestCommitsInAFolderReadNothing(t *testing.T) {
	inner, err := bolt.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	store := &getCounter{Store: inner}
	conn := openConn(t, store, Options{})
	t.Cleanup(func() { _ = inner.Close() })
	commit(t, conn, mark("x"))
	before := store.gets.Load()
	for range 20 {
		commit(t, conn, mark("x"))
	}
	refusal := errors.New("no")
	if _, err := conn.Commit(t.Context(), func(context.Context, *Snapshot) (*Report, error) { return nil, refusal }); !errors.Is(err, refusal) {
		t.Error(err)
	}
	if n := store.gets.Load() - before; n != 0 {
		t.Errorf("%d reads", n)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}
