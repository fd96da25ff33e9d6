package db

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/datolite/datolite/index"
)

// timeline returns the database of semantics A.3: :n of one entity is 5, then 6, then gone, then 5 again.
func timeline(t *testing.T) (m *maker, e ID, n ID, ts [5]T) {
	m = newMaker(t)
	n = m.define("n", TypeLong)
	e = index.NewID(index.PartUser, 2000)
	ts[1] = m.commit(add(e, "n", 5)).T
	ts[2] = m.commit(add(e, "n", 6)).T
	ts[3] = m.commit(retract(e, "n", 6)).T
	ts[4] = m.commit(add(e, "n", 5)).T
	return m, e, n, ts
}

func TestTime(t *testing.T) {
	m, e, n, ts := timeline(t)
	s := m.snap
	for _, c := range []struct {
		name string
		r    Reader
		want string
	}{
		{"now", s, "+5@1040 "},
		{"as of t1", s.AsOf(ts[1]), "+5@1010 "},
		{"as of t2", s.AsOf(ts[2]), "+6@1020 "},
		{"as of t3", s.AsOf(ts[3]), ""},
		{"as of a tx", s.AsOf(index.TxID(ts[2])), "+6@1020 "},
		{"as of between", s.AsOf(ts[1] + 5), "+5@1010 "},
		{"as of an entity's T", s.AsOf(index.NewID(index.PartUser, ts[1]+5)), "+5@1010 "},
		{"as of 0", s.AsOf(T(0)), ""},
		{"as of the future", s.AsOf(T(1 << 50)), "+5@1040 "},
		{"since t1", s.Since(ts[1]), "+5@1040 "},
		{"since t3", s.Since(ts[3]), "+5@1040 "},
		{"since t4", s.Since(ts[4]), ""},
		{"since before all", s.Since(T(-1)), "+5@1040 "},
		{"since the future", s.Since(T(1 << 60)), ""},
		{"as of t2 since t1", s.AsOf(ts[2]).Since(ts[1]), "+6@1020 "},
		{"as of t3 since t1", s.AsOf(ts[3]).Since(ts[1]), ""},
		{"as of twice", s.AsOf(ts[1]).AsOf(ts[2]), "+5@1010 "},
		{"since twice", s.Since(ts[4]).Since(ts[1]), ""},
		{"history", s.History(), "+5@1040 -5@1020 +5@1010 -6@1030 +6@1020 "},
		{"history as of t2", s.History().AsOf(ts[2]), "-5@1020 +5@1010 +6@1020 "},
		{"history since t2", s.Since(ts[2]).History(), "+5@1040 -6@1030 "},
		{"without e", s.History().Without(setOf(e)), ""},
		{"without another", s.Without(setOf(e + 1)).Without(setOf(e + 2)), "+5@1040 "},
		{"without two sets", s.Without(setOf(e + 1)).Without(setOf(e)), ""},
	} {
		if got := events(collect(t, c.r, EAVT, e, n)); got != c.want {
			t.Errorf("%s (%s): %s, want %s", c.name, c.r, got, c.want)
		}
	}
}

func setOf(ids ...ID) *IDSet {
	set := new(IDSet)
	for _, id := range ids {
		set.Add(id)
	}
	return set
}

func TestFilter(t *testing.T) {
	m, e, n, ts := timeline(t)
	notLast := func(_ Reader, d Datom) bool { return d.Tx != index.TxID(ts[4]) }
	if got := events(collect(t, m.snap.Filter(notLast), EAVT, e, n)); got != "" {
		t.Errorf("a filter brings back %s", got)
	}
	if got, want := events(collect(t, m.snap.History().Filter(notLast), EAVT, e, n)), "-5@1020 +5@1010 -6@1030 +6@1020 "; got != want {
		t.Errorf("filter of history: %s, want %s", got, want)
	}
	five := func(_ Reader, d Datom) bool { return d.V == index.Long(5) }
	if got, want := events(collect(t, m.snap.Filter(notLast).History().Filter(five), EAVT, e, n)), "-5@1020 +5@1010 "; got != want {
		t.Errorf("two filters: %s, want %s", got, want)
	}
	past := m.snap.AsOf(ts[2])
	var seen Reader
	collect(t, past.Filter(func(r Reader, _ Datom) bool { seen = r; return true }), EAVT, e, n)
	if seen != Reader(past) {
		t.Errorf("keep is told of %s, not of what Filter was called on", seen)
	}
}

