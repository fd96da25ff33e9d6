package mem

import (
	"context"
	"runtime"
	"testing"
)

func TestWatchIsForgottenWithItsContext(t *testing.T) {
	s := New()
	ctx, cancel := context.WithCancel(context.Background())
	for range 10 {
		if _, err := s.Watch(ctx, "d1/log/"); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	for left := 10; left > 0; runtime.Gosched() {
		s.mu.Lock()
		left = len(s.watches)
		s.mu.Unlock()
	}
}

func TestWatchTellsOfItsPrefixAlone(t *testing.T) {
	s, ctx := New(), context.Background()
	told, err := s.Watch(ctx, "d1/log/")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Create(ctx, "d2/log/1", nil); err != nil {
		t.Fatal(err)
	}
	select {
	case <-told:
		t.Error("told of another database's key")
	default:
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	<-told
}
