package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
)

// backUp makes a backup.
func backUp(t testing.TB, conn *Conn, to storage.Store) Backup {
	t.Helper()
	b, err := conn.Backup(context.Background(), to, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// restoreAs restores a backup, and opens what that made.
func restoreAs(t testing.TB, from storage.Store, b Backup, to storage.Store, name string, o Options) *Conn {
	t.Helper()
	made, err := Restore(context.Background(), from, b, to, RestoreOptions{Name: name, log: o.log})
	if err != nil {
		t.Fatal(err)
	}
	o.Name = name
	conn := openConn(t, to, o)
	if conn.log.dbid != made.ID {
		t.Errorf("%s is open, and %+v was restored", conn.log.dbid, made)
	}
	return conn
}

// sameRecords compares the records of a log up to one with those of another: their hashes, and that of all transactions.
func sameRecords(t testing.TB, want, got *Conn, upto int) {
	t.Helper()
	for seq := 1; seq <= upto; seq++ {
		w, err := want.log.read(context.Background(), seq)
		if err != nil {
			t.Fatal(err)
		}
		g, err := got.log.read(context.Background(), seq)
		if err != nil || w.hash != g.hash {
			t.Fatalf("record %d: %v", seq, err)
		}
	}
}

// TestABackupIsRestored backs up what was indexed, trimmed and collected now and then, and some behind that, and restores each backup.
func TestABackupIsRestored(t *testing.T) {
	conn, target := openConn(t, mem.New(), smallParts), mem.New()
	var backups []Backup
	var held []*Snapshot
	for n := range 5 {
		if n > 0 {
			grow(t, conn, 2)
			commit(t, conn, mark("behind"))
			commit(t, conn, raise)
		}
		backups, held = append(backups, backUp(t, conn, target)), append(held, conn.Snapshot())
		if n%2 == 1 {
			sweepAll(t, conn)
		}
	}
	for i, b := range backups {
		if b.T != held[i].T() {
			t.Errorf("%+v of %s", b, held[i])
		}
		again := restoreAs(t, target, b, mem.New(), "again", smallParts)
		same(t, held[i], again.Snapshot())
		sameRecords(t, conn, again, b.Records)
		for v, err := range again.Verify(t.Context(), b.Chain) {
			if err != nil {
				t.Error(v, err)
			}
		}
		grow(t, again, 2)
		sweepAll(t, again)
		grow(t, again, 1)
		for _, err := range again.Verify(t.Context()) {
			if err != nil {
				t.Error(err)
			}
		}
	}
}

// TestABackupCopiesWhatIsNew counts what the second backup to a store copies, and the third behind an index.
func TestABackupCopiesWhatIsNew(t *testing.T) {
	conn, target := openConn(t, mem.New(), smallParts), mem.New()
	grow(t, conn, 6)
	first := backUp(t, conn, target)
	var done Copy
	told := func(c Copy) { done = c }
	commit(t, conn, mark("x"))
	second, err := conn.Backup(t.Context(), target, told)
	if want := second.Records - first.Records; err != nil || done.Segments != 0 || done.Kept == 0 || done.Records != want || want > 3 || done.Bytes > 2000 {
		t.Errorf("%+v of %d, %v", done, want, err)
	}
	if err := conn.Index(t.Context()); err != nil {
		t.Fatal(err)
	}
	there, err := target.List(t.Context(), conn.log.dbid+"/seg/", "", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	fresh := slices.DeleteFunc(reachedFrom(t, conn), func(key string) bool { return slices.Contains(there, key) })
	if _, err := conn.Backup(t.Context(), target, told); err != nil || done.Segments != len(fresh) || done.Segments == 0 || 2*done.Segments > len(there) {
		t.Errorf("%+v of %d, and %d were there: %v", done, len(fresh), len(there), err)
	}
}

// TestBackupsAreRefused makes backups that cannot be, and asks for some that are not there.
func TestBackupsAreRefused(t *testing.T) {
	ctx, store, target := t.Context(), mem.New(), mem.New()
	conn := openConn(t, store, Options{})
	grow(t, conn, 1)
	dbid := conn.log.dbid
	_, err := conn.Backup(ctx, store, nil)
	wantError(t, err, ErrTaken, "db: name is taken: the store has the database itself, as main")
	_, err = openConn(t, store, Options{ReadOnly: true}).Backup(ctx, target, nil)
	wantError(t, err, ErrReadOnly, "db: database is open for reading only")
	b := backUp(t, conn, target)
	_, err = Restore(ctx, target, b, store, RestoreOptions{})
	wantError(t, err, ErrTaken, "db: name is taken: main")
	_, err = Restore(ctx, target, b, store, RestoreOptions{Name: "Main"})
	wantError(t, err, ErrName, `db: not a name for a database: "Main" (a name has 1 to 64 of a-z 0-9 _ . -)`)
	other := b
	other.Records++
	_, err = Restore(ctx, target, other, store, RestoreOptions{Name: "copy"})
	wantError(t, err, ErrNoBackup, fmt.Sprintf("db: no such backup: of the database %s at record %d with hash %s", dbid, other.Records, b.Hash))
	for _, err := range VerifyBackup(ctx, store, b) {
		if !errors.Is(err, ErrNoBackup) {
			t.Error(err)
		}
	}
	twin := openConn(t, copied(t, store, dbid), Options{}) // somebody copied the files
	grow(t, conn, 1)
	grow(t, twin, 2)
	again := backUp(t, conn, target)
	_, err = twin.Backup(ctx, target, nil)
	wantError(t, err, ErrDiverged, fmt.Sprintf("db: backups are of another course of the database: the newest, of record %d with hash %s, is none of this one",
		again.Records, again.Hash))
	provesBackup(t, target, b)
	provesBackup(t, target, again)
	if err := Drop(ctx, store, "main"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Backup(ctx, target, nil); !errors.Is(err, ErrDropped) {
		t.Error(err)
	}
	made, err := Restore(ctx, target, b, store, RestoreOptions{})
	if err != nil || made.Name != "main" || made.ID == dbid || made.Origin != dbid {
		t.Error(made, err)
	}
}

// TestABackupExpires has a backup stand still until its hold is over, and what it copies is collected.
func TestABackupExpires(t *testing.T) {
	var now atomic.Int64
	o := smallParts
	o.apart = true
	o.Clock = func() time.Time { return epoch.Add(time.Duration(now.Load())) }
	store, target := mem.New(), mem.New()
	conn := openConn(t, store, o)
	grow(t, conn, 2)
	peer := openConn(t, store, o)
	stands := &halting{Store: target, still: func() {
		now.Add(int64(2 * time.Hour))
		grow(t, peer, 1)
		sweepAll(t, peer)
	}}
	if _, err := conn.Backup(t.Context(), stands, nil); !errors.Is(err, ErrExpired) {
		t.Error(err)
	}
	provesBackup(t, target, backUp(t, conn, target))
}

// A halting store has who asks for its segments stand still once.
type halting struct {
	storage.Store
	still func()
}

func (s *halting) List(ctx context.Context, prefix, after string, limit int) ([]string, error) {
	if still := s.still; strings.Contains(prefix, "/seg/") && still != nil {
		s.still = nil
		still()
	}
	return s.Store.List(ctx, prefix, after, limit)
}
