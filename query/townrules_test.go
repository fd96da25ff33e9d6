package query_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/query"
)

// The same closure, written in three ways: :r any number of times, then :rs once.
var reaches = []query.Rules{
	`[[(reach ?x ?y) [?x :rs ?y]] [(reach ?x ?y) [?x :r ?z] (reach ?z ?y)]]`,
	`[[(path ?x ?y) [?x :r ?y]] [(path ?x ?y) (path ?x ?z) [?z :r ?y]]
	  [(reach ?x ?y) [?x :rs ?y]] [(reach ?x ?y) (path ?x ?z) [?z :rs ?y]]]`,
	`[[(path ?x ?y) [?x :r ?y]] [(path ?x ?y) [?x :r ?z] (path ?z ?y)]
	  [(reach ?x ?y) (or-join [?x ?y] [?x :rs ?y] (and (path ?x ?z) [?z :rs ?y]))]]`,
}

// reached returns what the closure is, walked from each entity by itself.
func (w *town) reached() (out [][]db.Value) {
	next, last := map[db.Value][]db.Value{}, map[db.Value][]db.Value{}
	for _, row := range w.facts["r"] {
		next[row[0]] = append(next[row[0]], row[2])
	}
	for _, row := range w.facts["rs"] {
		last[row[0]] = append(last[row[0]], row[2])
	}
	for _, e := range w.ids {
		x := index.Ref(e)
		seen, ends := map[db.Value]bool{x: true}, map[db.Value]bool{}
		for todo := []db.Value{x}; len(todo) > 0; todo = todo[1:] {
			for _, y := range last[todo[0]] {
				ends[y] = true
			}
			for _, z := range next[todo[0]] {
				if !seen[z] {
					seen[z], todo = true, append(todo, z)
				}
			}
		}
		for y := range ends {
			out = append(out, []db.Value{x, y})
		}
	}
	return out
}

// TestTownsReach compares closures over some thousand edges with walks from every entity, with neither end bound, with one, with many
// and with both, on every kind of view.
func TestTownsReach(t *testing.T) {
	soak.Run(t, 1, 5, func(t *testing.T, seed int64) {
		w := newTown(t, seed)
		for range 3 {
			w.look()
			pairs := joinRows(joined{nil, [][]db.Value{{}}}, []cell{{name: "?x"}, {name: "?y"}}, w.reached())
			if len(pairs.rows) < tooMany {
				w.reach(pairs)
			}
		}
	})
}

func (w *town) reach(pairs joined) {
	var some []any
	for range 300 {
		some = append(some, w.anyone())
	}
	among := func(at int, in []any) joined {
		return pairs.where(func(r []db.Value) bool {
			return slices.ContainsFunc(in, func(e any) bool { return r[at] == index.Ref(e.(db.ID)) })
		})
	}
	for _, rules := range reaches {
		w.reachBy(rules, "?x ?y", "", pairs)
		w.reachBy(rules, "?x ?y", "?x", among(0, some[:1]), some[0])
		w.reachBy(rules, "?x ?y", "?y", among(1, some[:1]), some[0])
		w.reachBy(rules, "?x ?y", "[?x ...]", among(0, some), some)
		w.reachBy(rules, "?x ?y", "[?y ...]", among(1, some), some)
		both := among(0, some)
		few := among(1, some[:100])
		both = joinRows(both, []cell{{name: "?x"}, {name: "?y"}}, few.rows)
		w.reachBy(rules, "?x ?y", "[?x ...] [?y ...]", both, some, some[:100])
	}
}

func (w *town) reachBy(rules query.Rules, find, inputs string, pairs joined, in ...any) {
	w.t.Helper()
	text := fmt.Sprintf("[:find %s :in $ %% %s :where (reach ?x ?y)]", find, inputs)
	want := map[string]int{}
	for _, r := range pairs.rows {
		want[fmt.Sprintln(r[0].Any(), r[1].Any())] = 1
	}
	w.same(text+" by "+string(rules), w.answer(text, append([]any{rules}, in...)), want)
}

// TestTownsTogether asks one prepared query of several views with several inputs from many goroutines: each answer is that of its own
// view and input. Every other asker is cancelled in the midst, and gets the error of its context at once.
func TestTownsTogether(t *testing.T) {
	w := newTown(t, 3)
	p := query.MustPrepare[[]any](`[:find ?x ?y ?v :in $ [?n ...] :where [?x :n ?n] [?x :ns ?v] [?y :u ?v] (not [?y :b true])]`)
	snap := w.conn.Snapshot()
	views := []db.Reader{snap, snap.History(), snap.AsOf(w.moves[len(w.moves)/2]), snap.Since(w.moves[1])}
	inputs := [][]int64{{0}, {1, 2}, {}, {5000}}
	ask := func(ctx context.Context, i int) (string, error) {
		rows, err := p.All(ctx, views[i%4], inputs[i/4%4])
		lines := make([]string, len(rows))
		for k, row := range rows {
			lines[k] = fmt.Sprintln(row...)
		}
		slices.Sort(lines)
		return strings.Join(lines, ""), err
	}
	var want [16]string
	var looks [16]int64
	for i := range want {
		for range 2 { // the second time by the plan that is kept
			fuse := burning(t.Context(), 1<<40)
			var err error
			if want[i], err = ask(fuse, i); err != nil {
				t.Fatal(err)
			}
			looks[i] = fuse.looks.Load()
		}
	}
	var group sync.WaitGroup
	for g := range 6 {
		group.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(g), 1))
			for i := range 12 {
				at := (i + g) % 16
				last := int64(1 << 40)
				cancels := g%2 == 1 && looks[at] > 0 // an empty input is answered without a look
				if cancels {
					last = 1 + rng.Int64N((looks[at]+1)/2)
				}
				fuse := burning(t.Context(), last)
				got, err := ask(fuse, at)
				fuse.cancel()
				switch over := fuse.looks.Load() - last; {
				case !cancels && (err != nil || got != want[at]):
					t.Errorf("case %d: %d bytes and %v, want %d bytes", at, len(got), err, len(want[at]))
				case cancels && (!errors.Is(err, context.Canceled) || over > 8):
					t.Errorf("case %d, cancelled at look %d of %d: %v, %d looks later", at, last, looks[at], err, over)
				}
			}
		})
	}
	group.Wait()
}

// A fuse is a context that is cancelled when it was looked at so many times.
type fuse struct {
	context.Context
	cancel func()
	last   int64
	looks  atomic.Int64
}

func burning(ctx context.Context, last int64) *fuse {
	f := &fuse{last: last}
	f.Context, f.cancel = context.WithCancel(ctx)
	return f
}

func (f *fuse) Err() error {
	if f.looks.Add(1) == f.last {
		f.cancel()
	}
	return f.Context.Err()
}
