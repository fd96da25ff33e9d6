package index

import (
	"context"
	"errors"
	"math/rand"
	"sync"
	"testing"
)

// Many readers sort the same runs for the first time while a writer, and others who branch off, push more.
func TestReadersAndWritersShareRuns(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	h := randomHistory(rng, 60, 30, 20)
	var wg sync.WaitGroup
	var l Levels
	for i, facts := range h.commits {
		l = l.Push(NewRun(facts, testAttrs{}))
		seen, upTo := l, h.until(h.newestAfter(i))
		for reader := range 3 {
			wg.Go(func() {
				rng := rand.New(rand.NewSource(int64(i*10 + reader)))
				checkScan(t, seen, upTo, Order(rng.Intn(4)), upTo.randomRange(rng), upTo.randomView(rng))
			})
		}
		wg.Go(func() {
			speculative := Fact{E: 1000, A: 3, V: Long(1), Tx: upTo.newest + 1}
			branch := seen.Push(NewRun([]Fact{speculative}, testAttrs{}))
			got := collect(t, branch.Scan(context.Background(), EAVT, Prefix(1, speculative), View{Basis: speculative.Tx}))
			if len(got) != 1 {
				t.Errorf("a branch shows %v", got)
			}
		})
	}
	wg.Wait()
}

func (h *history) newestAfter(commit int) ID {
	if commit+1 < len(h.at) {
		return h.at[commit+1]
	}
	return h.newest
}

func TestCancelledScansEnd(t *testing.T) {
	l := pushAll(people(1000, 10))
	ctx, cancel := context.WithCancel(context.Background())
	hidesAll := View{Basis: 1 << 62, Keep: func(Datom) bool { cancel(); return false }}
	if _, err := l.Scan(ctx, EAVT, All, hidesAll).Next(); !errors.Is(err, context.Canceled) {
		t.Errorf("a scan that is cancelled while it shows nothing returns %v", err)
	}
	if _, err := l.Scan(ctx, EAVT, All, now).Next(); !errors.Is(err, context.Canceled) {
		t.Errorf("a scan that begins cancelled returns %v", err)
	}
	if _, err := l.Count(ctx, EAVT, All, now); !errors.Is(err, context.Canceled) {
		t.Errorf("a count that is cancelled returns %v", err)
	}
}

func TestZeroLevelsAreEmpty(t *testing.T) {
	var l Levels
	if b, err := l.Scan(context.Background(), EAVT, All, now).Next(); b != nil || err != nil {
		t.Errorf("Next() = %v, %v", b, err)
	}
	c := l.Push(NewRun(nil, testAttrs{})).Scan(context.Background(), EAVT, All, now)
	for range 2 {
		if b, err := c.Next(); b != nil || err != nil {
			t.Errorf("Next() = %v, %v", b, err)
		}
	}
}

func TestRunsAreFew(t *testing.T) {
	l := pushAll(singles(people(4000, 1)))
	if len(l.runs) > 16 {
		t.Errorf("%d runs", len(l.runs))
	}
}
