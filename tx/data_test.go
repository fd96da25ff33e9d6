package tx_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/tx"
)

type status string

type digest [32]byte

type key [16]byte

// said returns what data says: a line per datom but the instant, its entity left out; or the error.
func said(snap *db.Snapshot, data ...tx.Data) string {
	rep, err := tx.With(context.Background(), snap, data...)
	if err != nil {
		return err.Error()
	}
	var lines []string
	for _, d := range rep.Datoms[1:] {
		sign := "-"
		if d.Added {
			sign = "+"
		}
		lines = append(lines, sign+entity(snap, d.A)+" "+value(snap, d))
	}
	return strings.Join(lines, "\n")
}

const kinds = `[{:db/ident :v/bool :db/valueType :db.type/boolean} {:db/ident :v/big :db/valueType :db.type/bigint}
	{:db/ident :v/float :db/valueType :db.type/float} {:db/ident :v/double :db/valueType :db.type/double}
	{:db/ident :v/dec :db/valueType :db.type/bigdec} {:db/ident :v/inst :db/valueType :db.type/instant}
	{:db/ident :v/uuid :db/valueType :db.type/uuid} {:db/ident :v/kw :db/valueType :db.type/keyword}
	{:db/ident :v/sym :db/valueType :db.type/symbol} {:db/ident :v/uri :db/valueType :db.type/uri}
	{:db/ident :v/bytes :db/valueType :db.type/bytes}
	{:db/ident :v/two :db/valueType :db.type/tuple :db/tupleTypes [:db.type/ref :db.type/string]}
	{:db/ident :v/twos :db/valueType :db.type/tuple :db/tupleType :db.type/long :db/cardinality :db.cardinality/many}]`

var (
	one = int64(7)
	e1  = db.Keyword("e1")
)

// inItself returns a slice that contains itself.
func inItself() []any {
	loop := []any{nil}
	loop[0] = loop
	return loop
}

