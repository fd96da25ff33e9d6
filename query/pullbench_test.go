package query_test

import (
	"context"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/tx"
)

func BenchmarkPull(b *testing.B) {
	type item struct {
		ID   db.ID  `datom:"db/id"`
		S    string `datom:"s"`
		N    int    `datom:"n"`
		Flag bool   `datom:"flag"`
		Tags []int  `datom:"tags"`
	}
	snap, _ := tree(b)
	rep := with(b, snap, tx.Map{"s": "x", "n": 1, "flag": true, "tags": []any{1, 2, 3}})
	id, ctx := rep.Created[0], context.Background()
	b.Run("struct", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := query.Pull[item](ctx, rep.After, id); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("map", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := query.Pull[map[string]any](ctx, rep.After, id, `[:s :n :flag :tags]`); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// The tree of 781 entities of five children each that pull is measured by.
func BenchmarkPullTree(b *testing.B) {
	snap, _ := tree(b)
	var grow func(depth int) tx.Map
	grow = func(depth int) tx.Map {
		m := tx.Map{"n": depth, "k": db.Keyword("a/b"), "flag": true}
		for range 5 {
			if depth > 0 {
				parts, _ := m["parts"].([]any)
				m["parts"] = append(parts, grow(depth-1))
			}
		}
		return m
	}
	rep := with(b, snap, tx.All(grow(4)))
	ctx, root := context.Background(), rep.Created[0]
	for _, c := range []struct{ name, pattern string }{{"nested", `[:n {:parts ...}]`}, {"many", `[:n :k :flag :s {:parts ...}]`}, {"wildcard", `[*]`}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := query.Pull[map[string]any](ctx, rep.After, root, c.pattern); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
