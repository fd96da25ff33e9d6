package query_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/datolite/datolite/query"
)

// broad are queries that read much, in every way in which scans are joined.
var broad = []string{
	`[:find ?e ?n ?a :where [?e :name ?n] [?e :age ?a]]`,
	`[:find ?e ?l :where [?e :salary ?s] [?e :last-name ?l] [(< ?s 50000)]]`,
	`[:find ?l :where [_ :last-name ?l]]`,
	`[:find ?e ?f :where [?e :passport ?p] [?e :age ?a] [?f :age ?a]]`,
	`[:find ?a :where [?e :age ?a] [?f :salary ?a]]`,
	`[:find ?e :where [?e :age ?a] [?e :salary ?s] [?e :sex :male] (not [?e :name "Ivan"])]`,
	`[:find ?e ?a ?tx :where [?e :sex :female] [?e :age ?a ?tx]]`,
}

// TestReadBeside: what several goroutines read of one pattern is what one would have read, and counts the same. It comes in the same order,
// unless values in a range are read, whose order nobody relies on.
func TestReadBeside(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	for _, indexed := range []bool{true, false} {
		snap, err := crowd(3000, indexed)
		if err != nil {
			t.Fatal(err)
		}
		texts := slices.Clone(broad)
		for _, q := range asked {
			if q.in == nil {
				texts = append(texts, q.text)
			}
		}
		for _, text := range texts {
			var lines [2][]string
			var read [2]int64
			for i, size := range []int{1 << 30, 200} {
				undo := query.PartSize(size)
				rows, err := query.Run(t.Context(), snap, text)
				if err != nil {
					t.Fatal(text, err)
				}
				for rows.Next() {
					lines[i] = append(lines[i], fmt.Sprint(rows.Row()...))
				}
				if strings.Contains(text, "[(") {
					slices.Sort(lines[i])
				}
				plan, err := query.Analyze(t.Context(), snap, text)
				if err != nil {
					t.Fatal(err)
				}
				read[i] = plan.Datoms
				undo()
			}
			if !slices.Equal(lines[0], lines[1]) || read[0] != read[1] {
				t.Errorf("%s: %d rows of %d datoms, and beside each other %d of %d", text, len(lines[0]), read[0], len(lines[1]), read[1])
			}
		}
	}
}

// BenchmarkBeside reads by one goroutine, and by as many as there are cores, in turn.
func BenchmarkBeside(b *testing.B) {
	snap, err := crowds["200k/indexed"]()
	if err != nil {
		b.Fatal(err)
	}
	for _, q := range asked {
		for _, how := range []string{"one", "all"} {
			b.Run(q.name+"/"+how, func(b *testing.B) {
				if how == "one" {
					defer query.PartSize(1 << 30)()
				}
				for b.Loop() {
					if _, err := query.Run(b.Context(), snap, q.text, q.in...); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
