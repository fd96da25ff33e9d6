package tx

import (
	"context"
	"encoding/hex"
	"math/big"
	"testing"
	"time"

	"github.com/datolite/datolite/db"
)

// TestDigestNeverChanges: the log keeps digests, and what is submitted again after years must have the same.
func TestDigestNeverChanges(t *testing.T) {
	s, err := read([]Data{
		Once("key"),
		EDN(`[{:db/id "a" :b #{1 2.5 3M} :_c [nil true "x" #inst "2026-01-02"]} (f) [:db/add [:k "v"] :a c]]`),
		Map{"db/id": db.Lookup("k", []byte{1}), "t": db.Tuple{1, nil}, ":big": new(big.Int).Lsh(big.NewInt(1), 70), "at": time.UnixMilli(7)},
		List{db.Keyword("db/add"), db.ID(5), "a", db.UUID{1}, db.Symbol("s"), db.URI("u:x"), float32(1.5), db.T(3), db.Decimal{}},
		Func(func(context.Context, *db.Snapshot) (Data, error) { return nil, nil }),
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = "8152323db54a7007373b7ee96a7d49ac38a52ab21180572a26a7044a5f5eae50"
	if got := hex.EncodeToString(s.digest); got != want {
		t.Errorf("the digest is %s, and was %s", got, want)
	}
}
