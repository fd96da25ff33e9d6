package query_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/tx"
)

// The rules by which walks are asked for: to the right, to the left, doubled, with steps that are not the base, of two hops, of two kinds of edges,
// and to values that are no entities.
var walkRules = []query.Rules{
	`[[(to ?x ?y) [?x :next ?y]] [(to ?x ?y) [?x :next ?z] (to ?z ?y)]]`,
	`[[(to ?x ?y) [?x :next ?y]] [(to ?x ?y) (to ?x ?z) [?z :next ?y]]]`,
	`[[(to ?x ?y) [?x :next ?y]] [(to ?x ?y) (to ?x ?z) (to ?z ?y)]]`,
	`[[(to ?x ?y) [?x :of ?y]] [(to ?x ?y) [?x :next ?z] (to ?z ?y)]]`,
	`[[(to ?x ?y) [?x :of ?y]] [(to ?x ?y) (to ?x ?z) [?z :next ?y]]]`,
	`[[(two ?x ?y) [?x :next ?z] [?z :next ?y]] [(to ?x ?y) (two ?x ?y)] [(to ?x ?y) (two ?x ?z) (to ?z ?y)]]`,
	`[[(to ?x ?y) [?x :next ?z] [?y :of ?z]] [(to ?x ?y) [?x :next ?z] [?w :of ?z] (to ?w ?y)]]`,
	`[[(to ?x ?y) [?x :next ?y]] [(to ?x ?y) [?y :of ?x]] [(to ?x ?y) [?x :next ?z] (to ?z ?y)] [(to ?x ?y) [?z :of ?x] (to ?z ?y)]]`,
	`[[(to ?x ?y) [?x :name ?y]] [(to ?x ?y) [?x :next ?z] (to ?z ?y)]]`,
}

// The walks, and queries that come near one.
var walks = []struct {
	text string
	walk bool
}{
	{`[:find ?y :in $ % ?x :where (to ?x ?y)]`, true},
	{`[:find [?x ...] :in ?y $ % :where (to ?x ?y)]`, true},
	{`[:find [?y ...] :in % $ ?k :where [?x :key ?k] (to ?x ?y)]`, true},
	{`[:find ?x :in $ % ?k :where (to ?x ?y) [?y :no ?k]]`, true},
	{`[:find ?y :in $ % :where [?x :key "k3"] (to ?x ?y)]`, true},
	{`[:find ?y :in $ % ?x ?k :where (to ?x ?y)]`, false},
	{`[:find ?x ?y :in $ % ?x :where (to ?x ?y)]`, false},
	{`[:find ?y :in $ % ?k :where [?x :name ?k] (to ?x ?y)]`, false},
	{`[:find ?y :in $ % ?k :where [?x :key ?k ?t] (to ?x ?y)]`, false},
	{`[:find ?y :in $ % ?y :where (to _ ?y)]`, false},
	{`[:find (count ?y) :in $ % ?x :where (to ?x ?y)]`, false},
	{`[:find ?y :in $ % ?x :where (to ?x ?y) :limit 2]`, false},
	{`[:find ?y . :in $ % ?x :where (to ?x ?y)]`, false},
}

// TestWalksFindWhatPlansFind asks walks on every kind of view with inputs of every kind, and once more with a budget, for which no query is a walk.
func TestWalksFindWhatPlansFind(t *testing.T) {
	found, walked := 0, 0
	soak.Run(t, 1, 3, func(t *testing.T, seed int64) {
		g := &registry{t: t, rng: rand.New(rand.NewPCG(uint64(seed), 4))}
		g.fill()
		for range 20 {
			g.write(tx.Add(g.anyone(), "of", g.anyone()))
		}
		for _, view := range g.views() {
			for _, q := range walks {
				for _, rules := range walkRules {
					n, is := g.walk(q.text, view, rules)
					if found += n; is {
						walked++
					}
					if is && !q.walk {
						t.Fatalf("%s is a walk", q.text)
					}
				}
			}
		}
	})
	if t.Logf("%d rows, %d walks", found, walked); found < 100 || walked < 100 {
		t.Errorf("only %d rows, %d walks", found, walked)
	}
}

// walk asks a query by rules again and again, and compares the answers with that under a budget. It reports whether it is a walk.
func (g *registry) walk(text string, view db.Reader, rules query.Rules) (rows int, is bool) {
	p := query.MustPrepare[[]any](text)
	for range 4 {
		in := []any{}
		for range p.Inputs() {
			in = append(in, g.input())
		}
		if strings.Contains(text, ":in ?y $ %") {
			in[1] = rules
		} else {
			in[0] = rules
		}
		want, wantErr := p.All(query.WithBudget(g.t.Context(), query.Budget{}), view, in...)
		got, err := p.All(g.t.Context(), view, in...)
		if fmt.Sprint(err) != fmt.Sprint(wantErr) || !cmp.Equal(sortedRows(got), sortedRows(want)) {
			g.t.Fatalf("%s by %s of %v with %v: %v, %v, and with a budget %v, %v", text, rules, view, in, got, err, want, wantErr)
		}
		rows += len(got)
	}
	return rows, p.IsWalk()
}

func sortedRows(rows [][]any) (out []string) {
	for _, r := range rows {
		out = append(out, fmt.Sprint(r...))
	}
	slices.Sort(out)
	return out
}

// TestFarWalk: what leads far is found by the plan, which is asked after the walk gave up; nothing is found twice.
func TestFarWalk(t *testing.T) {
	snap := path(t, 3000)
	p := query.MustPrepare[db.ID](`[:find [?y ...] :in $ % ?x :where (to ?x ?y)]`)
	start, err := query.One[db.ID](t.Context(), snap, `[:find ?x . :where [?x :mark 7]]`)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		found, err := p.All(t.Context(), snap, walkRules[0], start)
		slices.Sort(found)
		if len(found) != 3000 || len(slices.Compact(found)) != 3000 || err != nil {
			t.Fatalf("%d found, %v", len(found), err)
		}
	}
	if !p.IsWalk() {
		t.Error("it is no walk")
	}
}
