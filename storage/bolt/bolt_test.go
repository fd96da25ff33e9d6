package bolt

import (
	"context"
	"testing"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/storagetest"
)

var bg = context.Background()

func TestConformance(t *testing.T) {
	folders := map[storage.Store]string{}
	open := func(t storagetest.T, path string) storage.Store {
		s, err := Open(bg, path)
		if err != nil {
			t.Fatalf("Open = %v", err)
		}
		folders[s] = path
		return s
	}
	storagetest.Run(t,
		func(t storagetest.T) storage.Store { return open(t, t.TempDir()) },
		func(t storagetest.T, s storage.Store) storage.Store {
			if err := s.Close(); err != nil {
				t.Errorf("Close = %v", err)
			}
			return open(t, folders[s])
		})
}
