package mem_test

import (
	"testing"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/storagetest"
)

func TestConformance(t *testing.T) {
	storagetest.Run(t, func(storagetest.T) storage.Store { return mem.New() }, nil)
}
