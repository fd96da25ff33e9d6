package query_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/tx"
)

func TestPullTypeErrors(t *testing.T) {
	type (
		misspelt struct {
			S string `datom:"s"`
			N int    `datom:"nn"`
		}
		one struct {
			Tags int `datom:"tags"`
		}
		wrong struct {
			N string `datom:"n"`
		}
		inner struct {
			S string `datom:"s"`
		}
		noRef struct {
			N inner `datom:"n"`
		}
		badTag struct {
			S string `datom:"s,idendity"`
		}
	)
	snap, _ := tree(t)
	snap = with(t, snap, tx.Map{"s": "many", "n": 1, "tags": []any{1, 2}}).After
	e, ctx := db.Lookup("s", "many"), context.Background()
	try := func(_ any, err error) error { return err }
	for _, c := range []struct {
		err  error
		kind error
		want string
	}{
		{try(query.Pull[misspelt](ctx, snap, e)), db.ErrUnknownAttribute, "query: field misspelt.N: unknown attribute :nn (did you mean :n?)"},
		{try(query.Pull[one](ctx, snap, e)), query.ErrMisfit, "query: field one.Tags takes one value, and :tags has 2"},
		{try(query.Pull[wrong](ctx, snap, e)), query.ErrMisfit, "query: attribute n (int64) does not fit field wrong.N (string)"},
		{try(query.Pull[noRef](ctx, snap, e)), query.ErrPattern, "query: field noRef.N: :n is not a reference, so it takes no pattern"},
		{try(query.Pull[badTag](ctx, snap, e)), query.ErrMisfit, "query: badTag.S: unknown option idendity (did you mean identity?)"},
		{try(query.Pull[inner](ctx, nil, e)), query.ErrInputs, "query: there is no database to pull from"},
		{try(query.PullAll[inner](ctx, (*db.Snapshot)(nil), []any{e})), query.ErrInputs, "query: there is no database to pull from"},
		{try(query.Pull[int](ctx, snap, e)), query.ErrMisfit, "query: Pull returns a struct or a map[string]any, not int"},
		{try(query.Pull[map[string]any](ctx, snap, e)), query.ErrMisfit, "query: Pull of a map[string]any needs a pattern"},
		{try(query.Pull[map[string]any](ctx, snap, e, "[:s]", "[:n]")), query.ErrMisfit, "query: Pull takes one pattern, not 2"},
	} {
		if c.err == nil || c.err.Error() != c.want || !errors.Is(c.err, c.kind) {
			t.Errorf("got  %v\nwant %s", c.err, c.want)
		}
	}
}

func TestPullIntoStructs(t *testing.T) {
	type item struct {
		ID    db.ID      `datom:"db/id"`
		S     string     `datom:"s"`
		R     *item      `datom:"r"`
		Sole  []db.ID    `datom:"r"`
		Color db.Keyword `datom:"part"`
	}
	type loop struct {
		ID db.ID  `datom:"db/id"`
		S  string `datom:"s"`
		R  *loop  `datom:"r"`
	}
	type byPattern struct {
		Label string
		Rs    []item
		N     *int
	}
	type owners struct {
		Of    *loop   `datom:"_part"`
		Names []loop  `datom:"_rs"`
		Color []db.ID `datom:"rs"`
	}
	snap, ids := tree(t)
	ctx := context.Background()
	five, err := query.Pull[loop](ctx, snap, ids["5"])
	want := loop{ID: ids["5"], S: "5", R: &loop{ID: ids["6"], S: "6", R: &loop{ID: ids["5"]}}}
	if diff := cmp.Diff(want, five); diff != "" || err != nil {
		t.Error(diff, err)
	}
	got, err := query.Pull[byPattern](ctx, snap, ids["12"], `[[:s :as :label] {[:rs :limit 2] [:s]} :k]`)
	if diff := cmp.Diff(byPattern{Label: "12", Rs: []item{{S: "1"}, {S: "2"}}}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	own, err := query.Pull[*owners](ctx, snap, ids["9"])
	if err != nil || len(own.Names) != 1 || own.Names[0].S != "12" || own.Of != nil {
		t.Error(own, err)
	}
	if own, err := query.Pull[*owners](ctx, snap, ids["8"]); err != nil || own.Of.S != "7" {
		t.Error(own, err)
	}
	if none, err := query.Pull[*owners](ctx, snap, ids["10"]); !errors.Is(err, query.ErrNoRow) || none != nil {
		t.Error(none, err)
	}
	type painted struct {
		Part db.Keyword `datom:"part"`
	}
	snap = with(t, snap, tx.Map{"db/id": ids["12"], "part": db.Keyword("color/red")}).After
	if red, err := query.Pull[painted](ctx, snap, ids["12"]); err != nil || red.Part != "color/red" {
		t.Error(red, err)
	}
	if _, err := query.Pull[item](ctx, snap, ids["12"]); err == nil || err.Error() != "query: item.Sole: r is the tag of item.R already" {
		t.Error(err)
	}
}

func TestPullOnViews(t *testing.T) {
	snap, ids := tree(t)
	before := snap.T()
	snap = with(t, snap, tx.Map{"db/id": ids["2"], "s": "two", "n": 2}, tx.Retract(ids["1"], "n")).After
	noN := func(_ db.Reader, d db.Datom) bool { a, _ := snap.Schema().Attribute(d.A); return a.Ident != "n" }
	hidden := &db.IDSet{}
	hidden.Add(ids["2"])
	for _, c := range []struct {
		r    db.Reader
		want string
	}{
		{snap, `{"r" {"n" 2, "s" "two"}, "s" "1"}`},
		{snap.AsOf(before), `{"n" 5, "r" {"s" "2"}, "s" "1"}`},
		{snap.Since(before), `nil`},
		{snap.Filter(noN), `{"r" {"s" "two"}, "s" "1"}`},
		{snap.Without(hidden), `{"s" "1"}`},
	} {
		got, err := query.Pull[map[string]any](context.Background(), c.r, ids["1"], `[:s :n {:r [:s :n]}]`)
		if errors.Is(err, query.ErrNoRow) {
			err = nil
		}
		if text := show(orNil(got), ids); text != c.want || err != nil {
			t.Errorf("%s: got %s, %v, want %s", c.r, text, err, c.want)
		}
	}
}

func TestPullStops(t *testing.T) {
	snap, ids := tree(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := query.Pull[map[string]any](ctx, snap, ids["1"], `[*]`); !errors.Is(err, context.Canceled) || db.CategoryOf(err) != db.Interrupted {
		t.Error(err)
	}
}
