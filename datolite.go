package datolite

import (
	"context"

	"github.com/datolite/datolite/db"
)

// Open opens the database in the folder at path, and makes it if it is not there. An empty path keeps it in memory.
// Closing the Conn closes its files.
func Open(ctx context.Context, path string, o ...db.Options) (*db.Conn, error) { panic("not built") }
