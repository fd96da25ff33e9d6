package index

import (
	"context"
	"errors"
	"math/rand"
	"slices"
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
			speculative := Fact{E: 999, A: 3, V: Long(1), Tx: upTo.newest + 1}
			branch := seen.Push(NewRun([]Fact{speculative}, testAttrs{}))
			got := collect(t, branch.Scan(context.Background(), EAVT, Prefix(1, speculative), View{Basis: speculative.Tx}))
			if len(got) != 1 {
				t.Errorf("a branch shows %d datoms of what was pushed on it", len(got))
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

// law: what is pushed on a snapshot is seen by those who pushed it alone.
func TestBranchesDoNotSeeEachOther(t *testing.T) {
	type branch struct {
		Levels
		facts int
		own   int64
	}
	var branches []branch
	var l Levels
	for n := range 100 {
		push := func(v int64) Levels {
			fact := Fact{E: 1, A: 3, V: Long(v), Tx: ID(n + 1)}
			out := l.Push(NewRun([]Fact{fact}, testAttrs{}))
			branches = append(branches, branch{out, n + 1, v})
			return out
		}
		push(1000)
		push(2000)
		l = push(int64(n))
	}
	for _, b := range branches {
		got := collect(t, b.Scan(context.Background(), EAVT, All, now))
		if len(got) != b.facts || !slices.ContainsFunc(got, func(d Datom) bool { return d.V == Long(b.own) }) {
			t.Errorf("a branch of %d facts, one of which has %d, shows %d", b.facts, b.own, len(got))
		}
	}
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
