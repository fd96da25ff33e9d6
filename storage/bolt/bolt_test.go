package bolt

import (
	"context"
	"errors"
	"testing"

	"github.com/datolite/datolite/storage"
)

func TestStore(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()+"/a/b"
	s, err := Open(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Create(ctx, "d/log/1", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := s.Create(ctx, "d/log/1", []byte("x")); !errors.Is(err, storage.ErrExists) {
		t.Fatal(err)
	}
	if err := s.Put(ctx, storage.Item{Key: "d/seg/1", Value: nil}, storage.Item{Key: "d/meta"}); err != nil {
		t.Fatal(err)
	}
	t.Log(s.List(ctx, "d/", "", 10))
	if _, err := Open(ctx, dir); err == nil {
		t.Fatal()
	} else {
		t.Log(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err = Open(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(s.List(ctx, "d/", "", 10))
	t.Log(s.Close())
}
