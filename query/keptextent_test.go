package query_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// joins are queries that go through whole attributes: some lead a row to several, some back to where it came from, some to nothing.
var joins = []string{
	`[:find ?a ?c :where [?a :next ?b] [?b :next ?c]]`,
	`[:find ?a ?x :where [?a :back ?b] [?b :mark ?m] [?x :mark ?m]]`,
	`[:find ?a ?b :where [?a :next ?b] [?a :mark ?m] [?b :mark ?n] [(!= ?m ?n)]]`,
	`[:find ?a ?b :where [?a :back ?b] [?b :back ?a]]`,
	`[:find ?a ?d :where [?a :back ?b] [?b :only ?c] [?d :only ?c]]`,
	`[:find ?b ?d :where [?a :only ?b] [?c :only ?b] [?c :back ?d] [?a :mark ?m] [(< ?m 9)]]`,
	`[:find ?a ?b :where [?a :back ?b] [?a :name ?n] [?b :only ?c] [?d :only ?c] [?d :name ?n]]`,
	`[:find ?m :where [?a :next ?b] [?b :only ?c] [?c :mark ?m] [?a :mark ?m]]`,
	`[:find (count ?a) . :where [?a :back ?b] [?b :only ?c] [?d :only ?c] [?d :back ?b]]`,
	`[:find ?a ?c ?m :where [?a :back ?b] [?b :only ?c] [?c :mark ?m] [?a :mark ?n] [(< ?n ?m)]]`,
	`[:find ?a ?c :where [?a :back ?c] [?a :next ?b] [?a :next ?c] [?b :only ?d]]`,
	`[:find ?a ?e :where [?a :only ?b] [?c :only ?b] [?c :only ?e] [?a :only ?e] [?e :mark _]]`,
}

// Meshed are entities that lead to each other, and change.
type meshed struct {
	*testing.T
	rng  *rand.Rand
	conn *db.Conn
	size int
	from db.T // when they were there
}