// goValues are Go values of every type that data takes, and some that it does not, with what they say of :e1.
var goValues = []struct {
	data tx.Data
	want string
}{
	{tx.Add(e1, ":n", int8(6)), "+:n 6\n-:n 5"},
	{tx.Add(e1, "n", uint64(6)), "+:n 6\n-:n 5"},
	{tx.Add(e1, "n", &one), "+:n 7\n-:n 5"},
	{tx.Add(e1, "n", uint64(1<<63)), `tx: item 1 [:db/add :e1 :n 9223372036854775808N]: :n takes a long of 64 bits, not 9223372036854775808N`},
	{tx.Add(e1, "n", (*int64)(nil)), `tx: item 1 [:db/add :e1 :n nil]: nil is not a value: :n takes a long`},
	{tx.Add(e1, "s", status("up")), `+:s "up"`},
	{tx.Add(e1, "s", db.Keyword("up")), `tx: item 1 [:db/add :e1 :s :up]: :s takes a string, not :up`},
	{tx.Add(e1, "s", "\xff"), "tx: item 1 [:db/add :e1 :s \"�\"]: :s takes a string of valid UTF-8, not \"�\""},
	{tx.Add(e1, "v/kw", "up"), `tx: item 1 [:db/add :e1 :v/kw "up"]: :v/kw takes a keyword, not "up": write a keyword, in Go db.Keyword("up")`},
	{tx.Add(e1, "v/kw", db.Keyword("up")), `+:v/kw :up`},
	{tx.Add(e1, "v/sym", db.Symbol("up")), `+:v/sym up`},
	{tx.Add(e1, "v/bool", false), `+:v/bool false`},
	{tx.Add(e1, "v/big", big.NewInt(1)), `+:v/big 1`},
	{tx.Add(e1, "v/float", float32(1.5)), `+:v/float #float 1.5`},
	{tx.Add(e1, "v/double", 1.5), `+:v/double 1.5`},
	{tx.Add(e1, "v/dec", db.Decimal{Unscaled: big.NewInt(150), Scale: 2}), `+:v/dec 1.50M`},
	{tx.Add(e1, "v/inst", time.Date(2020, 1, 1, 1, 0, 0, 999, time.FixedZone("", 3600))), `+:v/inst #inst "2020-01-01T00:00:00.000Z"`},
	{tx.Add(e1, "v/uuid", key{15: 1}), `+:v/uuid #uuid "00000000-0000-0000-0000-000000000001"`},
	{tx.Add(e1, "v/uri", db.URI("http://a.org")), `+:v/uri #uri "http://a.org"`},
	{tx.Add(e1, "v/bytes", []byte("a")), `+:v/bytes #bytes "YQ=="`},
	{tx.Add(e1, "v/bytes", digest{}), `+:v/bytes #bytes "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="`},
	{tx.Add(e1, "v/two", db.Tuple{db.Lookup("k1", "a"), nil}), `+:v/two [17592186045419 nil]`},
	{tx.Map{"db/id": e1, "v/two": []any{e1, "x"}}, `+:v/two [17592186045419 "x"]`},
	{tx.Map{"db/id": e1, "v/twos": []db.Tuple{{1, 2}, {1, nil}}}, "+:v/twos [1 2]\n+:v/twos [1 nil]"},
	{tx.Map{"db/id": e1, "v/twos": db.Tuple{1, 2}}, "+:v/twos [1 2]"},
	{tx.Map{"db/id": e1, "tags": []string{"a", "b"}, "rs": []db.Keyword{"e1"}}, "+:rs :e1\n+:tags \"a\"\n+:tags \"b\""},
	{tx.Map{"db/id": e1, "tags": []status{"a"}, "part": []tx.Map{{"s": "x"}, {"s": "y"}}}, "+:part 17592186045421\n+:s \"x\"\n+:part 17592186045422\n+:s \"y\"\n+:tags \"a\""},
	{tx.Map{"db/id": e1, "part": map[status]any{"s": "x"}}, "+:part 17592186045421\n+:s \"x\""},
	{tx.Map{"db/id": e1, "r": db.T(1000)}, "+:r 13194139534312"},
	{tx.Map{"db/id": e1, ":_r": []any{db.Lookup("k1", "a"), "p"}}, "+:r :e1\n+:r :e1"},
	{tx.Map{"db/id": e1, "r": "p"}, `tx: item 1 {:db/id :e1, :r "p"}: "p" is the value of :r, but nothing is said of it`},
	{tx.Map{"db/id": e1, "r": ":e1"}, `tx: item 1 {:db/id :e1, :r ":e1"}: the string ":e1" names no entity: for an ident write db.Keyword("e1")`},
	{tx.Map{"db/id": e1, "r": []any{"k1", "a"}}, `tx: item 1 {:db/id :e1, :r ["k1" "a"]}: the slice ["k1" "a"] names no entity: for a lookup ref write db.Lookup`},
	{tx.Map{"db/id": nil, "k1": "a", "n": 6}, "+:n 6\n-:n 5"},
	{tx.Map{"db/id": 1.5, "n": 6}, `tx: item 1 {:db/id 1.5, :n 6}: 1.5 names no entity: write an id, a keyword, a lookup ref or, for a tempid, a string`},
	{tx.Map{"s": struct{ A int }{1}}, `tx: item 1: s: a struct { A int } is a struct: give structs to tx.Structs`},
	{tx.Map{"r": tx.Map{"s": make(chan int)}}, `tx: item 1: r: s: no value has the Go type chan int`},
	{tx.Map{"r": map[int]string{1: "x"}}, `tx: item 1: r: a map of an entity has the type tx.Map, not map[int]string`},
	{tx.Map{"rs": inItself()}, `tx: item 1: data nests deeper than 256: does it contain itself?`},
	{tx.List{db.Symbol("db/add"), e1, "n", 6}, "+:n 6\n-:n 5"},
	{tx.List{"db/add", e1, "n", 6}, `tx: item 1 ["db/add" :e1 "n" 6]: "db/add" is no operation: a list begins with a keyword such as :db/add`},
	{tx.Retract(e1, "n", 5), "-:n 5"},
	{tx.Retract(e1, "n"), "-:n 5"},
	{tx.CAS(e1, "n", 5, nil), `tx: item 1 [:db/cas :e1 :n 5 nil]: the new value is nil: to end the value of :n retract it`},
	{tx.All(tx.Add(e1, "n", 6), nil), `tx: item 2: data is nil`},
	{tx.All(tx.All(), tx.EDN("[]")), ``},
	{tx.EDN("nil"), `tx: 1:1: transaction data is a vector of maps and lists, not nil`},
	{tx.EDN(""), `tx: 1:1: the text holds no form`},
	{tx.All(tx.Add(e1, "n", 6), tx.EDN("[\n [:db/add :e1 :m 1]]")), `tx: item 2 at 2:2 [:db/add :e1 :m 1]: unknown attribute :m (did you mean :n?)`},
	{tx.Func(nil), `tx: item 1: a Func is nil`},
}

