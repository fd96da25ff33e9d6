package mem

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/storage"
)

func TestStore(t *testing.T) {
	ctx, s := context.Background(), New()
	woken, err := s.Watch(ctx, "d/log/")
	if err != nil {
		t.Fatal(err)
	}
	value := []byte("one")
	if err := s.Create(ctx, "d/log/1", value); err != nil {
		t.Fatal(err)
	}
	<-woken
	value[0] = 'X'
	if err := s.Create(ctx, "d/log/1", value); !errors.Is(err, storage.ErrExists) {
		t.Errorf("second Create: %v", err)
	}
	if got, err := s.Get(ctx, "d/log/1"); err != nil || string(got) != "one" {
		t.Errorf("Get = %q, %v", got, err)
	}
	if err := s.Put(ctx, storage.Item{Key: "d/log/2"}, storage.Item{Key: "d/meta"}); err != nil {
		t.Fatal(err)
	}
	keys, err := s.List(ctx, "d/log/", "d/log/1", 10)
	if diff := cmp.Diff([]string{"d/log/2"}, keys); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if err := s.Delete(ctx, "d/log/1", "d/none"); err != nil {
		t.Error(err)
	}
	if _, err := s.Get(ctx, "d/log/1"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("Get of a deleted key: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Put(ctx); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("Put after Close: %v", err)
	}
}

func TestWatchIsForgottenWithItsContext(t *testing.T) {
	s := New()
	ctx, cancel := context.WithCancel(context.Background())
	for range 10 {
		if _, err := s.Watch(ctx, "a/b/"); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	for left := 1; left > 0; {
		s.mu.Lock()
		left = len(s.watches)
		s.mu.Unlock()
	}
}
