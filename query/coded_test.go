package query_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/query"
)

// TestManyTexts asks for texts of some hundred people, from the index and from memory: grouped, joined by what they say, compared, and as a
// set. Columns of so many are coded.
func TestManyTexts(t *testing.T) {
	all := citizens(700)
	byLast, sums, firsts := map[string]int64{}, map[string]int64{}, map[string]bool{}
	same := int64(0)
	for _, c := range all {
		byLast[c.last]++
		sums[c.sex+" "+c.last] += int64(c.age)
		firsts[c.name] = true
		for _, d := range all {
			if c.name == d.name && c.sex == "male" && d.sex == "female" {
				same++
			}
		}
	}
	for _, indexed := range []bool{true, false} {
		snap, err := crowd(700, indexed)
		if err != nil {
			t.Fatal(err)
		}
		pairs, err := query.One[int64](t.Context(), snap, `[:find (count ?e) . :with ?f :where [?e :sex :male] [?e :name ?n] [?f :sex :female] [?f :name ?n]]`)
		if err != nil || pairs != same {
			t.Errorf("indexed %v: %d pairs of one name, %v, want %d", indexed, pairs, err, same)
		}
		counts := map[string]int64{}
		for row, err := range query.Each[struct {
			L string
			N int64
		}](t.Context(), snap, `[:find ?l (count ?e) :keys l n :where [?e :last-name ?l]]`) {
			if err != nil {
				t.Fatal(err)
			}
			counts[row.L] += row.N
		}
		if !maps.Equal(counts, byLast) {
			t.Errorf("indexed %v: %v, want %v", indexed, counts, byLast)
		}
		totals := map[string]int64{}
		for row, err := range query.Each[struct {
			S db.Keyword
			L string
			N int64
		}](t.Context(), snap, `[:find ?s ?l (sum ?a) :keys s l n :with ?e :where [?e :last-name ?l] [?e :sex ?s] [?e :age ?a]]`) {
			if err != nil {
				t.Fatal(err)
			}
			totals[fmt.Sprint(string(row.S), " ", row.L)] += row.N
		}
		if !maps.Equal(totals, sums) {
			t.Errorf("indexed %v: %v, want %v", indexed, totals, sums)
		}
		names, err := query.All[string](t.Context(), snap, `[:find [?n ...] :where [?e :name ?n] [?e :sex :male] (not [?e :last-name ?n]) [(not= ?n "Nobody")] :order-by [?n]]`)
		if want := slices.Sorted(maps.Keys(firsts)); err != nil || !slices.Equal(names, want) {
			t.Errorf("indexed %v: %v, %v, want %v", indexed, names, err, want)
		}
	}
}
