package query_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/query"
)

// TestBudgets ends queries that would use more than they may, each for its own reason.
func TestBudgets(t *testing.T) {
	snap, _, _ := small(t)
	many := make([]int, 2000)
	for i := range many {
		many[i] = i
	}
	double := "[(str ?a ?a) ?b0]"
	for i := range 40 {
		double += fmt.Sprintf(" [(str ?b%d ?b%[1]d) ?b%d]", i, i+1)
	}
	for _, c := range []struct {
		name   string
		budget query.Budget
		text   string
		in     []any
		says   string
	}{
		{"rows of a product", query.Budget{Rows: 1000}, `[:find ?x ?y :in $ [?x ...] [?y ...]]`, []any{many, many}, "more than 1000 rows"},
		{"bytes of a product", query.Budget{Bytes: 1 << 20}, `[:find ?x ?y :in $ [?x ...] [?y ...]]`, []any{many, many}, "more than 1048576 bytes"},
		{"bytes of two columns side by side", query.Budget{Bytes: 40_000}, `[:find (count ?x) (count ?y) :in $ [?x ...] [?y ...]]`, []any{many, many}, "bytes at one time"},
		{"a text that doubles", query.Budget{Bytes: 32 << 20}, `[:find (count ?b40) :in $ ?a :where ` + double + `]`, []any{"12345678"}, "a sixteenth of the budget"},
		{"a tuple that doubles", query.Budget{Bytes: 32 << 20}, `[:find (count ?b40) :in $ ?a :where ` + strings.ReplaceAll(double, "str", "tuple") + `]`, []any{"12345678"}, "a sixteenth of the budget"},
		{"rules that make texts", query.Budget{Bytes: 1 << 20}, `[:find (count ?x) :in $ % :where (r ?x)]`,
			[]any{query.Rules(`[[(r ?x) [(ground "x") ?x]] [(r ?x) (r ?y) [(str ?y "x") ?x]]]`)}, "bytes at one time"},
		{"datoms", query.Budget{Datoms: 3}, `[:find ?n ?b :where [?e :name ?n] [?e :born ?b]]`, nil, "more than 3 datoms"},
		{"datoms of a query within", query.Budget{Datoms: 3}, `[:find ?x :where [?e :name ?n] [(q [:find (count ?e) . :where [?e :born]] $) ?x]]`, nil, "more than 3 datoms"},
		{"an endless source", query.Budget{Rows: 5000}, `[:find ?x :in $ $xs :where [$xs ?x]]`, []any{func(yield func(int) bool) {
			for i := 0; yield(i); i++ {
			}
		}}, "more than 5000 rows"},
		{"ways to call rules", query.Budget{}, `[:find ?a :in $ % :where (r ?a ?b ?c ?d ?e ?f ?g ?h 1 2 3 4 5 6 7 8)]`, []any{query.Rules(swaps())}, "more than 4096 ways"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := query.Run(query.WithBudget(t.Context(), c.budget), snap, c.text, c.in...)
			if !errors.Is(err, query.ErrBudget) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v", err)
			}
		})
	}
	n, err := query.One[int](query.WithBudget(t.Context(), query.Budget{Datoms: 4}), snap, `[:find (count ?e) . :where [?e :name] [?e :born]]`)
	if n != 2 || err != nil {
		t.Error(n, err)
	}
}

// swaps are rules that call one another with every two neighbours among sixteen arguments swapped.
func swaps() string {
	names := strings.Split("?a ?b ?c ?d ?e ?f ?g ?h ?i ?j ?k ?l ?m ?n ?o ?p", " ")
	var b strings.Builder
	b.WriteString("[[(r " + strings.Join(names, " ") + ")")
	for i := 0; i < len(names); i += 2 {
		b.WriteString(" [" + names[i] + " :name " + names[i+1] + "]")
	}
	b.WriteString("]")
	for i := range len(names) - 1 {
		swapped := append([]string(nil), names...)
		swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
		b.WriteString("[(r " + strings.Join(names, " ") + ") (r " + strings.Join(swapped, " ") + ")]")
	}
	return b.String() + "]"
}

// TestTimeout ends a query when the milliseconds are over that its text allows.
func TestTimeout(t *testing.T) {
	many := make([]int, 4000)
	for i := range many {
		many[i] = i
	}
	_, err := query.Run(t.Context(), nil, `[:find (count ?x) . :with ?y :timeout 20 :in [?x ...] [?y ...] :where [(< ?x ?y)]]`, many, many)
	if !errors.Is(err, context.DeadlineExceeded) || db.CategoryOf(err) != db.Interrupted {
		t.Error(err)
	}
	begin := time.Now()
	got, err := query.All[int](t.Context(), nil, `[:find [?x ...] :timeout 3600000 :in [?x ...]]`, []int{1})
	if len(got) != 1 || err != nil || time.Since(begin) > time.Minute {
		t.Error(got, err)
	}
}

// TestManyRules asks 2,000 rules that call each other, in a row and in a circle, and a row that ends at one that cannot be called:
// what can be bound is found out in time.
func TestManyRules(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a second")
	}
	snap, _, _ := small(t)
	row := func(last string) query.Rules {
		var b strings.Builder
		for i := range 2000 {
			fmt.Fprintf(&b, "[(r%d ?e) (r%d ?e)] ", i, i+1)
		}
		return query.Rules("[" + b.String() + last + "]")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, c := range []struct {
		name, last string
		n          int
		kind       error
	}{
		{"a row", "[(r2000 ?e) [?e :name]]", 2, nil},
		{"a circle", "[(r2000 ?e) [?e :name]] [(r2000 ?e) (r0 ?e)]", 2, nil},
		{"one that cannot be called", "[(r2000 [?e]) [?e :name]]", 0, query.ErrInsufficient},
	} {
		found, err := query.All[db.ID](ctx, snap, `[:find ?e :in $ % :where (r0 ?e)]`, row(c.last))
		if len(found) != c.n || !errors.Is(err, c.kind) {
			t.Errorf("%s: %d entities, %v", c.name, len(found), err)
		}
	}
}
