package query

import (
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

type person struct {
	ID       db.ID      `datom:"db/id"`
	Name     string     `datom:"person/name,identity"`
	Born     int        `datom:"person/born"`
	Friends  []person   `datom:"person/friend"`
	Likes    []db.ID    `datom:"person/likes"`
	Boss     *person    `datom:"person/boss"`
	Status   db.Keyword `datom:"person/status"`
	LastName string
	//lint:ignore U1000 No column meets a field that is not exported.
	note string
}

// rel returns an answer of cells, as if they had been pulled.
func rel(names string, rows ...[]any) *answer {
	a := &answer{names: strings.Fields(names), n: len(rows)}
	a.cols = make([]answerColumn, len(a.names))
	for c := range a.cols {
		a.cols[c].pulled = true
		for _, row := range rows {
			a.cols[c].trees = append(a.cols[c].trees, row[c])
		}
	}
	return a
}

func TestRowsToStructs(t *testing.T) {
	type change struct {
		V     *int16
		T     db.T
		When  time.Time
		Added bool
	}
	now := time.Now()
	got, err := collect[change](rel("v t when added", []any{int64(7), index.TxID(1001), now, true}, []any{nil, nil, nil, nil}))
	seven := int16(7)
	if diff := cmp.Diff([]change{{&seven, 1001, now, true}, {}}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	people, err := collect[*person](rel("name person/born last-name id", []any{"Ada", int64(1815), "Lovelace", db.ID(5)}))
	if diff := cmp.Diff([]*person{{Name: "Ada", Born: 1815, LastName: "Lovelace", ID: 5}}, people, cmp.AllowUnexported(person{})); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestRowsToPulledStructs(t *testing.T) {
	ada := map[string]any{"db/id": db.ID(5), "person/name": "Ada", "unknown": 3, "person/boss": nil,
		"person/friend": []any{map[string]any{"person/name": "Bob", "person/boss": map[string]any{"db/id": db.ID(7)}}},
		"person/likes":  []any{map[string]any{"db/id": db.ID(9), "db/ident": db.Keyword("a/b")}},
		"person/status": map[string]any{"db/id": db.ID(9), "db/ident": db.Keyword("a/b")}}
	want := person{ID: 5, Name: "Ada", Friends: []person{{Name: "Bob", Boss: &person{ID: 7}}}, Likes: []db.ID{9}, Status: "a/b"}
	got, err := collect[person](rel("p", []any{nil}, []any{ada}))
	if diff := cmp.Diff([]person{{}, want}, got, cmp.AllowUnexported(person{})); diff != "" || err != nil {
		t.Error(diff, err)
	}
	pair, err := collect[struct {
		P person
		N int
	}](rel("p n", []any{ada, int64(3)}))
	if diff := cmp.Diff(want, pair[0].P, cmp.AllowUnexported(person{})); diff != "" || err != nil || pair[0].N != 3 {
		t.Error(diff, err)
	}
	held, err := collect[struct{ P *person }](rel("p", []any{ada}, []any{nil}))
	if diff := cmp.Diff(&want, held[0].P, cmp.AllowUnexported(person{})); diff != "" || err != nil || held[1].P != nil {
		t.Error(diff, err)
	}
	maps, err := collect[map[string]any](rel("p", []any{ada}, []any{nil}))
	if diff := cmp.Diff([]map[string]any{ada, nil}, maps); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestDeepTree(t *testing.T) {
	tree := map[string]any{"person/name": "last"}
	for range 200_000 {
		tree = map[string]any{"person/boss": tree}
	}
	got, err := collect[person](rel("p", []any{tree}))
	if err != nil {
		t.Fatal(err)
	}
	p := &got[0]
	for p.Boss != nil {
		p = p.Boss
	}
	if p.Name != "last" {
		t.Error(p)
	}
}

func TestRowsToCells(t *testing.T) {
	type name string
	big20, _ := new(big.Int).SetString("100000000000000000000", 10)
	check := func(got, want any, err error) {
		t.Helper()
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })); diff != "" || err != nil {
			t.Error(diff, err)
		}
	}
	ints, err := collect[int8](rel("n", []any{int64(-128)}))
	check(ints, []int8{-128}, err)
	uints, err := collect[uint64](rel("n", []any{new(big.Int).SetUint64(1 << 63)}))
	check(uints, []uint64{1 << 63}, err)
	bigs, err := collect[*big.Int](rel("n", []any{int64(1)}, []any{big20}))
	check(bigs, []*big.Int{big.NewInt(1), big20}, err)
	names, err := collect[name](rel("n", []any{"Ada"}))
	check(names, []name{"Ada"}, err)
	sets, err := collect[[]int](rel("n", []any{[]any{int64(1), int64(2)}}, []any{db.Tuple{int64(3)}}))
	check(sets, [][]int{{1, 2}, {3}}, err)
	uuids, err := collect[[16]byte](rel("n", []any{db.UUID{1}}))
	check(uuids, [][16]byte{{1}}, err)
	floats, err := collect[float64](rel("n", []any{0.5}, []any{float32(0.25)}))
	check(floats, []float64{0.5, 0.25}, err)
	anys, err := collect[any](rel("n", []any{db.Keyword("a")}, []any{nil}))
	check(anys, []any{db.Keyword("a"), nil}, err)
	rows, err := collect[[]any](rel("n m", []any{"a", nil}))
	check(rows, [][]any{{"a", nil}}, err)
	maps, err := collect[map[string]any](rel("n m", []any{"a", nil}))
	check(maps, []map[string]any{{"n": "a", "m": nil}}, err)
	bytes, err := collect[[]byte](rel("n", []any{[]byte("x")}))
	check(bytes, [][]byte{[]byte("x")}, err)
}

func TestMisfits(t *testing.T) {
	type twins struct {
		A string `datom:"one/name"`
		B string `datom:"two/name"`
	}
	try := func(_ any, err error) string {
		if err == nil {
			return "no error"
		}
		if !errors.Is(err, ErrMisfit) {
			t.Errorf("%v is no ErrMisfit", err)
		}
		return err.Error()
	}
	for _, c := range []struct{ got, want string }{
		{try(collect[person](rel("name born", []any{"Ada", int64(1)}, []any{"Bob", "x"}))),
			"query: column born (string) does not fit field person.Born (int)"},
		{try(collect[person](rel("born", []any{nil}, []any{"x"}))), "query: column born (string) does not fit field person.Born (int)"},
		{try(collect[person](rel("nmae"))), "query: column nmae has no field in query.person (did you mean name?)"},
		{try(collect[person](rel("note"))), "query: column note has no field in query.person"},
		{try(collect[person](rel("name name"))), "query: columns name and name both fit field person.Name"},
		{try(collect[twins](rel("name"))), "query: column name fits two fields, twins.A and twins.B"},
		{try(collect[int](rel("a b"))), "query: 2 columns do not fit one int; a struct, []any or map[string]any takes them"},
		{try(collect[int8](rel("n", []any{int64(200)}))), "query: column n (int64) does not fit int8: 200 is out of the range of int8"},
		{try(collect[uint](rel("n", []any{int64(-1)}))), "query: column n (int64) does not fit uint: -1 is out of the range of uint"},
		{try(collect[int](rel("n", []any{db.ID(1)}))), "query: column n (db.ID) does not fit int"},
		{try(collect[db.ID](rel("n", []any{int64(1)}))), "query: column n (int64) does not fit db.ID"},
		{try(collect[db.T](rel("n", []any{db.ID(1)}))), "query: column n (db.ID) does not fit db.T: 1 is not a transaction"},
		{try(collect[string](rel("n", []any{db.Keyword("a")}))), "query: column n (db.Keyword) does not fit string"},
		{try(collect[float64](rel("n", []any{int64(1)}))), "query: column n (int64) does not fit float64"},
		{try(collect[[]string](rel("n", []any{[]any{int64(1)}}))), "query: column n (set or list) does not fit []string"},
		{try(collect[chan int](rel("n", []any{int64(1)}))), "query: column n (int64) does not fit chan int"},
		{try(collect[person](rel("p", []any{map[string]any{"person/born": "x"}}))),
			"query: attribute person/born (string) does not fit field person.Born (int)"},
	} {
		if c.got != c.want {
			t.Errorf("got  %s\nwant %s", c.got, c.want)
		}
	}
}

func TestScan(t *testing.T) {
	rows := &Rows{answer: rel("name born", []any{"Ada", int64(1815)}, []any{"Bob", nil}), at: -1}
	var name string
	born := 7
	if err := rows.Scan(&name); err == nil {
		t.Error("Scan before Next gave no error")
	}
	if !rows.Next() || rows.Scan(&name, &born) != nil || name != "Ada" || born != 1815 {
		t.Error(name, born)
	}
	for _, c := range []struct {
		dest []any
		want string
	}{
		{[]any{&name}, "query: 2 columns do not fit the 1 places of Scan"},
		{[]any{name, &born}, "query: column name needs a pointer, not string"},
		{[]any{(*string)(nil), &born}, "query: column name needs a pointer, not *string"},
		{[]any{&name, &name}, "query: column born (int64) does not fit string"},
	} {
		if err := rows.Scan(c.dest...); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	var who person
	if !rows.Next() || rows.Scan(nil, &born) != nil || born != 0 || rows.Scan(&who, nil) == nil {
		t.Error(born)
	}
	for range 2 {
		if rows.Next() {
			t.Error("rows go on after their end")
		}
	}
	if rows.Row() != nil || rows.Len() != 2 || len(rows.Columns()) != 2 {
		t.Error("rows do not end")
	}
}

// Storing a row in a struct costs nothing but what the struct holds.
func TestRowsCostNothing(t *testing.T) {
	rows := make([][]any, 1000)
	for i := range rows {
		rows[i] = []any{"Ada", int64(1815), db.ID(5)}
	}
	a := rel("name born id", rows...)
	few := testing.AllocsPerRun(10, func() {
		if _, err := collect[person](a); err != nil {
			t.Fatal(err)
		}
	})
	if few > 50 {
		t.Errorf("%v allocations for %d rows", few, len(rows))
	}
}
