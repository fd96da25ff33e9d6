package db

import (
	"context"
	"testing"

	"github.com/datolite/datolite/storage/mem"
)

func TestCommitIsSeen(t *testing.T) {
	ctx := context.Background()
	conn, err := Open(ctx, mem.New(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	rep, err := conn.Commit(ctx, func(ctx context.Context, before *Snapshot) (*Report, error) {
		return before.Apply(Commit{T: before.NextT(), Instant: before.Now(), NextT: before.NextT() + 1, NextElement: before.NextElement()})
	})
	if err != nil {
		t.Fatal(err)
	}
	if rep.After != conn.Snapshot() || rep.After.Speculative() {
		t.Error("not published")
	}
}
