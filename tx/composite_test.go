package tx_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/tx"
)

const seats = `[{:db/ident :hall :db/valueType :db.type/ref}
	{:db/ident :row :db/valueType :db.type/string}
	{:db/ident :seat :db/valueType :db.type/long}
	{:db/ident :place :db/valueType :db.type/tuple :db/tupleAttrs [:hall :row :seat] :db/unique :db.unique/identity}
	{:db/ident :path :db/valueType :db.type/tuple :db/tupleType :db.type/long}]`

// seated returns a database of places in two halls, of which the first has the key "main".
func seated(t *testing.T) *db.Snapshot {
	snap := given(t, given(t, empty(t), tx.EDN(vectors)).After, tx.EDN(seats)).After
	snap = given(t, snap, tx.EDN(`[{:db/ident :main :k1 "main"} {:db/ident :side}]`)).After
	var data []tx.Data
	for _, hall := range []db.Keyword{"main", "side"} {
		for _, row := range []string{"A", "B"} {
			data = append(data, tx.Map{"hall": hall, "row": row}, tx.Map{"hall": hall, "row": row, "seat": 2}, tx.Map{"hall": hall, "row": row, "seat": 1})
		}
	}
	return given(t, snap, data...).After
}

// A lookup ref by a composite names references in its slots in every way in which an entity is named.
func TestCompositeLookup(t *testing.T) {
	ctx, snap := t.Context(), seated(t)
	main, err := snap.EntID(ctx, db.Keyword("main"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := snap.EntID(ctx, db.Lookup("place", db.Tuple{main, "B", 2}))
	if err != nil {
		t.Fatal(err)
	}
	for _, hall := range []any{main, int64(main), db.Keyword("main"), db.Lookup("k1", "main")} {
		for _, place := range []any{db.Tuple{hall, "B", 2}, []any{hall, "B", 2}} {
			if got, err := snap.EntID(ctx, db.Lookup("place", place)); got != want || err != nil {
				t.Errorf("%v: %v, %v, want %v", place, got, err, want)
			}
			rep := given(t, snap, tx.Add(db.Lookup("place", place), "n", 1))
			if rep.Datoms[1].E != want {
				t.Errorf("%v: %v, want %v", place, rep.Datoms, want)
			}
		}
		rep := given(t, snap, tx.Map{"place": db.Tuple{hall, "B", 2}, "n": 1})
		if rep.Datoms[1].E != want || len(rep.Datoms) != 2 {
			t.Errorf("%v: %v, want %v", hall, rep.Datoms, want)
		}
	}
	for _, place := range []any{db.Tuple{db.Keyword("nowhere"), "B", 2}, db.Tuple{main, "B", 3}, db.Tuple{main, "B"}, db.Tuple{"main", "B", 2}, "B"} {
		if got, err := snap.EntID(ctx, db.Lookup("place", place)); !errors.Is(err, db.ErrNotAnEntity) {
			t.Errorf("%v: %v, %v", place, got, err)
		}
	}
}

// A nil lies below every value, so that [x nil nil] up to [x' nil nil] is what begins with x, whatever follows.
func TestTuplePrefixRange(t *testing.T) {
	snap := seated(t)
	seatsIn := func(start, end any) string {
		var lines []string
		for d, err := range snap.IndexRange(t.Context(), "place", start, end) {
			if err != nil {
				t.Fatal(err)
			}
			a, _ := snap.Schema().Attribute(d.A)
			slots := a.Go(d.V).(db.Tuple)
			hall, _ := snap.Schema().Ident(slots[0].(db.ID))
			lines = append(lines, fmt.Sprint(hall, slots[1], slots[2]))
		}
		return strings.Join(lines, " ")
	}
	main, side := db.Keyword("main"), db.Keyword("side")
	for _, c := range []struct {
		start, end any
		want       string
	}{
		{db.Tuple{main, nil, nil}, db.Tuple{side, nil, nil}, ":mainA<nil> :mainA1 :mainA2 :mainB<nil> :mainB1 :mainB2"},
		{db.Tuple{main, "B", nil}, db.Tuple{main, "C", nil}, ":mainB<nil> :mainB1 :mainB2"},
		{db.Tuple{main, "B", 1}, db.Tuple{side, "A", 1}, ":mainB1 :mainB2 :sideA<nil>"},
		{db.Tuple{side, "B", nil}, nil, ":sideB<nil> :sideB1 :sideB2"},
	} {
		if got := seatsIn(c.start, c.end); got != c.want {
			t.Errorf("%v to %v: %s, want %s", c.start, c.end, got, c.want)
		}
	}
}

// The order of tuples is element by element, nil lowest, a prefix before its extensions.
func TestTupleOrder(t *testing.T) {
	snap := seated(t)
	paths := []db.Tuple{{1, nil}, {1, nil, 3}, {1, 1}, {1, 1, 0}, {1, 2}, {2, nil}, {2, 0, 0, 0, 0, 0, 0, 0}}
	var data []tx.Data
	for _, p := range slices.Backward(paths) {
		data = append(data, tx.Map{"path": p})
	}
	snap = given(t, snap, data...).After
	var got []string
	for d, err := range snap.IndexRange(t.Context(), "path", db.Tuple{1, nil}, db.Tuple{2, nil}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, d.V.String())
	}
	if want := []string{"[1 nil]", "[1 nil 3]", "[1 1]", "[1 1 0]", "[1 2]"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// What was read can be written back: the composite among it is what it comes to.
func TestStructsWithComposites(t *testing.T) {
	type place struct {
		ID    db.ID    `datom:"db/id"`
		Hall  db.ID    `datom:"hall"`
		Row   string   `datom:"row"`
		Seat  int      `datom:"seat"`
		Place db.Tuple `datom:"place"`
	}
	snap := seated(t)
	hall, _ := snap.EntID(t.Context(), db.Keyword("side"))
	e, err := snap.EntID(t.Context(), db.Lookup("place", db.Tuple{hall, "A", 1}))
	if err != nil {
		t.Fatal(err)
	}
	read := place{ID: e, Hall: hall, Row: "A", Seat: 1, Place: db.Tuple{hall, "A", int64(1)}}
	if rep := given(t, snap, tx.Structs(read)); len(rep.Datoms) != 1 {
		t.Errorf("%v", rep.Datoms)
	}
	found := place{Place: read.Place, Seat: 9}
	if rep := given(t, snap, tx.Structs(found)); len(rep.Datoms) != 5 || rep.Datoms[1].E != e {
		t.Errorf("%v", rep.Datoms)
	}
	wrong := read
	wrong.Seat = 9
	_, err = tx.With(t.Context(), snap, tx.Structs(wrong))
	if refusal := (*tx.Error)(nil); !errors.Is(err, tx.ErrConflict) || !errors.As(err, &refusal) || refusal.Attr != "place" || refusal.Entity != e {
		t.Errorf("%v", err)
	}
}

// The text of a composite is as long as its constituents; that of a tuple that users state is not.
func TestLengthOfTuples(t *testing.T) {
	snap := given(t, seated(t), tx.EDN(`[{:db/ident :s+n :db/valueType :db.type/tuple :db/tupleAttrs [:s :n]}
		{:db/ident :own :db/valueType :db.type/tuple :db/tupleType :db.type/string}]`)).After
	long := strings.Repeat("é", 257)
	if rep := given(t, snap, tx.Map{"s": long, "s+n": db.Tuple{long, nil}}); len(rep.Datoms) != 3 {
		t.Error(rep.Datoms)
	}
	given(t, snap, tx.Map{"own": db.Tuple{long[2:], nil}})
	if _, err := tx.With(context.Background(), snap, tx.Map{"own": db.Tuple{long, nil}}); !errors.Is(err, db.ErrTupleValue) {
		t.Error(err)
	}
}

// What is wrong with a tuple attribute is told by Datomic's codes too.
func TestCodesOfTupleAttributes(t *testing.T) {
	snap := seated(t)
	for _, c := range []struct{ attr, code string }{
		{`:db/valueType :db.type/tuple`, "invalid-tuple-kind"},
		{`:db/valueType :db.type/long :db/tupleAttrs [:row :seat]`, "invalid-tuple-kind"},
		{`:db/valueType :db.type/tuple :db/tupleAttrs [:row :seat] :db/tupleType :db.type/long`, "invalid-tuple-kind"},
		{`:db/valueType :db.type/tuple :db/tupleType :db.type/float`, "invalid-tuple-type"},
		{`:db/valueType :db.type/tuple :db/tupleTypes [:db.type/long :db.type/bytes]`, "invalid-tuple-types"},
		{`:db/valueType :db.type/tuple :db/tupleAttrs [:row :place]`, "invalid-tuple-attrs"},
		{`:db/valueType :db.type/tuple :db/tupleAttrs [:row :tags]`, "invalid-tuple-attrs"},
		{`:db/valueType :db.type/tuple :db/tupleAttrs [:row :self]`, "invalid-tuple-attrs"},
		{`:db/valueType :db.type/tuple :db/tupleAttrs [:row :seat] :db/cardinality :db.cardinality/many`, "tuple-of-attrs-must-be-card-one"},
	} {
		_, err := tx.With(t.Context(), snap, tx.EDN("[{:db/ident :self "+c.attr+"}]"))
		if refusal := (*tx.Error)(nil); !errors.As(err, &refusal) || !errors.Is(err, tx.ErrInstall) || !slices.Equal(refusal.Codes, []string{c.code}) {
			t.Errorf("%s: %v", c.attr, err)
		}
	}
	_, err := tx.With(t.Context(), snap, tx.EDN("[[:db/add :row :db/cardinality :db.cardinality/many]]"))
	if refusal := (*tx.Error)(nil); !errors.As(err, &refusal) || !slices.Equal(refusal.Codes, []string{"constituent-of-a-composite-must-be-card-one"}) {
		t.Error(err)
	}
}
