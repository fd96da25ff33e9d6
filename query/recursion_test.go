package query_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/tx"
)

// ring returns a circle of entities by :r, a chain where it is not closed, and their ids.
func ring(t *testing.T, n int, closed bool) (*db.Snapshot, []db.ID) {
	t.Helper()
	var data []tx.Data
	for i := range n {
		m := tx.Map{"db/id": fmt.Sprint("n", i), "kin": fmt.Sprint("n", i)}
		if closed || i+1 < n {
			m["r"] = fmt.Sprint("n", (i+1)%n)
		}
		data = append(data, m)
	}
	rep := with(t, with(t, start(t), tx.EDN(webSchema)).After, data...)
	ids := make([]db.ID, n)
	for i := range ids {
		ids[i] = rep.TempIDs[fmt.Sprint("n", i)]
	}
	return rep.After, ids
}

// What can be reached over very many steps is found from either end, with a closure and with rules that call each other.
func TestLongRecursion(t *testing.T) {
	const n = 30_000
	for _, closed := range []bool{false, true} {
		snap, ids := ring(t, n, closed)
		reached := n - 1
		if closed {
			reached = n
		}
		for _, q := range []struct {
			text string
			from db.ID
		}{
			{`[:find [?b ...] :in $ % ?a :where (p ?a ?b)]`, ids[0]},
			{`[:find [?a ...] :in $ % ?b :where (p ?a ?b)]`, ids[n-1]},
		} {
			for _, rules := range []string{spellings[0].rules, spellings[1].rules, spellings[2].rules} {
				rules = strings.ReplaceAll(rules, "[?b :r ?a]", "[?a :r ?b]")
				got, err := query.All[db.ID](t.Context(), snap, q.text, query.Rules("["+rules+"]"), q.from)
				if err != nil || len(got) != reached {
					t.Errorf("%s with %s: %d rows, %v", q.text, rules, len(got), err)
				}
			}
		}
	}
	snap, ids := ring(t, 400, true)
	mutual := query.Rules(`[[(even ?a ?b) [?a :kin ?b]] [(even ?a ?b) (odd ?a ?c) [?c :r ?b]] [(odd ?a ?b) (even ?a ?c) [?c :r ?b]]]`)
	got, err := query.All[db.ID](t.Context(), snap, `[:find [?b ...] :in $ % ?a :where (odd ?a ?b)]`, mutual, ids[0])
	if err != nil || len(got) != 200 {
		t.Errorf("%d rows, %v", len(got), err)
	}
}

// Rules that call each other twice say much more than they have room for in the place of their calls, and are still one query.
func TestDoublingRules(t *testing.T) {
	const depth = 10
	snap, ids := ring(t, 1500, false)
	rules := []string{fmt.Sprintf(`[(p%d ?a ?b) [?a :r ?b]]`, depth)}
	for i := range depth {
		rules = append(rules, fmt.Sprintf(`[(p%d ?a ?b) (p%d ?a ?c) (p%[2]d ?c ?b)]`, i, i+1))
	}
	got, err := query.All[db.ID](t.Context(), snap, `[:find [?b ...] :in $ % ?a :where (p0 ?a ?b)]`, query.Rules("["+strings.Join(rules, " ")+"]"), ids[7])
	if err != nil || len(got) != 1 || got[0] != ids[7+1<<depth] {
		t.Errorf("%v, %v", got, err)
	}
}

// A recursion that makes values without end stops with an error, in whichever way it is written.
func TestInventions(t *testing.T) {
	snap, ids := ring(t, 5, true)
	rows := int64(20_000)
	if testing.Short() {
		rows = 4000
	}
	for _, rules := range []string{
		`[(p ?a ?n) [?a :r] [(ground 0) ?n]] [(p ?a ?n) (p ?a ?m) [(inc ?m) ?n]]`,
		`[(p ?a ?n) [?a :r] [(ground 0) ?n]] [(p ?a ?n) [?a :r ?b] (p ?b ?m) [(inc ?m) ?n]]`,
		`[(p ?a ?n) [?a :r] [(ground 0) ?n]] [(p ?a ?n) (q ?a ?m) [(inc ?m) ?n]] [(q ?a ?n) (p ?a ?m) [(identity ?m) ?n]]`,
		`[(step ?n ?m) [(inc ?n) ?m]] [(p ?a ?n) [?a :r] [(ground 0) ?n]] [(p ?a ?n) (p ?a ?m) (step ?m ?n)]`,
	} {
		ctx := query.WithBudget(t.Context(), query.Budget{Rows: rows, Bytes: 16 << 20})
		_, err := query.Run(ctx, snap, `[:find ?n :in $ % ?a :where (p ?a ?n)]`, query.Rules("["+rules+"]"), ids[0])
		if !errors.Is(err, query.ErrBudget) {
			t.Errorf("%s: %v", rules, err)
		}
	}
}

// A query that many goroutines ask keeps its plan, but not for other rules than those it was made with, nor for another schema.
func TestKeptRules(t *testing.T) {
	snap, ids := ring(t, 6, false)
	q := query.MustPrepare[db.ID](`[:find [?b ...] :in $ % ?a :where (p ?a ?b)]`)
	rep := with(t, with(t, start(t), tx.EDN(`[{:db/ident :kin :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
		{:db/ident :r :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}]`)).After, tx.EDN(`[{:db/id "a" :kin ["a" "b"] :r "b"} {:db/id "b" :r "a"}]`))
	ask := func() {
		for _, c := range []struct {
			snap  *db.Snapshot
			from  db.ID
			rules string
			want  int
		}{
			{snap, ids[1], spellings[0].rules, 4},
			{snap, ids[1], `[(p ?a ?b) [?a :r ?b]]`, 1},
			{rep.After, rep.TempIDs["a"], spellings[0].rules, 2},
			{snap, ids[1], `[(p ?a ?b) [?a :r ?c] [?c :r ?b]]`, 1},
			{rep.After, rep.TempIDs["b"], `[(p ?a ?b) [?b :kin ?a]]`, 1},
			{snap, ids[4], spellings[0].rules, 1},
		} {
			got, err := q.All(t.Context(), c.snap, query.Rules("["+c.rules+"]"), c.from)
			if err != nil || len(got) != c.want {
				t.Errorf("%s: %v, %v", c.rules, got, err)
			}
		}
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 3 {
				ask()
			}
		})
	}
	all.Wait()
}
