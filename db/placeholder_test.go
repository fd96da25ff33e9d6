package db

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
)

// shortLog has one epoch, whose slots are shortened.
var shortLog = logSizes{chunk: 1000, fan: 2, epoch: 1 << 10, kept: 1}

// shortened returns a database of 20 transactions, most of whose slots hold placeholders, and those slots.
func shortened(t *testing.T) (store *mem.Store, conn *Conn, slots []string) {
	t.Helper()
	store = mem.New()
	conn = openConn(t, store, Options{log: shortLog})
	for i := range 20 {
		commit(t, conn, mark("x"))
		if i == 6 || i == 15 {
			indexNow(t, conn)
		}
	}
	done := sweepAll(t, conn)
	for seq := 1; seq <= conn.head.Load().seq; seq++ {
		if r, err := decodeRecord(valueOf(t, store, conn.log.slot(seq))); err != nil {
			t.Fatal(err)
		} else if _, short, _ := r.placeholder(); short {
			slots = append(slots, conn.log.slot(seq))
		}
	}
	if len(slots) < 10 || done.Slots != len(slots) || done.Bytes == 0 {
		t.Fatalf("%d slots hold placeholders, and the collection tells %+v", len(slots), done)
	}
	return store, conn, slots
}

func indexNow(t *testing.T, conn *Conn) {
	t.Helper()
	if err := conn.Index(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func valueOf(t *testing.T, store storage.Store, key string) []byte {
	t.Helper()
	b, err := store.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestShortenedSlotsAreRead reads all that reads the log where most slots hold placeholders, also who knows no chunks that have their records.
func TestShortenedSlotsAreRead(t *testing.T) {
	store := mem.New()
	conn := openConn(t, store, Options{log: shortLog})
	commit(t, conn, mark("x"))
	peer := openConn(t, unwatched{store}, Options{ReadOnly: true, log: shortLog})
	kept := conn.head.Load().chain(conn.log)
	for i := range 20 {
		commit(t, conn, mark("x"))
		if i == 7 || i == 15 {
			indexNow(t, conn)
			sweepAll(t, conn)
		}
	}
	snap, err := peer.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, conn.Snapshot(), snap)
	for _, c := range []*Conn{conn, peer, openConn(t, store, Options{log: shortLog})} {
		last := T(0)
		for rep := range takeReports(t, c, 0, 21) {
			if rep.T <= last {
				t.Errorf("%s after %s", rep.T, last)
			}
			last = rep.T
		}
		for v, err := range c.Verify(t.Context(), kept) {
			if err != nil {
				t.Fatal(v, err)
			}
		}
	}
	if status, _, err := peer.TxStatus(t.Context(), OutcomeID{Seq: 3}); status != NotCommitted || err != nil {
		t.Errorf("another record in a shortened slot is %s, %v", status, err)
	}
	backups := mem.New()
	b, err := conn.Backup(t.Context(), backups, nil)
	if err != nil {
		t.Fatal(err)
	}
	for v, err := range VerifyBackup(t.Context(), backups, b, kept) {
		if err != nil {
			t.Fatal(v, err)
		}
	}
	again := sweepAll(t, conn)
	if dry, err := conn.Collect(t.Context(), CollectOptions{DryRun: true}); again.Slots != 0 || dry.Slots != 0 || err != nil {
		t.Errorf("slots are shortened again: %+v, %+v, %v", again, dry, err)
	}
}

// TestAWriterThatStalledBeforeItsSlotWasShortened has a writer ask for a slot that others fill and shorten in the meantime, or that it has filled
// itself before: its transaction is committed once.
func TestAWriterThatStalledBeforeItsSlotWasShortened(t *testing.T) {
	for _, afterwards := range []bool{false, true} {
		for _, guarded := range []bool{false, true} {
			t.Run(fmt.Sprint("afterwards ", afterwards, ", guarded ", guarded), func(t *testing.T) {
				testShortened(t, afterwards, guarded)
			})
		}
	}
}

func testShortened(t *testing.T, afterwards, guarded bool) {
	inner, o := mem.New(), Options{log: shortLog}
	s, conn, other := openHeldUp(t, inner, o, afterwards, guarded)
	slot := conn.log.slot(conn.head.Load().seq + 1)
	s.meanwhile = func() {
		for range 3 {
			commit(t, other, mark("other"))
		}
		indexNow(t, other)
		sweepAll(t, other)
	}
	s.armed.Store(true)
	rep := commit(t, conn, mark("stalled"))
	if r, err := decodeRecord(valueOf(t, inner, slot)); err != nil || r.sections[0].kind != sectionRolled {
		t.Errorf("the slot does not hold a placeholder: %+v, %v", r, err)
	}
	for _, c := range []*Conn{conn, other, openConn(t, inner, o)} {
		if _, err := c.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if m := marks(t, c.Snapshot()); m["other"] != 8 || m["stalled"] != 1 {
			t.Errorf("%d others, %d stalled", m["other"], m["stalled"])
		}
	}
	if early := rep.T < other.Snapshot().T(); early != afterwards {
		t.Errorf("the transaction is early: %v", early)
	}
}

// TestAShorteningBehindATrim puts placeholders into slots that were trimmed since they were found: none of them stays.
func TestAShorteningBehindATrim(t *testing.T) {
	ctx, store := t.Context(), mem.New()
	conn := openConn(t, store, Options{log: smallLog})
	for range 6 {
		commit(t, conn, mark("x"))
	}
	indexNow(t, conn)
	r, err := conn.log.newestRoot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	short, err := newShortening(ctx, conn.log, r, func(context.Context) error { return nil })
	if err != nil || len(short.items) == 0 || short.bytes <= 0 {
		t.Fatalf("%+v, %v", short, err)
	}
	for range 6 {
		commit(t, conn, mark("x"))
	}
	indexNow(t, conn)
	if err := short.put(ctx); err != nil {
		t.Fatal(err)
	}
	for _, item := range short.items {
		if b, err := store.Get(ctx, item.Key); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("%s holds %d bytes, %v", item.Key, len(b), err)
		}
	}
}

// TestPlaceholdersOfNothing sees that a placeholder is damage where no chunk has its record, or has another one.
func TestPlaceholdersOfNothing(t *testing.T) {
	store, conn, slots := shortened(t)
	last := conn.head.Load().seq
	r, err := conn.log.inSlot(t.Context(), last)
	if err != nil {
		t.Fatal(err)
	}
	sixth, fifth := *r, *r
	sixth.seq, fifth.seq = 6, 5
	for _, c := range []struct {
		key   string
		value *record
		text  string
	}{
		{conn.log.slot(last), placeholderOf(r), "the record is said to be in the chunks of the log, and is not"},
		{slots[4], placeholderOf(&sixth), "the record is that of slot 6"},
		{slots[4], placeholderOf(&fifth), "the record is not the one in the chunks of the log"},
	} {
		was := valueOf(t, store, c.key)
		if err := store.Put(t.Context(), storage.Item{Key: c.key, Value: c.value.encode()}); err != nil {
			t.Fatal(err)
		}
		v, err := verification(t, store)
		if !errors.Is(err, ErrCorrupt) || len(v.Damages) != 1 || v.Damages[0].Key != c.key || v.Damages[0].Why != "store is damaged: "+c.text {
			t.Errorf("%v, %+v", err, v.Damages)
		}
		if err := store.Put(t.Context(), storage.Item{Key: c.key, Value: was}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := verification(t, store); err != nil {
		t.Error(err)
	}
}

// TestPlaceholdersTakeANewReader sees that a program which knows no placeholders is told so by the first number of one, and decodes none that is damaged.
func TestPlaceholdersTakeANewReader(t *testing.T) {
	r := sampleRecord()
	r.encode()
	b := placeholderOf(r).encode()
	if b[len(magic)] != placeholderVersion {
		t.Errorf("%x", b)
	}
	got, err := decodeRecord(b)
	if err != nil {
		t.Fatal(err)
	}
	of, ok, err := got.placeholder()
	if of != r.hash || !ok || err != nil || got.seq != r.seq || got.prev != r.prev || got.nonce != r.nonce {
		t.Errorf("%+v, %v, %v", got, ok, err)
	}
	for _, n := range []int{0, 31, 33} {
		got.sections[0].content = bytes.Repeat([]byte{1}, n)
		if _, ok, err := got.placeholder(); ok || !errors.Is(err, ErrCorrupt) {
			t.Errorf("a hash of %d bytes: %v, %v", n, ok, err)
		}
	}
	if _, err := got.bodies(); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a placeholder has transactions: %v", err)
	}
}