func TestGoValues(t *testing.T) {
	snap := given(t, given(t, empty(t), tx.EDN(vectors)).After, tx.EDN(kinds)).After
	snap = given(t, snap, tx.EDN(`[{:db/ident :e1 :k1 "a" :n 5}]`)).After
	for _, c := range goValues {
		if got := said(snap, c.data); got != c.want {
			t.Errorf("%v\n got: %s\nwant: %s", c.data, got, c.want)
		}
	}
}

// TestFunctions calls functions that return data, nothing, functions, errors, or that panic.
func TestFunctions(t *testing.T) {
	snap := given(t, empty(t), tx.EDN(vectors)).After
	snap = given(t, snap, tx.EDN(`[{:db/ident :e1 :n 5}]`)).After
	returns := func(data tx.Data, err error) tx.Func {
		return func(_ context.Context, before *db.Snapshot) (tx.Data, error) {
			if before != snap {
				t.Error("a function sees another snapshot than the one before")
			}
			return data, err
		}
	}
	oops := errors.New("oops")
	for _, c := range []struct {
		data tx.Data
		want string
	}{
		{returns(tx.Add(db.Keyword("e1"), "n", 6), nil), "+:n 6\n-:n 5"},
		{returns(nil, nil), ""},
		{returns(returns(tx.EDN(`[[:db/add ":e1" :n 7]]`), nil), nil), "+:n 7\n-:n 5"},
		{tx.All(returns(tx.Map{"db/id": "x", "k1": "new"}, nil), tx.Map{"db/id": "x", "n": 1}), "+:k1 \"new\"\n+:n 1"},
		{returns(nil, oops), "tx: item 1 [func]: oops"},
		{tx.All(tx.Add("x", "n", 1), returns(tx.Add("x", "m", 1), nil)), `tx: item 2 [:db/add "x" :m 1]: unknown attribute :m (did you mean :n?)`},
		{tx.All(tx.Add("x", "n", 1), returns(tx.EDN(`[1`), nil)), `tx: item 2 [func]: 1:1: [ is never closed`},
		{tx.Func(func(context.Context, *db.Snapshot) (tx.Data, error) { panic("boom") }), "tx: item 1 [func]: the function panicked: boom"},
	} {
		if got := said(snap, c.data); got != c.want {
			t.Errorf("got: %s\nwant: %s", got, c.want)
		}
	}
	if _, err := tx.With(context.Background(), snap, returns(nil, oops)); !errors.Is(err, oops) {
		t.Error(err)
	}
}

