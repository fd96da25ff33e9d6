package query_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/query"
)

// TestPlans: the 120 orders of the clauses of each of fifty queries have one plan, read the same number of datoms, and find the same.
func TestPlans(t *testing.T) {
	snap, err := crowd(300, true)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	n := 50
	if testing.Short() {
		n = 10
	}
	for i := range n {
		clauses := fiveClauses(rng)
		onePlan(t, snap, clauses, []float64{256, 0}[i%2])
	}
}

// onePlan asks clauses in all orders, with a look ahead where a step leaves more than so many rows.
func onePlan(t *testing.T, snap *db.Snapshot, clauses []string, few float64) {
	defer query.LookAhead(few)()
	find := "[:find (count ?e) . :with ?f :in $ ?age :where "
	first := strings.Join(clauses, " ")
	want, err := query.Explain(t.Context(), snap, find+first+"]", 50)
	if err != nil {
		t.Fatal(first, err)
	}
	ran, err := query.Analyze(t.Context(), snap, find+first+"]", 50)
	if err != nil {
		t.Fatal(err)
	}
	orders(clauses, func(in []string) {
		text := find + strings.Join(in, " ") + "]"
		got, err := query.Explain(t.Context(), snap, text, 50)
		if err != nil || got.String() != want.String() {
			t.Fatalf("%s\n%v %v\nand of %s\n%v", text, got, err, first, want)
		}
		again, err := query.Analyze(t.Context(), snap, text, 50)
		if err != nil || again.Datoms != ran.Datoms || again.Rows != ran.Rows {
			t.Fatalf("%s\n%v %v\nand of %s\n%v", text, again, err, first, ran)
		}
	})
}

// fiveClauses returns clauses about two people who have something in common.
func fiveClauses(rng *rand.Rand) []string {
	one := func(texts ...string) string { return texts[rng.IntN(len(texts))] }
	return []string{
		one(`[?e :name "Ivan"]`, `[?e :last-name "Petrov"]`, `[?e :sex :male]`, `[?e :passport "P100"]`, `[?e :salary ?s]`),
		one(`[?e :age ?a]`, `[?e :age ?a ?tx]`),
		one(`[?f :age ?a]`, `[?f :age ?b] [(= ?a ?b)]`),
		one(`[?f :name "Oleg"]`, `[?f :sex :female]`, `(not [?f :sex :male])`, `(or [?f :name "Oleg"] [?f :name "Ivan"])`),
		one(`[(< ?a ?age)]`, `[(>= ?a 30)]`, `[(inc ?a) ?next]`, `(not-join [?e] [?e :last-name "Voronoi"])`),
	}
}

// orders yields every order of some texts.
func orders(texts []string, yield func([]string)) {
	if len(texts) == 1 {
		yield(texts)
		return
	}
	for i, first := range texts {
		orders(slices.Delete(slices.Clone(texts), i, i+1), func(rest []string) { yield(append([]string{first}, rest...)) })
	}
}

// TestAnalyze measures each step of queries of every kind.
func TestAnalyze(t *testing.T) {
	snap, err := crowd(300, true)
	if err != nil {
		t.Fatal(err)
	}
	rules := query.Rules(`[[(same ?a ?b) [?a :age ?n] [?b :age ?n]] [(same ?a ?b) (same ?a ?c) (same ?c ?b)]]`)
	for _, c := range []struct {
		text string
		in   []any
		how  []string
	}{
		{`[:find ?e ?s :where [?e :salary ?s] [(> ?s 50000)]]`, nil, []string{"AVET of :salary within bounds", "filter"}},
		{`[:find ?e ?s :in $ ?most :where [?e :salary ?s] [(> ?most ?s)]]`, []any{50000}, []string{"AVET of :salary within bounds", "filter"}},
		{`[:find ?e ?a :where [?e :age ?a] [?e :passport "P100"]]`, nil, []string{"AVET of :passport", "EAVT of :age"}},
		{`[:find ?e ?a :where [?e :age ?a] (not [?e :sex :male])]`, nil, []string{"AEVT of :age", "remove", "beside ?e"}},
		{`[:find ?e :where (or [?e :name "Ivan"] [?e :sex :male])]`, nil, []string{"1.1 branch", "1.2 branch", "AVET of :name"}},
		{`[:find ?e ?x :in $ $xs :where [?e :age ?x] [$xs ?x]]`, []any{[][]any{{1}, {2}}}, []string{"rows of $xs"}},
		{`[:find ?a ?b :in $ % :where (same ?a ?b) [?a :passport "P100"]]`, []any{rules}, []string{"rule derives"}},
		{`[:find ?e ?v :where [?e :passport "P100"] [?e ?a ?v]]`, nil, []string{"read EAVT"}},
	} {
		would, err := query.Explain(t.Context(), snap, c.text, c.in...)
		if err != nil {
			t.Fatal(err)
		}
		did, err := query.Analyze(t.Context(), snap, c.text, c.in...)
		if err != nil {
			t.Fatal(err)
		}
		r, err := query.Run(t.Context(), snap, c.text, c.in...)
		if err != nil || r.Len() != did.Rows {
			t.Errorf("%s: %d rows, and %d when it is analyzed: %v", c.text, r.Len(), did.Rows, err)
		}
		read := int64(0)
		for _, s := range did.Steps {
			read += s.Datoms
		}
		if read != did.Datoms {
			t.Errorf("%s: the steps read %d datoms, and all of it %d", c.text, read, did.Datoms)
		}
		for _, how := range c.how {
			if !strings.Contains(did.String(), how) {
				t.Errorf("%s:\n%s lacks %q", c.text, did, how)
			}
		}
		if would.Ran || strings.Contains(would.String(), "read,") || !strings.HasPrefix(would.DOT(), "digraph") {
			t.Errorf("%s: %v", c.text, would)
		}
	}
}

