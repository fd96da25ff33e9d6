package mem_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/datolite/datolite/storage/mem"
)

func BenchmarkCreate(b *testing.B) {
	s, ctx, record := mem.New(), context.Background(), make([]byte, 200)
	for i := 0; b.Loop(); i++ {
		if err := s.Create(ctx, fmt.Sprintf("d1/log/%016x", i), record); err != nil {
			b.Fatal(err)
		}
	}
}
