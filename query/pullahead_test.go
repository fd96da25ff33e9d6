package query_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/tx"
)

// law: trees that are pulled together are those that are pulled one by one, whatever they share, and however much of them is not asked for.
func TestPullTogether(t *testing.T) {
	base := with(t, start(t), tx.EDN(treeSchema)).After
	patterns := []string{`[:n {:parts ...}]`, `[*]`, `[:db/id {:rs 2}]`, `[:n {:rs [:k {:_rs [:db/id]}]} {:parts 1}]`,
		`[:k {(:tags :limit 2) [:n]}]`, `[{:_parts ...} :n]`, `[:db/id (:tags :limit 2) {:rs ...}]`, `[:n {:rs [:db/id {:parts [*]}]}]`}
	soak.Run(t, 8, 40, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 21))
		n := 2 + rng.IntN(3)
		name := func() string { return fmt.Sprint("e", rng.IntN(n)) }
		var data []tx.Data
		for i := range n {
			m := tx.Map{"db/id": fmt.Sprint("e", i), "n": i, "rs": []any{name(), name()}, "parts": []any{name(), name()}}
			if rng.IntN(8) == 0 {
				var tags []any
				for k := range 500 {
					tags = append(tags, k)
				}
				m["tags"] = tags
			}
			data = append(data, m)
		}
		rep, err := tx.With(t.Context(), base, data...)
		if err != nil {
			t.Fatal(err)
		}
		var ids []db.ID
		for range 1 + rng.IntN(2*n) {
			ids = append(ids, rep.TempIDs[name()])
		}
		for _, p := range patterns {
			together, err := query.PullAll[map[string]any](t.Context(), rep.After, ids, p)
			if len(together) != len(ids) {
				_, alone := query.Pull[map[string]any](t.Context(), rep.After, ids[0], p)
				if err == nil || alone == nil {
					t.Fatalf("%s: %v, and alone %v", p, err, alone)
				}
				continue
			}
			for i, id := range ids {
				alone, _ := query.Pull[map[string]any](t.Context(), rep.After, id, p)
				if diff := cmp.Diff(alone, together[i]); diff != "" {
					t.Fatalf("%s of %v: %s", p, id, diff)
				}
			}
		}
	})
}
