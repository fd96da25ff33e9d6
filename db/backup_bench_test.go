package db

import (
	"context"
	"fmt"
	"testing"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/bolt"
)

// many asserts a text of each of a thousand new entities.
func many(_ context.Context, before *Snapshot) (*Report, error) {
	const n = 1000
	c := nextCommit(before, n)
	for i := range n {
		v, err := index.String(fmt.Sprint("the text of entity ", int(c.T)+i))
		if err != nil {
			return nil, err
		}
		c.Facts = append(c.Facts, index.Fact{E: index.NewID(index.PartUser, c.T+1+T(i)), A: attrDoc, V: v, Tx: index.TxID(c.T)})
	}
	return before.Apply(c)
}

// BenchmarkBackup backs up a million datoms from one folder to another, again behind one more transaction, verifies and restores.
func BenchmarkBackup(b *testing.B) {
	ctx := context.Background()
	folder := func() storage.Store {
		s, err := bolt.Open(ctx, b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = s.Close() })
		return s
	}
	source, target := folder(), folder()
	conn := openConn(b, source, Options{})
	for range 1000 {
		commit(b, conn, many)
	}
	if err := conn.Index(ctx); err != nil {
		b.Fatal(err)
	}
	last := backUp(b, conn, target)
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			var done Copy
			if _, err := conn.Backup(ctx, folder(), func(c Copy) { done = c }); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(done.Bytes)
		}
	})
	b.Run("next", func(b *testing.B) {
		for b.Loop() {
			commit(b, conn, raise)
			last = backUp(b, conn, target)
		}
	})
	b.Run("verify backup", func(b *testing.B) {
		for b.Loop() {
			provesBackup(b, target, last)
		}
	})
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			if _, err := verify(source); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, upto := range map[string]T{"restore": 0, "restore to the middle": last.T / 2} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Restore(ctx, target, last, folder(), RestoreOptions{T: upto}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
