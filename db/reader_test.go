package db

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"testing"

	"github.com/datolite/datolite/index"
	"github.com/google/go-cmp/cmp"
)

var (
	ada = index.NewID(index.PartUser, 2000)
	bob = index.NewID(index.PartUser, 2001)
)

// people returns a database of two people who know each other.
func people(t testing.TB) *maker {
	m := newMaker(t)
	m.define("person/name", TypeString, add(0, "db/unique", ID(38)))
	m.define("person/born", TypeLong)
	m.define("person/friend", TypeRef, add(0, "db/unique", ID(37)))
	m.define("person/note", TypeString, add(0, "db/index", false))
	m.commit(add(ada, "person/name", "Ada"), add(ada, "person/born", 1815), add(ada, "person/friend", bob),
		add(ada, "person/note", "n"), add(bob, "person/name", "Bob"), add(bob, "person/born", 1900), add(bob, "db/ident", Keyword("the/bob")))
	return m
}

func TestDatoms(t *testing.T) {
	m := people(t)
	tx := m.snap.T()
	for _, c := range []struct {
		o    Order
		by   []any
		want int
	}{
		{EAVT, []any{ada}, 4},
		{EAVT, []any{int64(ada), ":person/name"}, 1},
		{EAVT, []any{Keyword("the/bob"), Keyword("person/born")}, 1},
		{EAVT, []any{Lookup("person/name", "Ada"), "person/friend", Lookup("person/name", "Bob")}, 1},
		{EAVT, []any{ada, "person/friend", Keyword("the/bob"), tx}, 1},
		{EAVT, []any{ada, "person/friend", bob, index.TxID(tx)}, 1},
		{EAVT, []any{ada, "person/friend", bob, tx - 1}, 0},
		{EAVT, []any{ada, nil, "Ada"}, 4},
		{EAVT, []any{ada, "person/nmae"}, 0},
		{EAVT, []any{Keyword("the/nobody")}, 0},
		{EAVT, []any{"Ada"}, 0},
		{EAVT, []any{ada, "person/born", "1815"}, 0},
		{AEVT, []any{"person/name"}, 2},
		{AEVT, []any{ID(1000), bob}, 1},
		{AVET, []any{"person/born", 1815}, 1},
		{AVET, []any{"person/born", 1815, bob}, 0},
		{VAET, []any{bob}, 1},
		{VAET, []any{Keyword("the/bob"), "person/friend", ada}, 1},
		{VAET, []any{bob, "person/name"}, 0},
		{VAET, []any{1900, "person/born"}, 0},
	} {
		if got := collect(t, m.snap, c.o, c.by...); len(got) != c.want {
			t.Errorf("%s %v: %v, want %d", c.o, c.by, got, c.want)
		}
		if n, err := m.snap.Count(context.Background(), c.o, c.by...); n != c.want || err != nil {
			t.Errorf("count of %s %v: %d, %v, want %d", c.o, c.by, n, err, c.want)
		}
	}
}

func TestDatomsRefuse(t *testing.T) {
	ctx := context.Background()
	s := people(t).snap
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	for _, c := range []struct {
		seq  iter.Seq2[Datom, error]
		want error
	}{
		{s.Datoms(ctx, AVET, "person/note"), ErrNotIndexed},
		{s.SeekDatoms(ctx, AVET, "person/note", "a"), ErrNotIndexed},
		{s.IndexRange(ctx, "person/note", nil, nil), ErrNotIndexed},
		{s.Datoms(ctx, EAVT, Lookup("person/born", 1815)), ErrNotUnique},
		{s.Datoms(ctx, EAVT, ada, "person/born", 1815, s.T(), true), ErrWrongType},
		{s.Datoms(stopped, EAVT, ada), context.Canceled},
	} {
		n := 0
		for _, err := range c.seq {
			if n++; !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		}
		if n != 1 {
			t.Errorf("%v is yielded %d times", c.want, n)
		}
	}
}

