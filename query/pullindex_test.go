package query_test

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/tx"
)

// law: what is pulled along an index is what the model says, on every view, in both directions, from anywhere.
func TestPullIndexAgainstModel(t *testing.T) {
	soak.Run(t, 40, 200, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 9))
		snap, ts := randomTree(t, rng)
		r := randomView(rng, snap, ts)
		m := newPullModel(t, r)
		for range 8 {
			s, p := randomSlice(rng, m), randomShape(rng, 1)
			var want, got []map[string]any
			for _, e := range m.slice(s) {
				want = append(want, m.pull(e, p, nil, m.budgets(p)))
			}
			for tree, err := range query.PullIndex[map[string]any](t.Context(), r, s, p.String()) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, tree)
			}
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Fatalf("pull %s along %+v on %s:\n%s", p, s, r, diff)
			}
		}
	})
}

func randomSlice(rng *rand.Rand, m *pullModel) query.IndexSlice {
	s := query.IndexSlice{Attr: []string{"n", "tags", "r", "rs", "parts", "flag"}[rng.IntN(6)], Reverse: rng.IntN(2) == 0}
	a, _ := m.schema.Named(s.Attr)
	if a.Many && a.Type == db.TypeRef && rng.IntN(2) == 0 {
		s.Order = db.AEVT
	}
	if rng.IntN(2) == 0 || a.Many {
		switch {
		case a.Type == db.TypeRef || s.Order == db.AEVT:
			s.Start = db.ID(4<<42 + 1000 + rng.Int64N(12))
		case a.Type == db.TypeBoolean:
			s.Start = rng.IntN(2) == 0
		default:
			s.Start = rng.IntN(10)
		}
	}
	return s
}

// slice returns the entities of a slice, slowly.
func (m *pullModel) slice(s query.IndexSlice) []db.ID {
	a, _ := m.schema.Named(s.Attr)
	ofEntity := s.Order == db.AEVT
	key := func(d db.Datom) any {
		if ofEntity {
			return d.E
		}
		return a.Go(d.V)
	}
	var found []db.Datom
	for _, d := range m.datoms {
		if d.A != a.ID {
			continue
		}
		c := 0
		if s.Start != nil {
			c = compareStart(key(d), s.Start)
		}
		if c == 0 || c > 0 != s.Reverse {
			found = append(found, d)
		}
	}
	slices.SortStableFunc(found, func(x, y db.Datom) int {
		return cmp.Or(compareStart(key(x), key(y)), cmp.Compare(x.E, y.E), compareStart(a.Go(x.V), a.Go(y.V)))
	})
	if s.Reverse {
		slices.Reverse(found)
	}
	ids := make([]db.ID, len(found))
	for i, d := range found {
		ids[i] = d.E
		if ofEntity {
			ids[i] = d.V.Ref()
		}
	}
	return ids
}

// compareStart orders two values of one kind.
func compareStart(x, y any) int {
	number := func(x any) int64 {
		switch x := x.(type) {
		case int:
			return int64(x)
		case int64:
			return x
		case db.ID:
			return int64(x)
		case bool:
			if x {
				return 1
			}
		}
		return 0
	}
	return cmp.Compare(number(x), number(y))
}

// Breaking out early reads little of a long index, in either direction.
func TestPullIndexIsLazy(t *testing.T) {
	snap := with(t, start(t), tx.EDN(treeSchema)).After
	data := make([]tx.Data, 20_000)
	for i := range data {
		data[i] = tx.Map{"n": i}
	}
	snap = with(t, snap, data...).After
	for _, reverse := range []bool{false, true} {
		read := 0
		r := snap.Filter(func(db.Reader, db.Datom) bool { read++; return true })
		var got []any
		for m, err := range query.PullIndex[map[string]any](t.Context(), r, query.IndexSlice{Attr: "n", Start: 10_000, Reverse: reverse}, `[:n]`) {
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, m["n"]); len(got) == 3 {
				break
			}
		}
		want := []any{int64(10_000), int64(10_001), int64(10_002)}
		if reverse {
			want = []any{int64(10_000), int64(9_999), int64(9_998)}
		}
		if diff := gocmp.Diff(want, got); diff != "" || read > 3000 {
			t.Errorf("reverse %v read %d datoms: %s", reverse, read, diff)
		}
	}
	n := 0
	for range query.PullIndex[map[string]any](t.Context(), snap, query.IndexSlice{Attr: "n", Reverse: true}, `[:n]`) {
		n++
	}
	if n != len(data) {
		t.Error(n)
	}
}

