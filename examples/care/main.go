// Care does what a database needs now and then: collecting garbage, proving, backups, text, compacting. docs/care.md tells when.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/datolite/datolite"
	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/bolt"
	"github.com/datolite/datolite/tx"
)

// A Person is an entity; its tags are its schema.
type Person struct {
	Name string `datom:"person/name,identity"`
	Born int    `datom:"person/born"`
}

func main() {
	dir, err := os.MkdirTemp("", "care")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := run(context.Background(), os.Stdout, dir); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer, dir string) error {
	path := filepath.Join(dir, "people")
	backups, err := bolt.Open(ctx, filepath.Join(dir, "backups"))
	if err != nil {
		return err
	}
	defer backups.Close()
	if err := live(ctx, w, path, backups); err != nil {
		return err
	}
	if err := compact(ctx, w, path); err != nil {
		return err
	}
	if err := damage(ctx, w, path); err != nil {
		return err
	}
	store, err := bolt.Open(ctx, path)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := restore(ctx, w, store, backups); err != nil {
		return err
	}
	return dropped(ctx, w, store)
}

// live is what is done while the database is used.
func live(ctx context.Context, w io.Writer, path string, backups storage.Store) error {
	conn, err := openInJanuary(ctx, path)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := collect(ctx, w, conn); err != nil {
		return err
	}
	if err := verify(ctx, w, conn); err != nil {
		return err
	}
	if err := backup(ctx, w, conn, backups); err != nil {
		return err
	}
	return text(ctx, w, conn)
}

// openInJanuary opens a database and writes to it in each of six months, after each of which it is indexed, as happens by itself when there
// is more to index.
func openInJanuary(ctx context.Context, path string) (*db.Conn, error) {
	now := time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)
	conn, err := datolite.Open(ctx, path, db.Options{Clock: func() time.Time { return now }})
	if err != nil {
		return nil, err
	}
	if _, err := tx.Transact(ctx, conn, tx.Schema[Person]()); err != nil {
		return nil, err
	}
	for month := range 6 {
		people := make([]any, 300)
		for i := range people {
			people[i] = Person{fmt.Sprintf("person %d", i), 1900 + month}
		}
		if _, err := tx.Transact(ctx, conn, tx.Structs(people...)); err != nil {
			return nil, err
		}
		if err := conn.Index(ctx); err != nil {
			return nil, err
		}
		now = now.AddDate(0, 1, 0)
	}
	return conn, nil
}

func collect(ctx context.Context, w io.Writer, conn *db.Conn) error {
	month := db.CollectOptions{Window: 30 * 24 * time.Hour}
	would, err := conn.Collect(ctx, db.CollectOptions{Window: month.Window, DryRun: true})
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "there is garbage:", would.Segments > 0)
	done, err := conn.Collect(ctx, month)
	if err != nil {
		return err
	}
	stats := conn.Stats() // Garbage and Older are bytes, of what the last Collect deleted and of what it kept for snapshots
	fmt.Fprintln(w, "it was deleted:", done.Segments >= would.Segments, stats.Garbage > 0)
	return nil
}

func verify(ctx context.Context, w io.Writer, conn *db.Conn) error {
	var last db.Verification
	for v, err := range conn.Verify(ctx) {
		if err != nil {
			return err
		}
		last = v // keep it as JSON, to go on from after an interruption: last.Resume(ctx, store)
	}
	fmt.Fprintln(w, last.Transactions, "transactions up to", last.T, "with", last.AllFacts, "facts in the index; damages:", len(last.Damages))
	return nil
}

func backup(ctx context.Context, w io.Writer, conn *db.Conn, backups storage.Store) error {
	made, err := conn.Backup(ctx, backups, nil)
	if err != nil {
		return err
	}
	for v, err := range db.VerifyBackup(ctx, backups, made) {
		if err != nil {
			return err
		}
		fmt.Fprintln(w, "backup of", made.Name, "at", made.T, "is proved:", v.Completed)
	}
	return nil
}

func text(ctx context.Context, w io.Writer, conn *db.Conn) error {
	var file strings.Builder
	written, err := tx.ExportText(ctx, conn.Snapshot(), &file, tx.TextOptions{})
	if err != nil {
		return err
	}
	copied, err := datolite.Open(ctx, "")
	if err != nil {
		return err
	}
	defer copied.Close()
	read, err := tx.ImportText(ctx, copied, strings.NewReader(file.String()), tx.TextOptions{})
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "the copy has", read.Datoms, "datoms of", written.Datoms)
	fmt.Fprintln(w, tail(file.String(), 4))
	return nil
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[len(all)-lines:], "\n")
}

func compact(ctx context.Context, w io.Writer, path string) error {
	done, err := bolt.Compact(ctx, path, nil)
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "smaller:", done.After < done.Before)
	return nil
}

// damage deletes a segment behind the back of the database, and asks what that means.
func damage(ctx context.Context, w io.Writer, path string) error {
	store, err := bolt.Open(ctx, path)
	if err != nil {
		return err
	}
	defer store.Close()
	databases, err := db.Databases(ctx, store)
	if err != nil {
		return err
	}
	segments, err := store.List(ctx, databases[0].ID+"/seg/", "", 1)
	if err != nil {
		return err
	}
	if err := store.Delete(ctx, segments...); err != nil {
		return err
	}
	return prove(ctx, w, store)
}

func prove(ctx context.Context, w io.Writer, store storage.Store) error {
	for v, err := range db.Verify(ctx, store, "main") {
		for _, d := range v.Damages { // d.Key names the key in the store
			fmt.Fprintln(w, d.Why+"; lost:", d.Lost)
		}
		if place := (*db.StoreError)(nil); errors.As(err, &place) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

func restore(ctx context.Context, w io.Writer, store, backups storage.Store) error {
	all, err := db.Backups(ctx, backups) // the newest first
	if err != nil {
		return err
	}
	if err := db.Drop(ctx, store, "main"); err != nil {
		return err
	}
	made, err := db.Restore(ctx, backups, all[0], store, db.RestoreOptions{})
	if err != nil {
		return err
	}
	conn, err := db.Open(ctx, store, db.Options{})
	if err != nil {
		return err
	}
	defer conn.Close()
	fmt.Fprintln(w, made.Name, "is back:", conn.Snapshot())
	return nil
}

func dropped(ctx context.Context, w io.Writer, store storage.Store) error {
	done, err := db.CollectDropped(ctx, store, 30*24*time.Hour, nil)
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "deleted databases:", done.Databases, "dropped within the window:", done.Kept)
	return nil
}