// TestContext ends a context before, and within, a transaction.
func TestContext(t *testing.T) {
	snap := given(t, empty(t), tx.EDN(vectors)).After
	ctx, cancel := context.WithCancel(context.Background())
	_, err := tx.With(ctx, snap, tx.Func(func(context.Context, *db.Snapshot) (tx.Data, error) {
		cancel()
		return tx.Add("x", "k1", "a"), nil
	}))
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err = tx.With(ctx, snap, tx.Add("x", "n", 1)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestManyAtOnce makes one transaction of the same data in many goroutines, on one snapshot and on a connection.
func TestManyAtOnce(t *testing.T) {
	conn := open(t)
	given := tx.All(tx.EDN(`[{:db/ident :e1} [:db/add "datomic.tx" :db/doc "d"]]`), tx.Map{"db/ident": e1, "db/doc": "d"},
		tx.Func(func(context.Context, *db.Snapshot) (tx.Data, error) { return tx.Map{"db/ident": db.Keyword("e2")}, nil }))
	snap := conn.Snapshot()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			rep, err := tx.With(context.Background(), snap, given)
			if err != nil || len(rep.Datoms) != 5 {
				t.Error(rep, err)
			}
			if _, err := tx.Transact(context.Background(), conn, given); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n, err := conn.Snapshot().Count(context.Background(), db.AEVT, "db/doc"); n != 9 || err != nil {
		t.Error(n, err)
	}
}

// TestCreated tells the ids of the items that have none, in their order, with 0 for one that says nothing.
func TestCreated(t *testing.T) {
	snap := given(t, empty(t), tx.EDN(vectors)).After
	snap = given(t, snap, tx.EDN(`[{:db/ident :e1 :k1 "a"}]`)).After
	rep := given(t, snap, tx.Map{"k1": "b"}, tx.Map{"k1": "a"}, tx.Map{}, tx.Map{"db/id": "x", "n": 1}, tx.Add("y", "n", 2),
		tx.Func(func(context.Context, *db.Snapshot) (tx.Data, error) {
			return tx.Map{"k1": "c", "part": tx.Map{"n": 1}}, nil
		}))
	e1, _ := snap.EntID(context.Background(), db.Keyword("e1"))
	want := []db.ID{e1 + 2, e1, 0, e1 + 5}
	if !slices.Equal(rep.Created, want) {
		t.Errorf("%v, not %v", rep.Created, want)
	}
}

// TestDataIsCopied changes data after it was given.
func TestDataIsCopied(t *testing.T) {
	snap := given(t, given(t, empty(t), tx.EDN(vectors)).After, tx.EDN(kinds)).After
	b, n := []byte("a"), big.NewInt(1)
	m := tx.Map{"v/bytes": b, "v/big": n, "tags": []string{"a"}}
	got := said(snap, tx.All(m, tx.Func(func(context.Context, *db.Snapshot) (tx.Data, error) {
		b[0] = 'x'
		n.SetInt64(9)
		m["tags"].([]string)[0] = "x"
		return nil, nil
	})))
	if want := "+:tags \"a\"\n+:v/big 1\n+:v/bytes #bytes \"YQ==\""; got != want {
		t.Errorf("%s\nnot %s", got, want)
	}
}

type part struct {
	Label string `datom:"part/label"`
	Parts []part `datom:"part/parts,component"`
}

type every struct {
	ID      db.ID       `datom:"db/id"`
	Doc     string      `datom:"db/doc"`
	S       string      `datom:"x/s,identity"`
	Named   status      `datom:"x/named,unique,noindex"`
	B       bool        `datom:"x/b,nohistory"`
	PB      *bool       `datom:"x/pb"`
	I       int32       `datom:"x/i"`
	U       uint64      `datom:"x/u,many"`
	Big     *big.Int    `datom:"x/big"`
	F       float32     `datom:"x/f"`
	D       float64     `datom:"x/d"`
	Dec     db.Decimal  `datom:"x/dec"`
	At      time.Time   `datom:"x/at"`
	UUID    key         `datom:"x/uuid"`
	K       db.Keyword  `datom:"x/k"`
	Sym     db.Symbol   `datom:"x/sym"`
	URI     db.URI      `datom:"x/uri"`
	Ref     db.ID       `datom:"x/ref"`
	Tx      db.T        `datom:"x/tx"`
	Bytes   []byte      `datom:"x/bytes"`
	Many    [][]byte    `datom:"x/many"`
	Bigs    []*big.Int  `datom:"x/bigs"`
	Tuple   db.Tuple    `datom:"x/tuple"`
	Part    *part       `datom:"x/part,component"`
	Parts   []part      `datom:"x/parts,component"`
	Owners  []*every    `datom:"x/_owned"`
	Owned   *every      `datom:"x/owned"`
	Skipped chan int    `datom:"-"`
	Plain   map[int]int // no tag
}

// TestEveryKindOfField writes a struct with a field of every kind, by the schema of its own tags.
func TestEveryKindOfField(t *testing.T) {
	snap := given(t, empty(t), tx.Schema[every](), tx.EDN(`[{:db/ident :x/tuple :db/valueType :db.type/tuple :db/tupleType :db.type/long}]`)).After
	if again := said(snap, tx.Schema[*every](), tx.Schema[part]()); again != "" {
		t.Error(again)
	}
	no := false
	x := &every{S: "s", Named: "n", PB: &no, I: 1, U: 1 << 62, Big: big.NewInt(2), F: 1.5, D: 2.5, Dec: db.Decimal{Unscaled: big.NewInt(15), Scale: 1},
		At: clock, UUID: key{1}, K: "a/b", Sym: "a/b", URI: "u", Ref: 5, Tx: 1000, Bytes: []byte{1}, Many: [][]byte{{2}, {}},
		Bigs: []*big.Int{nil, big.NewInt(3)}, Tuple: db.Tuple{1, nil}, Part: &part{Label: "p"},
		Parts:  []part{{Label: "q", Parts: []part{{Label: "r"}}}, {Label: "s"}},
		Owners: []*every{{S: "owner"}, nil}, Owned: &every{S: "owned"}, Doc: "d"}
	want := `+:db/doc "d"
+:x/s "s"
+:x/named "n"
+:x/pb false
+:x/i 1
+:x/u 4611686018427387904
+:x/big 2
+:x/f #float 1.5
+:x/d 2.5
+:x/dec 1.5M
+:x/at #inst "2030-01-01T00:00:00.000Z"
+:x/uuid #uuid "01000000-0000-0000-0000-000000000000"
+:x/k :a/b
+:x/sym a/b
+:x/uri #uri "u"
+:x/ref 5
+:x/tx 13194139534312
+:x/bytes #bytes "AQ=="
+:x/many #bytes "Ag=="
+:x/many #bytes ""
+:x/bigs 3
+:x/tuple [1 nil]
+:x/part 17592186045420
+:part/label "p"
+:x/parts 17592186045421
+:part/label "q"
+:part/parts 17592186045422
+:part/label "r"
+:x/parts 17592186045423
+:part/label "s"
+:x/owned 17592186045418
+:x/s "owner"
+:x/owned 17592186045425
+:x/s "owned"`
	if got := said(snap, tx.Structs(x)); edited(got) != edited(want) {
		t.Errorf("%s\nnot\n%s", got, want)
	}
}

// edited leaves out the numbers of new entities.
func edited(text string) string {
	for n := db.ID(17592186045400); n < 17592186045440; n++ {
		text = strings.ReplaceAll(text, fmt.Sprint(int64(n)), "new")
	}
	return text
}

type wrongField struct {
	C chan int `datom:"x/c"`
}

type endless struct {
	Name string   `datom:"x/name,identity"`
	Next *endless `datom:"x/next"`
}

// TestWrongStructs gives what is no struct, or has fields that no value is made of.
func TestWrongStructs(t *testing.T) {
	snap := given(t, empty(t), tx.Schema[endless]()).After
	ring := &endless{Name: "a"}
	ring.Next = ring
	for _, c := range []struct {
		data tx.Data
		want string
	}{
		{tx.Structs(1), "tx: item 1: tx.Structs takes structs or pointers to them, not int"},
		{tx.Structs(endless{Name: "a"}, nil), "tx: item 2: tx.Structs takes structs or pointers to them, not nil"},
		{tx.Structs((*endless)(nil)), "tx: item 1: tx.Structs takes structs or pointers to them, not a nil *tx_test.endless"},
		{tx.Structs(wrongField{}), "tx: item 1: wrongField.C: no value has the Go type chan int"},
		{tx.Schema[wrongField](), "tx: item 1: wrongField.C: no value has the Go type chan int"},
		{tx.Schema[int](), "tx: item 1: int: is not a struct"},
		{tx.Structs(ring), "tx: item 1: data nests deeper than 256: does it contain itself?"},
		{tx.Structs(&endless{Name: "a", Next: &endless{Name: "b"}}), "+:x/name \"a\"\n+:x/next 17592186045419\n+:x/name \"b\""},
	} {
		if got := said(snap, c.data); got != c.want {
			t.Errorf("got: %s\nwant: %s", got, c.want)
		}
	}
}

// TestErrorsHaveCodes sees that errors of each way to be wrong can be told apart, and name their place.
func TestErrorsHaveCodes(t *testing.T) {
	snap := given(t, empty(t), tx.EDN(vectors)).After
	snap = given(t, snap, tx.EDN(`[{:db/ident :e1 :k1 "a" :n 5} {:db/ident :e2}]`)).After
	for text, kind := range map[string]error{
		`[[:db/add :e1 :m 1]]`:                                          db.ErrUnknownAttribute,
		`[[:db/add :e9 :n 1]]`:                                          db.ErrNotAnEntity,
		`[[:db/add :e1 :n "1"]]`:                                        db.ErrWrongType,
		`[[:db/add :e1 :n nil]]`:                                        db.ErrNil,
		`[[:db/add [:n 1] :n 1]]`:                                       db.ErrNotUnique,
		`[[:db/add :e1 :e1 1]]`:                                         tx.ErrNotAnAttribute,
		`[[:db/add 99999999999999 :n 1]]`:                               tx.ErrEntityID,
		`[[:db/add :e2 :k1 "a"]]`:                                       tx.ErrUniqueConflict,
		`[[:db/add :e2 :n 1] [:db/add :e2 :n 2]]`:                       tx.ErrConflict,
		`[{:db/ident :x :db/valueType :db.type/ref :db/fulltext true}]`: db.ErrNotBuilt,
		`[{:db/ident :x :db/cardinality :db.cardinality/one}]`:          tx.ErrInstall,
		`[`: edn.ErrSyntax,
	} {
		_, err := tx.With(context.Background(), snap, tx.EDN(text))
		if refused := (*tx.Error)(nil); !errors.Is(err, kind) || !errors.As(err, &refused) || refused.Line != 1 {
			t.Errorf("%s: %v is no %v", text, err, kind)
		}
	}
}
