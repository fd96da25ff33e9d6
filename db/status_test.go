package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
)

func TestOutcomeIDAsText(t *testing.T) {
	id := OutcomeID{Seq: 17, Place: 3, Nonce: [16]byte{0x9f, 15: 1}}
	const text = "17-3-9f000000000000000000000000000001"
	if again, err := ParseOutcomeID(text); id.String() != text || again != id || err != nil {
		t.Error(id, again, err)
	}
	for _, bad := range []string{"", "17", "0-3" + text[4:], "17--3" + text[4:], "17-03" + text[4:], text + "0", text[:20], "17-3-9F" + text[7:]} {
		_, err := ParseOutcomeID(bad)
		wantError(t, err, ErrOutcomeID, fmt.Sprintf("db: not the id of an outcome: %q", bad))
	}
}

// statusOf returns what a Conn tells of an outcome, as text.
func statusOf(t testing.TB, conn *Conn, id OutcomeID) string {
	t.Helper()
	status, at, err := conn.TxStatus(context.Background(), id)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(status, " ", int64(at))
}

// unknown commits to a store that does not answer until the caller is tired, and returns the id of the outcome.
func unknown(t *testing.T, conn *Conn, eval Eval) OutcomeID {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_, err := conn.Commit(ctx, eval)
	var outcome *OutcomeError
	if !errors.As(err, &outcome) || !errors.Is(err, ErrUnknownOutcome) || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	wantError(t, err, ErrUnknownOutcome, "db: outcome unknown: ask TxStatus for "+outcome.ID.String()+": context deadline exceeded")
	id, err := ParseOutcomeID(outcome.ID.String())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestStatusOfWhatArrives asks before and after a record arrives whose caller no longer waits.
func TestStatusOfWhatArrives(t *testing.T) {
	gate := make(chan struct{})
	store := &spy{Store: mem.New(), before: func(string) error { <-gate; return nil }}
	conn := openConn(t, store, Options{})
	reader := openConn(t, unwritable{store.Store}, Options{ReadOnly: true})
	id := unknown(t, conn, raise)
	if got := statusOf(t, reader, id); got != "unresolved 0" {
		t.Error(got)
	}
	close(gate)
	for _, conn := range []*Conn{conn, reader, openConn(t, store, Options{})} {
		if got := statusOf(t, conn, id); got != "committed 1000" {
			t.Error(got)
		}
	}
	id.Nonce[3]++
	if got := statusOf(t, reader, id); got != "not committed 0" {
		t.Error(got)
	}
	id.Nonce[3]--
	id.Place = 1
	if got := statusOf(t, conn, id); got != "db: not the id of an outcome: "+id.String()+": the record has 1 transactions" {
		t.Error(got)
	}
	id.Seq = 9
	if got := statusOf(t, conn, id); got != "db: not the id of an outcome: record 9 is asked for, and the newest is 1" {
		t.Error(got)
	}
}

// TestImpossibleOutcomes asks for ids that no attempt can have had.
func TestImpossibleOutcomes(t *testing.T) {
	conn := openConn(t, mem.New(), Options{})
	commit(t, conn, raise)
	e, err := conn.log.read(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []OutcomeID{{}, {Seq: -1}, {Seq: 1, Place: -1, Nonce: e.nonce}} {
		if got := statusOf(t, conn, id); got != "db: not the id of an outcome: "+id.String() {
			t.Error(got)
		}
	}
}

// A severed store no longer takes records, and does not tell.
type severed struct {
	storage.Store
	off atomic.Bool
}

func (s *severed) Create(ctx context.Context, key string, value []byte) error {
	if s.off.Load() {
		return storage.ErrUnknown
	}
	return s.Store.Create(ctx, key, value)
}

// TestStatusSettles has another process fill the slot of a transaction that never arrived: it is tried in no other.
func TestStatusSettles(t *testing.T) {
	inner := mem.New()
	store := &severed{Store: inner}
	conn, other := openConn(t, store, Options{}), openConn(t, &unwatched{inner}, Options{})
	commit(t, conn, mark("one"))
	store.off.Store(true)
	id := unknown(t, conn, mark("lost"))
	if got := statusOf(t, other, id); got != "not committed 0" {
		t.Error(got)
	}
	store.off.Store(false)
	if got := statusOf(t, conn, id); got != "not committed 0" {
		t.Error(got)
	}
	commit(t, conn, mark("two"))
	conns := []*Conn{conn, other}
	checkAll(t, inner, conns, 2, 0)
	if conn.Stats().Seq != 3 || conn.Snapshot().T() != 1002 {
		t.Error(conn.Stats())
	}
}

// TestEmptyRecords reads around records without transactions as if they were not there.
func TestEmptyRecords(t *testing.T) {
	ctx, store := context.Background(), mem.New()
	conn := openConn(t, store, Options{})
	var want []*Report
	for i := range 12 {
		if i%3 > 0 {
			want = append(want, commit(t, conn, mark(fmt.Sprint(i))))
		} else if err := conn.fill(ctx, conn.Stats().Seq+1); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.fill(ctx, conn.Stats().Seq); err != nil {
		t.Error("a slot that is filled:", err)
	}
	for _, conn := range []*Conn{conn, openConn(t, store, Options{ReadOnly: true})} {
		var ts []T
		for rep := range takeReports(t, conn, 0, len(want)) {
			same(t, want[len(ts)].After, rep.After)
			ts = append(ts, rep.T)
		}
		for i, rep := range want {
			if ts[i] != rep.T {
				t.Error(ts)
			}
			at, err := conn.At(ctx, rep.T+1)
			if i == len(want)-1 {
				at, err = conn.At(ctx, rep.T)
			}
			if err != nil || at.T() != rep.T {
				t.Error(at, err)
			}
		}
		n := 0
		for tx, err := range conn.Snapshot().TxRange(ctx, nil, nil) {
			if err != nil || tx.T != want[n].T {
				t.Error(tx, err)
			}
			n++
		}
		if n != len(want) || conn.Stats().Seq != 12 || !slices.IsSorted(conn.head.Load().firsts) {
			t.Error(n, conn.Stats(), conn.head.Load().firsts)
		}
	}
}

// takeReports yields the first n reports after t.
func takeReports(t testing.TB, conn *Conn, after T, n int) func(func(*Report) bool) {
	return func(yield func(*Report) bool) {
		for rep, err := range conn.Reports(context.Background(), after) {
			if err != nil {
				t.Fatal(err)
			}
			if n--; !yield(rep) || n == 0 {
				return
			}
		}
	}
}
