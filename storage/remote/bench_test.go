package remote_test

import (
	"fmt"
	"testing"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
)

// BenchmarkCreate is a round trip with a small record, on this machine.
func BenchmarkCreate(b *testing.B) {
	s, record := opened(b, served(b, mem.New()), full), make([]byte, 200)
	for i := 0; b.Loop(); i++ {
		if err := s.Create(bg, fmt.Sprintf("d1/log/%016x", i), record); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGet gets a segment of 32 kB.
func BenchmarkGet(b *testing.B) {
	s := opened(b, served(b, mem.New()), full)
	if err := s.Put(bg, storage.Item{Key: "d1/seg/1", Value: make([]byte, 32<<10)}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(32 << 10)
	for b.Loop() {
		if _, err := s.Get(bg, "d1/seg/1"); err != nil {
			b.Fatal(err)
		}
	}
}