func TestPullIndexErrors(t *testing.T) {
	snap := with(t, start(t), tx.EDN(treeSchema), tx.EDN(`[{:db/ident :hidden :db/valueType :db.type/long :db/index false}]`)).After
	snap = with(t, snap, tx.EDN(treeData)).After
	type item struct {
		Part db.ID `datom:"part"`
		N    int8  `datom:"n"`
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx  context.Context
		r    db.Reader
		s    query.IndexSlice
		kind error
		want string
	}{
		{t.Context(), snap, query.IndexSlice{Attr: ":hidden"}, db.ErrNotIndexed, "query: pull: :hidden: attribute is not indexed"},
		{t.Context(), snap.History(), query.IndexSlice{Attr: "n"}, db.ErrHistory, "query: pull: not on a history view"},
		{ctx, snap, query.IndexSlice{Attr: "n"}, context.Canceled, ""},
		{ctx, snap, query.IndexSlice{Attr: "n", Reverse: true}, context.Canceled, ""},
		{t.Context(), snap, query.IndexSlice{Attr: "rs", Order: db.AEVT, Start: db.Lookup("s", "nobody")}, db.ErrNotAnEntity,
			`query: the Start of a slice: no entity has the key [:s "nobody"]`},
		{t.Context(), with(t, snap, tx.EDN(`[{:n 1000}]`)).After, query.IndexSlice{Attr: "n", Start: 1000}, query.ErrMisfit,
			"query: attribute n (int64) does not fit field item.N (int8): 1000 is out of the range of int8"},
	} {
		n, last := 0, error(nil)
		for _, err := range query.PullIndex[item](c.ctx, c.r, c.s) {
			n, last = n+1, err
		}
		if n != 1 || !errors.Is(last, c.kind) || c.want != "" && last.Error() != c.want {
			t.Errorf("%+v: %d results, %v", c.s, n, last)
		}
	}
}

func TestPullAll(t *testing.T) {
	snap, ids := tree(t)
	type item struct {
		ID db.ID  `datom:"db/id"`
		S  string `datom:"s"`
		N  *int   `datom:"n"`
	}
	five, nine := 5, 9
	one, other := item{ids["1"], "1", &five}, item{ids["9"], "", &nine}
	got, err := query.PullAll[item](t.Context(), snap, []any{ids["1"], db.Lookup("s", "nobody"), ids["9"], db.Keyword("no/one"), ids["1"], 999})
	if diff := gocmp.Diff([]item{one, {}, other, {}, one, {}}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	behind, err := query.PullAll[*item](t.Context(), snap, []db.ID{999, ids["9"]})
	if diff := gocmp.Diff([]*item{nil, &other}, behind); diff != "" || err != nil {
		t.Error(diff, err)
	}
	maps, err := query.PullAll[map[string]any](t.Context(), snap, []db.LookupRef{db.Lookup("s", "nobody"), db.Lookup("s", "1")}, `[:n]`)
	if diff := gocmp.Diff([]map[string]any{nil, {"n": int64(5)}}, maps); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if none, err := query.PullAll[item, db.ID](t.Context(), snap, nil); len(none) != 0 || err != nil {
		t.Error(none, err)
	}
	for _, c := range []struct {
		r    db.Reader
		e    any
		kind error
	}{{snap, "1", db.ErrNotAnEntity}, {snap.History(), ids["1"], db.ErrHistory}} {
		if _, err := query.PullAll[item](t.Context(), c.r, []any{ids["1"], c.e}); !errors.Is(err, c.kind) {
			t.Errorf("%v: %v", c.e, err)
		}
	}
	if _, err := query.PullAll[item](t.Context(), snap, []db.ID{}, `[:tgas]`); !errors.Is(err, db.ErrUnknownAttribute) {
		t.Error(err)
	}
}
