package query

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// A gathering takes batches of entities, and counts how often it was forked.
type gathering struct {
	forks *atomic.Int32
	taken func() // called for each batch
	words []uint64
}

func (g *gathering) take(b *index.Batch) {
	g.words = append(g.words, b.V.Words...)
	if g.taken != nil {
		g.taken()
	}
}
func (g *gathering) size() (int, int64) { return len(g.words), 8 }
func (g *gathering) join(of taker)      { g.words = append(g.words, of.(*gathering).words...) }
func (g *gathering) fork() taker {
	g.forks.Add(1)
	return &gathering{forks: g.forks, taken: g.taken}
}

// counted10k returns a scan of 10,000 numbers that ascend, and its run.
func counted10k(t *testing.T, ctx context.Context) (*run, *scan, *excerpt) {
	conn, err := db.Open(t.Context(), mem.New(), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Transact(t.Context(), conn, tx.EDN(`[{:db/ident :n :db/valueType :db.type/long}]`)); err != nil {
		t.Fatal(err)
	}
	var data []tx.Data
	for i := range 10_000 {
		data = append(data, tx.Map{"n": i})
	}
	rep, err := tx.Transact(t.Context(), conn, tx.All(data...))
	if err != nil {
		t.Fatal(err)
	}
	q, err := parse(`[:find ?e ?n :where [?e :n ?n]]`)
	if err != nil {
		t.Fatal(err)
	}
	r, _, p, err := prepared(ctx, q, rep.After, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := p.steps[0].(*scan)
	x := s.excerpt(&s.consts, nil)
	return r, s, &x
}

// TestDivide: a long excerpt is read by as many as there are cores, in order; a short one by one. An error in one part, of the context or the
// budget, ends all, and nobody reads on when it is told.
func TestDivide(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	defer PartSize(1000)()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, s, x := counted10k(t, ctx)
	for _, c := range []struct {
		size  int
		forks int32
	}{{1000, 3}, {4000, 0}, {1 << 30, 0}, {1500, 1}} {
		undo := PartSize(c.size)
		g := &gathering{forks: new(atomic.Int32)}
		err := s.each(r, &s.consts, x, g)
		if undo(); err != nil || g.forks.Load() != c.forks || len(g.words) != 10_000 {
			t.Fatalf("%d: %d numbers in %d forks, want %d: %v", c.size, len(g.words), g.forks.Load(), c.forks, err)
		}
		for i, w := range g.words {
			if w != uint64(i) {
				t.Fatalf("%d at %d", w, i)
			}
		}
	}
	for name, limits := range map[string]Budget{"datoms": {Datoms: r.datoms + 6000, Rows: 1 << 20, Bytes: 1 << 30}, "rows": {Rows: 6000, Bytes: 1 << 30}} {
		r.limits = limits
		if err := s.each(r, &s.consts, x, &gathering{forks: new(atomic.Int32)}); !errors.Is(err, ErrBudget) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.limits = budgetOf(ctx)
	before := runtime.NumGoroutine()
	batches := new(atomic.Int32)
	err := s.each(r, &s.consts, x, &gathering{forks: new(atomic.Int32), taken: func() {
		switch n := batches.Add(1); {
		case n == 3:
			cancel()
		case n > 3:
			<-ctx.Done()
		}
	}})
	if !errors.Is(err, context.Canceled) || batches.Load() > 3+4 {
		t.Errorf("%v after %d batches", err, batches.Load())
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines, and %d before", runtime.NumGoroutine(), before)
}
