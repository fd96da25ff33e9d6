package db

import (
	"context"
	"fmt"
	"log/slog"
	"testing"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
)

// A store closedLate creates a key and loses the answer, because it is closed meanwhile.
type closedLate struct{ storage.Store }

func (c closedLate) Create(ctx context.Context, key string, value []byte) error {
	_ = c.Store.Create(ctx, key, value)
	return fmt.Errorf("%w: %w", storage.ErrUnknown, storage.ErrClosed)
}

// TestUnknownIsNoRefusal has an outcome that is unknown for a reason which by itself would be a definite answer.
func TestUnknownIsNoRefusal(t *testing.T) {
	c := creation{closedLate{mem.New()}, "d1/log/1", []byte("mine"), "", 3, slog.New(slog.DiscardHandler)}
	if other, err := c.run(context.Background()); other != nil || err != nil {
		t.Errorf("run = %q, %v; the value is there", other, err)
	}
}
