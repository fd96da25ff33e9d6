package datolite

import (
	"context"
	"fmt"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/bolt"
	"github.com/datolite/datolite/storage/mem"
)

// Open opens the database in the folder at path, and makes it if it is not there. An empty path keeps it in memory.
// Closing the Conn closes its files. There is at most one db.Options.
func Open(ctx context.Context, path string, o ...db.Options) (*db.Conn, error) {
	if len(o) > 1 {
		return nil, fmt.Errorf("datolite: Open takes at most one db.Options, not %d", len(o))
	}
	store, err := openStore(ctx, path)
	if err != nil {
		return nil, err
	}
	return db.OpenOwned(ctx, store, append(o, db.Options{})[0])
}

func openStore(ctx context.Context, path string) (storage.Store, error) {
	if path == "" {
		return mem.New(), nil
	}
	return bolt.Open(ctx, path)
}