func TestSeekAndRange(t *testing.T) {
	ctx := context.Background()
	s := people(t).snap
	values := func(seq iter.Seq2[Datom, error]) (vs []any) {
		for d, err := range seq {
			if err != nil {
				t.Fatal(err)
			}
			vs = append(vs, d.V.Any())
		}
		return vs
	}
	for _, c := range []struct {
		name string
		seq  iter.Seq2[Datom, error]
		want []any
	}{
		{"seek crosses attributes", s.SeekDatoms(ctx, AVET, "person/born", 1816), []any{int64(1900), int64(bob)}},
		{"seek of an unknown attribute", s.SeekDatoms(ctx, AVET, "person/bron"), nil},
		{"range", s.IndexRange(ctx, "person/born", 1815, 1900), []any{int64(1815)}},
		{"range from", s.IndexRange(ctx, "person/born", 1816, nil), []any{int64(1900)}},
		{"range to", s.IndexRange(ctx, "person/born", nil, 1901), []any{int64(1815), int64(1900)}},
		{"range of all", s.IndexRange(ctx, "person/name", nil, nil), []any{"Ada", "Bob"}},
		{"range the wrong way", s.IndexRange(ctx, "person/born", 1901, 1800), nil},
		{"range of one value", s.IndexRange(ctx, "person/born", 1815, 1815), nil},
		{"range of another type", s.IndexRange(ctx, "person/born", "a", nil), nil},
	} {
		if diff := cmp.Diff(c.want, values(c.seq)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	for range s.Datoms(ctx, EAVT) {
		break // and nothing panics
	}
}

func TestEntity(t *testing.T) {
	ctx := context.Background()
	m := people(t)
	e, err := m.snap.Entity(ctx, Lookup("person/name", "Ada"))
	if err != nil || e.ID() != ada || !e.Exists() {
		t.Fatal(e, err)
	}
	if e.Get("person/born") != int64(1815) || e.Get(":person/friend") != bob || e.Get("db/doc") != nil || e.Get("no/such") != nil {
		t.Errorf("%v %v", e.Get("person/born"), e.Get(":person/friend"))
	}
	if diff := cmp.Diff([]any{"Ada"}, e.All("person/name")); diff != "" {
		t.Error(diff)
	}
	want := []Keyword{"person/name", "person/born", "person/friend", "person/note"}
	if diff := cmp.Diff(want, slices.Collect(e.Attributes())); diff != "" {
		t.Error(diff)
	}
	if none, err := m.snap.Entity(ctx, ID(999)); none.Exists() || err != nil || none.ID() != 999 || none.Get("person/name") != nil {
		t.Errorf("%v, %v", none, err)
	}
	if (Entity{}).Get("x") != nil || (Entity{}).Exists() {
		t.Error("the zero Entity knows something")
	}
}

func TestEntIDRefuses(t *testing.T) {
	ctx := context.Background()
	s := people(t).snap
	var place *EntityError
	for _, e := range []any{nil, "Ada", ":person/name", 1.5, Keyword("the/bbo"), Lookup("person/name", "Eve"), Lookup("person/name", 7),
		Lookup("person/name", nil), Lookup("person/friend", Keyword("no/one"))} {
		if _, err := s.EntID(ctx, e); !errors.Is(err, ErrNotAnEntity) || !errors.As(err, &place) {
			t.Errorf("%v: %v", e, err)
		}
	}
	_, err := s.EntID(ctx, Keyword("the/bbo"))
	if errors.As(err, &place); place.Near != ":the/bob" {
		t.Errorf("near :the/bbo is %s", place.Near)
	}
	if _, err := s.EntID(ctx, Lookup("person/nmae", "Ada")); !errors.Is(err, ErrUnknownAttribute) {
		t.Error(err)
	}
	if id, err := s.EntID(ctx, Lookup("person/friend", Keyword("the/bob"))); id != ada || err != nil {
		t.Errorf("a lookup by reference: %d, %v", id, err)
	}
}

// A sliceLog is a log of commits that are already there.
type sliceLog []Commit

func (l sliceLog) commits(_ context.Context, after, until T) iter.Seq2[Commit, error] {
	return func(yield func(Commit, error) bool) {
		for _, c := range l {
			if after < c.T && c.T <= until && !yield(c, nil) {
				return
			}
		}
	}
}

func (l sliceLog) commit(_ context.Context, t T) (at, prev *Commit, err error) {
	for i := range l {
		if l[i].T == t {
			return &l[i], prev, nil
		}
		prev = &l[i]
	}
	return nil, nil, ErrFuture
}

func TestTxRange(t *testing.T) {
	m, e, _, ts := timeline(t)
	pending := m.snap
	log := sliceLog(m.log[:4])
	m.snap.env.log = log
	base := m.snap
	for base.T() > log[3].T {
		base = base.pending.Load().Before
	}
	base.publish()
	hide := func(_ Reader, d Datom) bool { return d.E != e }
	for _, c := range []struct {
		name       string
		r          Reader
		start, end Moment
		want       []T
	}{
		{"all", pending, nil, nil, []T{1000, ts[1], ts[2], ts[3], ts[4]}},
		{"the committed", base, nil, nil, []T{1000, ts[1], ts[2], ts[3]}},
		{"from to", pending, ts[2], index.TxID(ts[4]), []T{ts[2], ts[3]}},
		{"from a time", pending, When(epoch), nil, []T{1000, ts[1], ts[2], ts[3], ts[4]}},
		{"from 1900", pending, When{}, nil, []T{1000, ts[1], ts[2], ts[3], ts[4]}},
		{"to a time", pending, nil, When(epoch), nil},
		{"from later", pending, When(epoch.AddDate(1, 0, 0)), nil, nil},
		{"as of", pending.AsOf(ts[2]), nil, nil, []T{1000, ts[1], ts[2]}},
		{"since", pending.Since(ts[3]), nil, nil, []T{ts[4]}},
		{"filtered", pending.Filter(hide), ts[3], nil, []T{ts[3], ts[4]}},
	} {
		var got []T
		for tx, err := range c.r.TxRange(context.Background(), c.start, c.end) {
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, tx.T); tx.ID != index.TxID(tx.T) || tx.Datoms[0].A != attrInstant || !tx.Instant.Equal(epoch) {
				t.Errorf("%s: %+v", c.name, tx)
			}
			if c.name == "filtered" && len(tx.Datoms) != 1 {
				t.Errorf("a filter lets %v through", tx.Datoms)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// Readers of one snapshot, of views of it and of what is built on it do not disturb each other.
func TestReadersTogether(t *testing.T) {
	ctx := context.Background()
	m := people(t)
	replayed := m.snap.at(m.log[3])
	when := m.snap.AsOf(When(epoch))
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				if _, err := m.snap.Entity(ctx, Lookup("person/name", "Ada")); err != nil {
					t.Error(err)
				}
				collect(t, when, AVET)
				collect(t, m.snap.History(), AEVT)
				replayed.Schema()
				c := Commit{T: replayed.NextT(), Instant: epoch, NextT: replayed.NextT() + 1, NextElement: replayed.NextElement()}
				rep, err := replayed.Apply(c)
				if err != nil {
					t.Error(err)
					return
				}
				collect(t, rep.After, EAVT)
			}
		})
	}
	group.Wait()
}

func TestWhatIsKnownOfValuesIsKeptForAWhile(t *testing.T) {
	m := newMaker(t)
	m.define("n", TypeLong)
	for i := range 100 {
		m.commit(add(ada+ID(i), "n", i))
	}
	wantValues := func(facts, distinct int, exact bool) {
		t.Helper()
		v, err := m.snap.Values(t.Context(), "n")
		if err != nil || v.Facts != facts || v.Distinct != distinct || v.Exact != exact {
			t.Errorf("%+v, %v", v, err)
		}
	}
	wantValues(100, 100, false)
	m.commit(add(ada+100, "n", 100))
	wantValues(101, 100, false)
	for i := range 100 {
		m.commit(add(ada+101+ID(i), "n", 7))
	}
	v, err := m.snap.Values(t.Context(), "n")
	if err != nil || v.Facts != 201 || v.Distinct < 60 || v.Distinct > 150 || v.Max != index.Long(100) {
		t.Errorf("%+v, %v", v, err)
	}
	if _, err := m.snap.Values(t.Context(), "m"); !errors.Is(err, ErrUnknownAttribute) {
		t.Errorf("the error is %v", err)
	}
}
