package datolite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/datolite/datolite"
	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/tx"
)

// TestAFolderIsOpenedAgain writes, closes, and reads from another Conn what was written.
func TestAFolderIsOpenedAgain(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "people")
	var last db.T
	for range 3 {
		conn, err := datolite.Open(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		if conn.Snapshot().T() != last {
			t.Error("opened at", conn.Snapshot(), "and closed at", last)
		}
		rep, err := tx.Transact(ctx, conn, tx.Map{"db/doc": "x"})
		if err != nil {
			t.Fatal(err)
		}
		last = rep.T
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestALockedFolder has nobody wait for ever for a folder that somebody else has open.
func TestALockedFolder(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for two seconds")
	}
	ctx, path := context.Background(), "people"
	t.Chdir(t.TempDir())
	conn, err := datolite.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = datolite.Open(ctx, path)
	const want = "bolt: people is locked by another process (gave up after 2s); a bbolt store serves one process: see storage/remote"
	if !errors.Is(err, storage.ErrLocked) || err.Error() != want || db.CategoryOf(err) != db.Unavailable {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestWhatOpenRefuses(t *testing.T) {
	ctx, folder := context.Background(), t.TempDir()
	if _, err := datolite.Open(ctx, "", db.Options{}, db.Options{}); err == nil {
		t.Error("two Options are not refused")
	}
	if _, err := datolite.Open(ctx, folder, db.Options{Name: "?"}); !errors.Is(err, db.ErrName) {
		t.Error(err)
	}
	conn, err := datolite.Open(ctx, folder) // the refusal closed the files
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := datolite.Open(ctx, file); err == nil {
		t.Error("a file is opened as a folder")
	}
}
