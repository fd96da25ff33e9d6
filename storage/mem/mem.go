package mem

import (
	"context"

	"github.com/datolite/datolite/storage"
)

// A Store keeps its values in memory, for tests and for databases that nobody needs to find again.
type Store struct{ _ int }

// New returns an empty store.
func New() *Store { panic("not built") }

func (s *Store) Get(ctx context.Context, key string) ([]byte, error)        { panic("not built") }
func (s *Store) Put(ctx context.Context, items ...storage.Item) error       { panic("not built") }
func (s *Store) Create(ctx context.Context, key string, value []byte) error { panic("not built") }
func (s *Store) List(ctx context.Context, prefix, after string, limit int) ([]string, error) {
	panic("not built")
}
func (s *Store) Delete(ctx context.Context, keys ...string) error { panic("not built") }
func (s *Store) Limits() storage.Limits                           { panic("not built") }
func (s *Store) Watch(ctx context.Context, prefix string) (<-chan struct{}, error) {
	panic("not built")
}
func (s *Store) Close() error { panic("not built") }
