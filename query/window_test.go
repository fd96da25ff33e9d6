package query_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/query"
)

// law: :order-by with :offset and :limit finds what sorting all rows and cutting does, in the same order, where rows are equal in what they are
// sorted by, are of several kinds or nil, and are typed or not.
func TestOrderAndLimit(t *testing.T) {
	cut := 0
	soak.Run(t, 10, 60, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 3))
		n := rng.IntN(300)
		rows := make([][]any, n)
		for i := range rows {
			rows[i] = []any{sortable(rng, seed%4), sortable(rng, seed%5), i}
		}
		find := plain
		if rng.IntN(3) == 0 {
			find = "?a (max ?b) (count ?i)"
		}
		var by []int
		var down []bool
		text := ""
		for range 1 + rng.IntN(2) {
			by, down = append(by, rng.IntN(3)), append(down, rng.IntN(2) == 0)
			text += fmt.Sprint(by[len(by)-1], map[bool]string{true: " :desc ", false: " "}[down[len(down)-1]])
		}
		all := asRows(t, "[:find "+find+" :in [[?a ?b ?i]]]", rows)
		slices.SortStableFunc(all, func(x, y []any) int {
			for i, c := range by {
				got := compareAny(t, x[c], y[c])
				if down[i] {
					got = -got
				}
				if got != 0 {
					return got
				}
			}
			return 0
		})
		for range 3 {
			offset, limit := rng.IntN(n+3)*rng.IntN(2), rng.IntN(n/2+3)
			want := all[min(offset, len(all)):]
			want = want[:min(limit, len(want))]
			if len(want) < len(all)/4 {
				cut++
			}
			limited := fmt.Sprintf("[:find %s :in [[?a ?b ?i]] :order-by [%s] :offset %d :limit %d]", find, text, offset, limit)
			if got := asRows(t, limited, rows); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("%s of %d rows:\n%v, want\n%v", limited, n, got, want)
			}
			typed, err := query.All[struct{ A, B, I any }](t.Context(), nil, limited, rows)
			if find == plain && (err != nil || fmt.Sprint(typed) != fmt.Sprint(structs(want))) {
				t.Fatalf("%s: %v, want %v: %v", limited, typed, want, err)
			}
		}
	})
	if !t.Failed() && cut == 0 {
		t.Error("no answer was cut to less than a quarter")
	}
}

// plain are the columns of rows that are not grouped.
const plain = "?a ?b ?i"

func structs(rows [][]any) []struct{ A, B, I any } {
	out := make([]struct{ A, B, I any }, len(rows))
	for i, row := range rows {
		out[i] = struct{ A, B, I any }{row[0], row[1], row[2]}
	}
	return out
}

// sortable returns a value of one kind, or of any, or nil.
func sortable(rng *rand.Rand, kind int64) any {
	switch kind {
	case 0:
		return pickOf[any](rng, int64(rng.IntN(5)), rng.Float64(), "a", db.Keyword("b/c"), nil, true, int64(-7))
	case 1:
		return int64(rng.IntN(9) - 4)
	case 2:
		return fmt.Sprint("text", rng.IntN(9))
	}
	return float64(rng.IntN(9)) / 4
}

// compareAny compares cells in the order of the database.
func compareAny(t *testing.T, a, b any) int {
	return index.Compare(value(t, a), value(t, b))
}

func asRows(t *testing.T, text string, in ...any) (out [][]any) {
	t.Helper()
	rows, err := query.Run(t.Context(), nil, text, in...)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	for rows.Next() {
		out = append(out, rows.Row())
	}
	return out
}

// TestLimitEndsReading: where any rows will do, no more is read than is needed for them.
func TestLimitEndsReading(t *testing.T) {
	snap, err := crowd(6000, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text string
		less bool // the limit lets less be read
	}{
		{`:find ?e :where [?e :name "Ivan"]`, true},
		{`:find ?e ?a :where [?e :age ?a]`, true},
		{`:find ?e ?a :where [?e :name "Ivan"] [?e :age ?a]`, true},
		{`:find ?e (pull ?e [:name]) :where [?e :name "Ivan"]`, true},
		{`:find ?a :where [?e :age ?a]`, false},
		{`:find ?a (count ?e) :where [?e :age ?a]`, false},
		{`:find ?e :where [?e :name "Ivan"] :order-by [?e :desc]`, false},
	} {
		all, err := query.Analyze(t.Context(), snap, "["+c.text+"]")
		if err != nil {
			t.Fatal(err)
		}
		some, err := query.Analyze(t.Context(), snap, "["+c.text+" :offset 5 :limit 10]")
		if err != nil || some.Rows != 10 || (some.Datoms < all.Datoms) != c.less {
			t.Errorf("%s: %d rows of %d datoms, and all of %d: %v", c.text, some.Rows, some.Datoms, all.Datoms, err)
		}
	}
}

// A salaried is a person and what they earn.
type salaried struct {
	A db.ID
	B int
}

// BenchmarkTop finds the ten highest salaries.
func BenchmarkTop(b *testing.B) {
	for _, name := range []string{"20k/indexed", "200k/indexed"} {
		b.Run(name, func(b *testing.B) {
			snap, err := crowds[name]()
			if err != nil {
				b.Fatal(err)
			}
			measure[salaried](b, snap, 10, `[:find ?a ?b :where [?a :salary ?b] :order-by [?b :desc] :limit 10]`)
		})
	}
}
