package storage

import (
	"context"
	"runtime"
	"testing"
)

func TestWatchIsForgottenWithItsContext(t *testing.T) {
	var w Watches
	ctx, cancel := context.WithCancel(context.Background())
	for range 10 {
		w.Watch(ctx, "d1/log/")
	}
	cancel()
	for left := 10; left > 0; runtime.Gosched() {
		w.mu.Lock()
		left = len(w.all)
		w.mu.Unlock()
	}
}

func TestWatchTellsOfItsPrefixAlone(t *testing.T) {
	var w Watches
	told := w.Watch(context.Background(), "d1/log/")
	w.Tell("d2/log/1")
	select {
	case <-told:
		t.Error("told of another database's key")
	default:
	}
	w.TellAll()
	<-told
	w.TellAll()
	if len(w.all) != 0 {
		t.Error("who was told is not forgotten")
	}
}