// What is wrong with a query is said by Explain and Analyze too.
func TestExplainErrors(t *testing.T) {
	snap, _, _ := small(t)
	for _, text := range []string{`[:find ?x`, `[:find ?x :where [?e :nmae ?x]]`, `[:find ?x :where [(inc ?y) ?x]]`} {
		_, err := query.Run(t.Context(), snap, text)
		_, err1 := query.Explain(t.Context(), snap, text)
		_, err2 := query.Analyze(t.Context(), snap, text)
		if err == nil || fmt.Sprint(err) != fmt.Sprint(err1) || fmt.Sprint(err) != fmt.Sprint(err2) {
			t.Errorf("%s: %v; %v; %v", text, err, err1, err2)
		}
	}
	budget := query.WithBudget(t.Context(), query.Budget{Datoms: 1})
	if _, err := query.Analyze(budget, snap, `[:find ?n :where [?e :name ?n]]`); !errors.Is(err, query.ErrBudget) {
		t.Error(err)
	}
}

func TestAttributes(t *testing.T) {
	for _, c := range []struct {
		text, names string
		all         bool
	}{
		{`[:find ?e :where [?e :a 1] (not [?e :b]) (or-join [?e] [?e :c] (and [?e :d ?x] [?x :a]))]`, "[:a :b :c :d]", false},
		{`[:find (pull ?e [:b {:c [:d]} :_f]) :where [?e :a]]`, "[:a :b :c :d :f]", false},
		{`[:find (pull ?e [*]) :where [?e :a]]`, "[:a]", true},
		{`[:find ?v :where [?e :a] [?e ?b ?v]]`, "[:a]", true},
		{`[:find ?v :in $ % :where [?e :a ?v] (r ?e)]`, "[:a]", true},
		{`[:find ?v :where [?e :a] [(get-else $ ?e :b 1) ?v] [(missing? $ ?e :c)]]`, "[:a :b :c]", false},
		{`[:find ?v :where [[:k "x"] :a ?v] [(inc ?v) ?w]]`, "[:a :k]", false},
		{`[:find ?v :where [?e :a ?v] [(own/f ?v)]]`, "[:a]", true},
		{`[:find ?v :where [?e :a] [(q [:find (count ?x) . :where [?x :b]] $) ?v]]`, "[:a :b]", false},
	} {
		names, all := query.MustPrepare[any](c.text).Attributes()
		if fmt.Sprint(names) != c.names || all != c.all {
			t.Errorf("%s: %v %v", c.text, names, all)
		}
	}
}

// TestHostileQueries ends queries that ask for too much, without taking the memory for it, and orders thousands of clauses.
func TestHostileQueries(t *testing.T) {
	snap, err := crowd(10_000, true)
	if err != nil {
		t.Fatal(err)
	}
	ctx := query.WithBudget(t.Context(), query.Budget{Rows: 1_000_000, Bytes: 64 << 20})
	unconnected, tests := strings.Builder{}, strings.Builder{}
	for i := range 2000 {
		fmt.Fprintf(&unconnected, `[?x%d :passport "P%d"]`, i, i%50*100)
		fmt.Fprintf(&tests, `[?e :age %d]`, i)
	}
	for _, c := range []struct{ name, text string }{
		{"product", `[:find ?a ?b :where [?a :age] [?b :salary]]`},
		{"product to count", `[:find (count ?a) (count ?b) :where [?a :age] [?b :salary]]`},
		{"product within a negation", `[:find ?a :where [?a :age] (not-join [?a] [?b :salary ?s] [?c :age ?n] [(< ?n ?s)] [(= ?a ?s)])]`},
		{"join of everything with everything", `[:find (count ?b) :with ?a :where [?a :sex ?s] [?b :sex ?s]]`},
	} {
		start := time.Now()
		_, err := query.Run(ctx, snap, c.text)
		if !errors.Is(err, query.ErrBudget) || time.Since(start) > time.Minute {
			t.Errorf("%s: %v after %v", c.name, err, time.Since(start))
		}
	}
	for name, text := range map[string]string{
		"unconnected clauses":   `[:find ?x0 :where ` + unconnected.String() + `]`,
		"branches of an or":     `[:find ?e :where (or ` + tests.String() + `)]`,
		"clauses of one entity": `[:find ?e :where ` + tests.String() + `]`,
	} {
		start := time.Now()
		if _, err := query.Run(ctx, snap, text); err != nil || time.Since(start) > time.Minute {
			t.Errorf("%s: %v after %v", name, err, time.Since(start))
		}
	}
}
