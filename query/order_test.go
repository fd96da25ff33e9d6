package query_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// club returns a database of 10,000 people. Twenty of them are called Ann, and wrote twenty letters each; they have 24 friends each among all. A hundred
// people are famous, and a hundred others call each of them a friend.
func club(t testing.TB) *db.Snapshot {
	conn, err := db.Open(t.Context(), mem.New(), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Transact(t.Context(), conn, tx.EDN(`[
		{:db/ident :name :db/valueType :db.type/string :db/index true}
		{:db/ident :famous :db/valueType :db.type/boolean :db/index true}
		{:db/ident :friend :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
		{:db/ident :wrote :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
		{:db/ident :to :db/valueType :db.type/ref}]`)); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(4, 5))
	person := func(i int) string { return fmt.Sprint("p", i) }
	var data []tx.Data
	for i := range 10_000 {
		m := tx.Map{"db/id": person(i), "name": fmt.Sprint("person ", i)}
		if i < 20 {
			m["name"] = "Ann"
		}
		if i%100 == 99 {
			m["famous"] = true
		}
		data = append(data, m)
	}
	for i := range 20 {
		for k := range 24 {
			data = append(data, tx.Add(person(i), "friend", person(rng.IntN(10_000))))
			if k < 20 {
				letter := fmt.Sprint("l", i, "-", k)
				data = append(data, tx.Add(person(i), "wrote", letter), tx.Add(letter, "to", person(rng.IntN(10_000))))
			}
		}
	}
	for i := 99; i < 10_000; i += 100 {
		for range 100 {
			data = append(data, tx.Add(person(20+rng.IntN(9_900)), "friend", person(i)))
		}
	}
	if _, err := tx.Transact(t.Context(), conn, tx.All(data...)); err != nil {
		t.Fatal(err)
	}
	if err := conn.Index(t.Context()); err != nil {
		t.Fatal(err)
	}
	return conn.Snapshot()
}

// annsClauses ask for the letters of a person with famous friends.
var annsClauses = []string{`[?p :name ?name]`, `[?p :friend ?f]`, `[?f :famous true]`, `[?p :wrote ?l]`, `[?l :to ?q]`}

func annsLetters(clauses []string) string {
	return "[:find ?p ?l ?q :in $ ?name :where " + strings.Join(clauses, " ") + "]"
}

// TestLookAhead: Ann's letters are fewer than her friends, so to take the clause that leaves the fewest rows is to join all letters before the
// friends who are famous, of whom there are five. Who looks ahead begins with the friends, and reads a tenth.
func TestLookAhead(t *testing.T) {
	snap := club(t)
	read := map[float64]int64{}
	for _, few := range []float64{math.Inf(1), 256, 0} {
		undo := query.LookAhead(few)
		p, err := query.Analyze(t.Context(), snap, annsLetters(annsClauses), "Ann")
		undo()
		if err != nil || p.Rows != 80 {
			t.Fatal(p, err)
		}
		read[few] = p.Datoms
	}
	if 5*read[256] > read[math.Inf(1)] || read[0] != read[256] {
		t.Errorf("datoms read by how many rows a step must leave to look ahead: %v", read)
	}
	// A plan that is kept for one input is not that of another.
	q := query.MustPrepare[[]any](annsLetters(annsClauses))
	for _, name := range []string{"Ann", "person 500", "Ann", "nobody"} {
		rows, err := q.All(t.Context(), snap, name)
		if want := map[string]int{"Ann": 80}[name]; err != nil || len(rows) != want {
			t.Errorf("%s: %d rows, want %d: %v", name, len(rows), want, err)
		}
	}
}

// TestLookAheadInAnyOrder: whatever the order of the clauses is, what a look ahead finds is one plan.
func TestLookAheadInAnyOrder(t *testing.T) {
	snap := club(t)
	explained, read := map[string]bool{}, map[int64]bool{}
	orders(annsClauses, func(clauses []string) {
		would, err := query.Explain(t.Context(), snap, annsLetters(clauses), "Ann")
		if err != nil {
			t.Fatal(err)
		}
		did, err := query.Analyze(t.Context(), snap, annsLetters(clauses), "Ann")
		if err != nil {
			t.Fatal(err)
		}
		explained[would.String()], read[did.Datoms] = true, true
	})
	if len(explained) != 1 || len(read) != 1 {
		t.Errorf("%d plans, that read %v datoms", len(explained), read)
	}
}

// BenchmarkLookAhead asks with and without a look at what comes behind the next step.
func BenchmarkLookAhead(b *testing.B) {
	snap := club(b)
	for _, few := range []float64{math.Inf(1), 256} {
		b.Run(fmt.Sprint(few), func(b *testing.B) {
			defer query.LookAhead(few)()
			for b.Loop() {
				if _, err := query.Run(b.Context(), snap, annsLetters(annsClauses), "Ann"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
