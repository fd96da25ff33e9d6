package db

import (
	"errors"
	"testing"
	"time"

	"github.com/datolite/datolite/index"
	"github.com/google/go-cmp/cmp"
)

func TestApply(t *testing.T) {
	m := newMaker(t)
	n := m.define("n", TypeLong)
	m.commit(add(ada, "n", 1))
	before := m.snap
	rep := m.commit(add(ada, "n", 2))
	tx := index.TxID(rep.T)
	want := []Datom{
		{E: tx, A: attrInstant, V: index.Instant(epoch), Tx: tx, Added: true},
		{E: ada, A: n, V: index.Long(1), Tx: tx},
		{E: ada, A: n, V: index.Long(2), Tx: tx, Added: true},
	}
	if diff := cmp.Diff(want, rep.Datoms, cmp.Comparer(func(a, b Datom) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	if rep.Tx != tx || rep.Before != before || rep.After.T() != rep.T || !rep.Instant.Equal(epoch) || rep.After.NextT() != rep.T+10 {
		t.Errorf("%+v", rep)
	}
	if got := events(collect(t, before, EAVT, ada)); got != "+1@1010 " {
		t.Errorf("the snapshot before has changed: %s", got)
	}
}

func TestApplyRefuses(t *testing.T) {
	m := newMaker(t)
	m.commit()
	s := m.snap
	good := Commit{T: s.NextT(), Instant: epoch, NextT: s.NextT() + 1, NextElement: s.NextElement()}
	if _, err := s.Apply(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(c *Commit){
		"another t":      func(c *Commit) { c.T++ },
		"no next t":      func(c *Commit) { c.NextT = c.T },
		"element back":   func(c *Commit) { c.NextElement-- },
		"instant before": func(c *Commit) { c.Instant = epoch.Add(-time.Millisecond) },
	} {
		c := good
		spoil(&c)
		if _, err := s.Apply(c); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSpeculative(t *testing.T) {
	m := newMaker(t)
	rep := m.commit()
	if rep.Before.Speculative() || !rep.After.Speculative() || rep.After.String() != "snapshot t 1000 (speculative)" {
		t.Errorf("%s, %s", rep.Before, rep.After)
	}
	rep.After.publish()
	if rep.After.Speculative() || rep.After.String() != "snapshot t 1000" {
		t.Errorf("%s", rep.After)
	}
	view := rep.After.AsOf(T(5)).Since(When(epoch)).History()
	if want := "snapshot t 1000 as of t 5 since 2026-01-02T03:04:05.000Z history"; view.String() != want {
		t.Errorf("%s, want %s", view, want)
	}
}

func TestClock(t *testing.T) {
	m := newMaker(t)
	m.at = epoch.Add(time.Hour)
	m.commit()
	if !m.snap.Instant().Equal(m.at) || !m.snap.Now().Equal(m.at) || !m.snap.Clock().Equal(epoch) {
		t.Errorf("%s, %s, %s", m.snap.Instant(), m.snap.Now(), m.snap.Clock())
	}
}

// law: a report that is replayed is the report that was returned.
func TestReplay(t *testing.T) {
	m := people(t)
	live := genesis(m.snap.env)
	for i, c := range m.log {
		rep, err := live.Apply(c)
		if err != nil {
			t.Fatal(err)
		}
		var prev *Commit
		if i > 0 {
			prev = &m.log[i-1]
		}
		again := m.snap.replay(prev, c)
		for _, pair := range [][2]*Snapshot{{rep.Before, again.Before}, {rep.After, again.After}} {
			if diff := cmp.Diff(facets(t, pair[0]), facets(t, pair[1])); diff != "" {
				t.Errorf("%s: %s", pair[0], diff)
			}
		}
		if diff := cmp.Diff(rep.Datoms, again.Datoms, cmp.Comparer(func(a, b Datom) bool { return a == b })); diff != "" {
			t.Error(diff)
		}
		live = rep.After
	}
}

// facets returns what can be asked of a snapshot.
func facets(t *testing.T, s *Snapshot) map[string]any {
	return map[string]any{"t": s.T(), "next": s.NextT(), "element": s.NextElement(), "instant": s.Instant(), "now": events(collect(t, s, EAVT)),
		"history": events(collect(t, s.History(), AVET)), "schema": described(s.Schema())}
}

// law: commits that are applied at once lead where they lead one by one.
func TestApplyAll(t *testing.T) {
	w := newWorld(t, 5, 60)
	for _, n := range []int{0, 3, 20} {
		s := genesis(w.snap.env)
		for _, c := range w.log[:n] {
			rep, err := s.Apply(c)
			if err != nil {
				t.Fatal(err)
			}
			s = rep.After
		}
		all, err := s.applyAll(w.log[n:])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(facets(t, w.snap), facets(t, all)); diff != "" {
			t.Errorf("%d one by one, the rest at once: %s", n, diff)
		}
		for _, o := range []Order{EAVT, AEVT, AVET, VAET} {
			w.same(all, o, collect(t, w.snap, o))
			w.same(all.History(), o, collect(t, w.snap.History(), o))
		}
		n, err := all.Count(t.Context(), EAVT)
		if want := len(collect(t, w.snap, EAVT)); n != want || err != nil {
			t.Errorf("count %d, %v, want %d", n, err, want)
		}
	}
}