func newMeshed(t *testing.T, seed int64) *meshed {
	t.Helper()
	conn, err := db.Open(t.Context(), mem.New(), db.Options{Cache: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	w := &meshed{T: t, rng: rand.New(rand.NewPCG(uint64(seed), 3)), conn: conn, size: 40}
	w.transact(tx.EDN(`[{:db/ident :next :db/valueType :db.type/ref :db/cardinality :db.cardinality/many} {:db/ident :back :db/valueType :db.type/ref}
		{:db/ident :only :db/valueType :db.type/ref} {:db/ident :mark :db/valueType :db.type/long} {:db/ident :name :db/valueType :db.type/string}
		{:db/ident :key :db/valueType :db.type/long :db/unique :db.unique/identity}]`))
	var data []tx.Data
	for i := range w.size {
		data = append(data, tx.Map{"key": i, "db/id": fmt.Sprint("n", i), "only": fmt.Sprint("n", (i*7)%w.size), "name": fmt.Sprint("x", i%5),
			"mark": i % 12, "next": fmt.Sprint("n", (i+1)%w.size), "back": fmt.Sprint("n", (i*3)%w.size)})
	}
	w.transact(tx.All(data...))
	w.from = conn.Snapshot().T()
	return w
}

func (w *meshed) transact(data tx.Data) {
	w.Helper()
	if _, err := tx.Transact(w.Context(), w.conn, data); err != nil {
		w.Fatal(err)
	}
}

// change returns some changes.
func (w *meshed) change() tx.Data {
	some := func() db.LookupRef { return db.LookupRef{Attr: "key", Value: w.rng.IntN(w.size)} }
	var data []tx.Data
	for range 1 + w.rng.IntN(8) {
		switch e := some(); w.rng.IntN(6) {
		case 0:
			data = append(data, tx.Add(e, "next", some()))
		case 1:
			data = append(data, tx.Map{"db/id": e, "back": some()})
		case 2:
			data = append(data, tx.Map{"db/id": e, "mark": w.rng.IntN(12)})
		case 3:
			data = append(data, tx.Map{"db/id": e, "name": fmt.Sprint("x", w.rng.IntN(5))})
		case 4:
			data = append(data, tx.Map{"key": w.rng.IntN(w.size), "next": some()})
		default:
			data = append(data, tx.Retract(e, "only"))
		}
	}
	return tx.All(data...)
}

// reader returns one of the ways to see the database.
func (w *meshed) reader() db.Reader {
	now := w.conn.Snapshot()
	switch w.rng.IntN(9) {
	case 0:
		rep, err := tx.With(w.Context(), now, w.change())
		if err != nil {
			return now // the changes contradict each other
		}
		return rep.After
	case 1:
		return now.AsOf(now.T() - db.T(w.rng.IntN(4)))
	case 2:
		return now.Since(now.T() - 3)
	case 3:
		return now.Filter(func(_ db.Reader, d db.Datom) bool { return d.E%3 != 0 })
	case 4:
		return now.History()
	case 5:
		past, err := w.conn.At(w.Context(), max(w.from, now.T()-db.T(w.rng.IntN(8))))
		if err != nil {
			w.Fatal(err)
		}
		return past
	}
	return now
}

// answer returns the rows of a query, sorted.
func (w *meshed) answer(r db.Reader, text string) []string {
	w.Helper()
	rows, err := query.Run(w.Context(), r, text)
	if err != nil {
		w.Fatal(text, err)
	}
	return sorted(rows)
}

func sorted(rows *query.Rows) []string {
	var lines []string
	for rows.Next() {
		lines = append(lines, fmt.Sprint(rows.Row()...))
	}
	slices.Sort(lines)
	return lines
}

// TestKeptExtents: what queries find in attributes that were kept in memory is what they find in the index, in all views, while attributes change,
// runs are merged and the database is indexed.
func TestKeptExtents(t *testing.T) {
	asked, answered := 0, 0
	soak.Run(t, 1, 6, func(t *testing.T, seed int64) {
		w := newMeshed(t, seed)
		if seed%2 == 0 {
			defer query.PartSize(7)()
		}
		for range 40 {
			if data := w.change(); w.rng.IntN(2) == 0 {
				_, _ = tx.Transact(t.Context(), w.conn, data) // those that contradict each other are refused
			}
			if w.rng.IntN(20) == 0 {
				if err := w.conn.Index(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			for range 4 {
				r, text := w.reader(), joins[w.rng.IntN(len(joins))]
				undo := query.MinExtent(math.Inf(1))
				want := w.answer(r, text)
				undo()
				undo = query.MinExtent(0)
				got := w.answer(r, text)
				undo()
				if !slices.Equal(got, want) {
					t.Fatalf("%s on %v has %d rows, of extents %d", text, r, len(want), len(got))
				}
				asked, answered = asked+1, answered+min(1, len(want))
			}
		}
	})
	t.Logf("%d queries compared, of which %d have rows", asked, answered)
	if 2*answered < asked {
		t.Error("too few queries have rows")
	}
}

// TestKeptExtentsTogether: several goroutines find the same in attributes that they keep and drive out of the cache for each other.
func TestKeptExtentsTogether(t *testing.T) {
	w := newMeshed(t, 1)
	for range 20 {
		_, _ = tx.Transact(t.Context(), w.conn, w.change())
	}
	snap := w.conn.Snapshot()
	undo := query.MinExtent(math.Inf(1))
	var want [][]string
	for _, text := range joins {
		want = append(want, w.answer(snap, text))
	}
	undo()
	defer query.MinExtent(0)()
	defer query.PartSize(7)()
	var all sync.WaitGroup
	for k := range 4 {
		all.Go(func() {
			for i := range 3 * len(joins) {
				at := (i*(k+1) + k) % len(joins)
				rows, err := query.Run(t.Context(), snap, joins[at])
				if err != nil {
					t.Error(err)
					return
				}
				if got := sorted(rows); !slices.Equal(got, want[at]) {
					t.Errorf("%s has %d rows, of extents %d", joins[at], len(want[at]), len(got))
				}
			}
		})
	}
	all.Wait()
}
