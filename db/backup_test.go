package db

import (
	"context"
	"testing"

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
