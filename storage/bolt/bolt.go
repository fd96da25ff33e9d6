package bolt

import (
	"context"

	"github.com/datolite/datolite/storage"
)

// A Store keeps its values in a folder with two bbolt files: log.db for what orders transactions, small and synced at every
// commit, and seg.db for segments and large bodies. One process at a time may open it.
type Store struct{ _ int }

// Open opens the store in the folder at path, and makes it if it is not there. A folder that another process holds is
// storage.ErrLocked after two seconds.
func Open(ctx context.Context, path string) (*Store, error) { panic("not built") }

func (s *Store) Get(ctx context.Context, key string) ([]byte, error)        { panic("not built") }
func (s *Store) Put(ctx context.Context, items ...storage.Item) error       { panic("not built") }
func (s *Store) Create(ctx context.Context, key string, value []byte) error { panic("not built") }
func (s *Store) List(ctx context.Context, prefix, after string, limit int) ([]string, error) {
	panic("not built")
}
func (s *Store) Delete(ctx context.Context, keys ...string) error { panic("not built") }
func (s *Store) Limits() storage.Limits                           { panic("not built") }
func (s *Store) Close() error                                     { panic("not built") }