// law: asking for a time on the clock is asking for all transactions up to it, also where several have one instant.
func TestWhen(t *testing.T) {
	m := newMaker(t)
	m.define("n", TypeLong)
	e := index.NewID(index.PartUser, 2000)
	instants := []time.Duration{0, 10, 10, 10, 20}
	for i, d := range instants {
		m.at = epoch.Add(d * time.Millisecond)
		m.commit(add(e, "n", i), add(e+1, "db/txInstant", epoch.Add(5*time.Millisecond)))
	}
	for _, c := range []struct {
		at          time.Duration
		asOf, since string
	}{
		{-1, "", "+4@1050 "},
		{0, "+0@1010 ", "+4@1050 "},
		{5, "+0@1010 ", "+4@1050 "},
		{10, "+3@1040 ", "+4@1050 "},
		{15, "+3@1040 ", "+4@1050 "},
		{20, "+4@1050 ", ""},
		{99, "+4@1050 ", ""},
	} {
		when := When(epoch.Add(c.at*time.Millisecond + 999*time.Microsecond))
		if got := events(collect(t, m.snap.AsOf(when), EAVT, e, "n")); got != c.asOf {
			t.Errorf("as of +%dms: %s, want %s", c.at, got, c.asOf)
		}
		if got := events(collect(t, m.snap.Since(when), EAVT, e, "n")); got != c.since {
			t.Errorf("since +%dms: %s, want %s", c.at, got, c.since)
		}
	}
	old := When(time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC))
	if got := collect(t, m.snap.AsOf(old), EAVT); len(got) != 0 {
		t.Errorf("as of 1900: %d datoms", len(got))
	}
	if got := collect(t, m.snap.AsOf(When(epoch)).AsOf(old).AsOf(When(epoch)), EAVT); len(got) != 0 {
		t.Errorf("the earlier bound does not count: %d datoms", len(got))
	}
}

func TestViewKeys(t *testing.T) {
	ctx := context.Background()
	m := newMaker(t)
	m.define("key", TypeString, add(0, "db/unique", ID(38)))
	e := index.NewID(index.PartUser, 2000)
	first := m.commit(add(e, "key", "a"), add(e, "db/ident", Keyword("enum/a")))
	m.commit(add(e+1, "key", "b"))
	for name, r := range map[string]Reader{
		"since":   m.snap.Since(first.T),
		"filter":  m.snap.Filter(func(_ Reader, d Datom) bool { return d.E != e }),
		"without": m.snap.Without(setOf(e)),
		"as of":   m.snap.AsOf(first.T - 1),
	} {
		if _, err := r.EntID(ctx, Lookup("key", "a")); !errors.Is(err, ErrNotAnEntity) {
			t.Errorf("%s: lookup of a hidden key: %v", name, err)
		}
		if id, err := r.EntID(ctx, Keyword("enum/a")); id != e || err != nil {
			t.Errorf("%s: ident as a name: %d, %v", name, id, err)
		}
	}
	if id, err := m.snap.EntID(ctx, Lookup(":key", "a")); id != e || err != nil {
		t.Errorf("lookup: %d, %v", id, err)
	}
	if _, err := m.snap.History().Entity(ctx, e); !errors.Is(err, ErrHistory) {
		t.Errorf("entity of history: %v", err)
	}
	if id, err := m.snap.History().EntID(ctx, Lookup("key", "a")); id != e || err != nil {
		t.Errorf("lookup in history: %d, %v", id, err)
	}
}

// TestLookupOfFormerKeys looks a key up in history: who has it at the end is it, and where nobody has, who had it last.
func TestLookupOfFormerKeys(t *testing.T) {
	ctx := context.Background()
	m := newMaker(t)
	m.define("key", TypeString, add(0, "db/unique", ID(38)))
	e := index.NewID(index.PartUser, 2000)
	m.commit(add(e+1, "key", "a"))
	gone := m.commit(retract(e+1, "key", "a"))
	m.commit(add(e, "key", "a"))
	m.commit(retract(e, "key", "a"))
	again := m.commit(add(e+2, "key", "a"))
	for _, c := range []struct {
		name string
		r    Reader
		want ID
	}{
		{"who has it", m.snap.History(), e + 2},
		{"who had it last", m.snap.AsOf(again.T - 1).History(), e},
		{"who had it alone", m.snap.AsOf(gone.T).History(), e + 1},
		{"nobody yet", m.snap.AsOf(T(1)).History(), 0},
		{"nobody without history", m.snap.AsOf(again.T - 1), 0},
	} {
		id, err := c.r.EntID(ctx, Lookup("key", "a"))
		if id != c.want || (c.want == 0) != errors.Is(err, ErrNotAnEntity) {
			t.Errorf("%s: %d, %v", c.name, id, err)
		}
	}
}
