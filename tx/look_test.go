package tx_test

import (
	"context"
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/tx"
)

// Many identities of one transaction, which are looked for together, are found as one alone is: by maps with their keys and by others, in
// memory and in trees, where some exist, some were retracted, and some are said twice.
func TestManyIdentitiesAreFoundAsOneIs(t *testing.T) {
	soak.Run(t, 2, 8, func(t *testing.T, seed int64) {
		rng, ctx := rand.New(rand.NewSource(seed)), context.Background()
		conn := open(t)
		transact(t, conn, tx.EDN(vectors))
		want := map[string]db.ID{}
		for round := range 4 {
			before := conn.Snapshot()
			var data []tx.Data
			var keys []string
			for range 20 + rng.Intn(100) {
				k := fmt.Sprint("key ", rng.Intn(150))
				m := tx.Map{"k1": k}
				if rng.Intn(3) == 0 {
					m["s"] = k
				}
				data, keys = append(data, m), append(keys, k)
			}
			rep := transact(t, conn, data...)
			for i, k := range keys {
				got, one := rep.Created[i], given(t, before, tx.Map{"k1": k}).Created[0]
				id, known := want[k]
				if known && (got != id || one != id) || !known && (got.T() < rep.T || one.T() < rep.T) {
					t.Fatalf("round %d: %s is %d among many and %d alone, and was %d", round, k, got, one, id)
				}
				if first := slices.Index(keys, k); rep.Created[first] != got {
					t.Fatalf("round %d: %s is %d and %d", round, k, rep.Created[first], got)
				}
			}
			for i, k := range keys {
				want[k] = rep.Created[i]
			}
			if rng.Intn(2) == 0 {
				if err := conn.Index(ctx); err != nil {
					t.Fatal(err)
				}
			}
			for k, id := range want {
				if rng.Intn(10) == 0 {
					transact(t, conn, tx.RetractEntity(id))
					delete(want, k)
				}
			}
		}
	})
}
