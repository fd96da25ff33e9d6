package query_test

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/internal/tag"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/tx"
)

type label string

type key16 [16]byte

type stamp struct {
	By db.Symbol `datom:"stamp/by"`
}

// A wide has a field of every kind.
type wide struct {
	ID db.ID `datom:"db/id"`
	stamp
	Name   string      `datom:"wide/name,identity"`
	Alias  label       `datom:"wide/alias,unique"`
	Flag   bool        `datom:"wide/flag"`
	Maybe  *bool       `datom:"wide/maybe"`
	I      int         `datom:"wide/i,noindex"`
	I8     int8        `datom:"wide/i8"`
	U32    uint32      `datom:"wide/u32,nohistory"`
	U64    *uint64     `datom:"wide/u64"`
	Big    *big.Int    `datom:"wide/big"`
	F      float32     `datom:"wide/f"`
	D      float64     `datom:"wide/d"`
	Dec    *db.Decimal `datom:"wide/dec"`
	At     time.Time   `datom:"wide/at"`
	UUID   db.UUID     `datom:"wide/uuid"`
	Key    key16       `datom:"wide/key"`
	K      db.Keyword  `datom:"wide/k"`
	Sym    db.Symbol   `datom:"wide/sym"`
	URI    db.URI      `datom:"wide/uri"`
	Bytes  []byte      `datom:"wide/bytes"`
	Ref    db.ID       `datom:"wide/ref"`
	Tx     db.T        `datom:"wide/tx"`
	Text   *string     `datom:"wide/text"`
	Ints   []int16     `datom:"wide/ints"`
	Texts  []string    `datom:"wide/texts"`
	Times  []time.Time `datom:"wide/times"`
	Raws   [][]byte    `datom:"wide/raws"`
	Refs   []db.ID     `datom:"wide/refs"`
	Bigs   []*big.Int  `datom:"wide/bigs"`
	One    int         `datom:"wide/one,many"`
	Part   *wide       `datom:"wide/part,component"`
	Parts  []wide      `datom:"wide/parts,component"`
	Friend *wide       `datom:"wide/friend"`
	Whole  *whole      `datom:"wide/_in"`
	More   *more       `datom:"wide/more,component"`
}

// A more has what is not in wide: tuples, lists and pointers of every kind of value.
type more struct {
	ID      db.ID        `datom:"db/id"`
	Pair    db.Tuple     `datom:"more/pair"`
	Eight   *db.Tuple    `datom:"more/eight"`
	Tuples  []db.Tuple   `datom:"more/tuples"`
	Flags   []bool       `datom:"more/flags"`
	Floats  []float32    `datom:"more/floats"`
	Doubles []float64    `datom:"more/doubles"`
	Decs    []db.Decimal `datom:"more/decs"`
	UUIDs   []db.UUID    `datom:"more/uuids"`
	Keys    []db.Keyword `datom:"more/keys"`
	Syms    []db.Symbol  `datom:"more/syms"`
	URIs    []db.URI     `datom:"more/uris"`
	Labels  []label      `datom:"more/labels"`
	Behind  []*int64     `datom:"more/behind"`
	Friends []*whole     `datom:"more/friends"`
	F       *float32     `datom:"more/f"`
	D       *float64     `datom:"more/d"`
	At      *time.Time   `datom:"more/at"`
	UUID    *db.UUID     `datom:"more/uuid"`
	K       *db.Keyword  `datom:"more/k"`
	Sym     *db.Symbol   `datom:"more/sym"`
	URI     *db.URI      `datom:"more/uri"`
	Ref     *db.ID       `datom:"more/ref"`
	Bytes   *[]byte      `datom:"more/bytes"`
	Dec     db.Decimal   `datom:"more/dec"`
	Alone   int          `datom:"more/alone"`
}

// moreTuples describes the tuples of more, which no tag can.
const moreTuples = `[
	{:db/ident :more/pair :db/valueType :db.type/tuple :db/tupleTypes [:db.type/ref :db.type/string]}
	{:db/ident :more/eight :db/valueType :db.type/tuple :db/tupleTypes
	 [:db.type/bigdec :db.type/bigint :db.type/double :db.type/instant :db.type/keyword :db.type/uuid :db.type/symbol :db.type/boolean]}
	{:db/ident :more/tuples :db/valueType :db.type/tuple :db/tupleType :db.type/long :db/cardinality :db.cardinality/many}]`

// A whole is what refers to a wide.
type whole struct {
	Name string `datom:"whole/name,identity"`
	In   db.ID  `datom:"wide/in"`
}

type maker struct {
	*rand.Rand
	ids  []db.ID
	txs  []db.T
	made int
}

func some[T any](m *maker, make func() T) (out T) {
	if m.IntN(3) > 0 {
		out = make()
	}
	return out
}

func pointer[T any](m *maker, make func() T) *T {
	if m.IntN(2) == 0 {
		return nil
	}
	v := make()
	return &v
}

func several[T any](m *maker, make func() T) []T {
	var out []T
	for range m.IntN(4) {
		out = append(out, make())
	}
	return out
}

func (m *maker) text() string {
	return []string{"", "a", "Ada", "élan", "\x00", "x y", "\U0001F600"}[m.IntN(7)]
}
func (m *maker) name() string { m.made++; return "n" + string(rune('0'+m.made)) + m.text() }
func (m *maker) time() time.Time {
	return time.UnixMilli(m.Int64N(1<<42) - 1<<41).UTC()
}
func (m *maker) bytes() []byte {
	b := make([]byte, 1+m.IntN(5))
	for i := range b {
		b[i] = byte(m.IntN(256))
	}
	return b
}
func (m *maker) big() *big.Int {
	return new(big.Int).Mul(big.NewInt(m.Int64N(9)-4), new(big.Int).Lsh(big.NewInt(1), uint(m.IntN(90))))
}
func (m *maker) id() db.ID { return m.ids[m.IntN(len(m.ids))] }

func (m *maker) wide(depth int) wide {
	w := wide{
		Name:  m.name(),
		Alias: label(m.name()),
		Flag:  m.IntN(2) == 0,
		Maybe: pointer(m, func() bool { return m.IntN(2) == 0 }),
		I:     some(m, func() int { return int(m.Int64()) - math.MaxInt/2 }),
		I8:    int8(m.IntN(256) - 128),
		U32:   some(m, m.Uint32),
		U64:   pointer(m, func() uint64 { return m.Uint64() >> 1 }),
		Big:   some(m, m.big),
		F:     some(m, m.Float32),
		D:     some(m, func() float64 { return []float64{math.Inf(1), 1e300, -0.5, m.Float64()}[m.IntN(4)] }),
		Dec:   pointer(m, func() db.Decimal { return db.Decimal{Unscaled: m.big(), Scale: int32(m.IntN(5) - 2)} }),
		At:    some(m, m.time),
		UUID:  some(m, func() db.UUID { return db.UUID{byte(m.IntN(256)), 15: byte(m.IntN(256))} }),
		Key:   some(m, func() key16 { return key16{1, 2, byte(m.IntN(256))} }),
		K:     some(m, func() db.Keyword { return []db.Keyword{"a", "b/c"}[m.IntN(2)] }),
		Sym:   some(m, func() db.Symbol { return []db.Symbol{"a", "b/c"}[m.IntN(2)] }),
		URI:   some(m, func() db.URI { return "http://example.com/" }),
		Bytes: some(m, m.bytes),
		Ref:   some(m, m.id),
		Tx:    some(m, func() db.T { return m.txs[m.IntN(len(m.txs))] }),
		Text:  pointer(m, m.text),
		Ints:  several(m, func() int16 { return int16(m.IntN(9) - 4) }),
		Texts: several(m, m.text),
		Times: several(m, m.time),
		Raws:  several(m, m.bytes),
		Refs:  several(m, m.id),
		Bigs:  several(m, m.big),
		One:   some(m, func() int { return m.IntN(9) }),
		stamp: stamp{some(m, func() db.Symbol { return "ada" })},
	}
	if depth > 0 {
		w.Part = pointer(m, func() wide { return m.wide(depth - 1) })
		w.Friend = pointer(m, func() wide { return m.wide(depth - 1) })
		w.Parts = several(m, func() wide { return m.wide(depth - 1) })
		w.Whole = pointer(m, func() whole { return whole{Name: m.name()} })
	}
	w.More = pointer(m, m.more)
	return w
}

func (m *maker) more() more {
	key := func() db.Keyword { return []db.Keyword{"a", "b/c", "b/a"}[m.IntN(3)] }
	sym := func() db.Symbol { return []db.Symbol{"a", "b/c", "?x"}[m.IntN(3)] }
	uri := func() db.URI { return []db.URI{"http://example.com/", "urn:a"}[m.IntN(2)] }
	uuid := func() db.UUID { return db.UUID{byte(m.IntN(256)), 15: byte(m.IntN(2))} }
	dec := func() db.Decimal { return db.Decimal{Unscaled: m.big(), Scale: int32(m.IntN(5) - 2)} }
	return more{
		Pair:    some(m, func() db.Tuple { return db.Tuple{orNothing(m, m.id), orNothing(m, m.text)} }),
		Eight:   pointer(m, func() db.Tuple { return m.eight(dec, key, uuid, sym) }),
		Tuples:  several(m, m.longs),
		Flags:   several(m, func() bool { return m.IntN(2) == 0 }),
		Floats:  several(m, m.Float32),
		Doubles: several(m, m.NormFloat64),
		Decs:    several(m, dec),
		UUIDs:   several(m, uuid),
		Keys:    several(m, key),
		Syms:    several(m, sym),
		URIs:    several(m, uri),
		Labels:  several(m, func() label { return label(m.text()) }),
		Behind:  several(m, func() *int64 { n := m.Int64(); return &n }),
		Friends: several(m, func() *whole { return &whole{Name: m.name()} }),
		F:       pointer(m, m.Float32),
		D:       pointer(m, m.NormFloat64),
		At:      pointer(m, m.time),
		UUID:    pointer(m, uuid),
		K:       pointer(m, key),
		Sym:     pointer(m, sym),
		URI:     pointer(m, uri),
		Ref:     pointer(m, m.id),
		Bytes:   pointer(m, m.bytes),
		Dec:     some(m, dec),
		Alone:   1,
	}
}

func (m *maker) eight(dec func() db.Decimal, key func() db.Keyword, uuid func() db.UUID, sym func() db.Symbol) db.Tuple {
	return db.Tuple{orNothing(m, dec), orNothing(m, m.huge), orNothing(m, m.NormFloat64), orNothing(m, m.time), orNothing(m, key),
		orNothing(m, uuid), orNothing(m, sym), orNothing(m, func() bool { return m.IntN(2) == 0 })}
}

// longs returns a tuple of two to eight longs.
func (m *maker) longs() db.Tuple {
	out := make(db.Tuple, 2+m.IntN(7))
	for i := range out {
		out[i] = orNothing(m, func() int64 { return m.Int64N(5) - 2 })
	}
	return out
}

// huge returns an integer that is no long: a smaller one in a tuple comes back as a long.
func (m *maker) huge() *big.Int { return new(big.Int).Lsh(big.NewInt(1+m.Int64N(9)), 70) }

// orNothing returns what goes in a slot of a tuple, which may be nothing.
func orNothing[T any](m *maker, make func() T) any {
	if m.IntN(3) == 0 {
		return nil
	}
	return make()
}

// settled returns w as a database shows it: without what it gives no sense to.
func settled(w wide) wide {
	w.ID = 0
	w.Ints, w.Texts = asSet(w.Ints, cmp.Compare[int16]), asSet(w.Texts, cmp.Compare[string])
	w.Times, w.Refs = asSet(w.Times, time.Time.Compare), asSet(w.Refs, cmp.Compare[db.ID])
	w.Raws = asSet(w.Raws, slices.Compare[[]byte])
	w.Bigs = asSet(w.Bigs, (*big.Int).Cmp)
	w.Parts = slices.Clone(w.Parts)
	for i := range w.Parts {
		w.Parts[i] = settled(w.Parts[i])
	}
	slices.SortFunc(w.Parts, func(a, b wide) int { return cmp.Compare(a.Name, b.Name) })
	for _, p := range []**wide{&w.Part, &w.Friend} {
		if *p != nil {
			inner := settled(**p)
			*p = &inner
		}
	}
	if w.More != nil {
		inner := settledMore(*w.More)
		w.More = &inner
	}
	if w.Whole != nil {
		w.Whole = &whole{Name: w.Whole.Name} // whose In is the id of w
	}
	return w
}

func settledMore(m more) more {
	m.ID = 0
	m.Tuples = asSet(m.Tuples, func(a, b db.Tuple) int { return cmp.Compare(edn.String(a), edn.String(b)) })
	m.Flags = asSet(m.Flags, func(a, b bool) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	m.Floats, m.Doubles = asSet(m.Floats, cmp.Compare[float32]), asSet(m.Doubles, cmp.Compare[float64])
	m.Decs = asSet(m.Decs, func(a, b db.Decimal) int { return cmp.Or(a.Cmp(b), cmp.Compare(a.Scale, b.Scale)) })
	m.UUIDs = asSet(m.UUIDs, func(a, b db.UUID) int { return slices.Compare(a[:], b[:]) })
	m.Keys, m.Syms, m.URIs = asSet(m.Keys, cmp.Compare[db.Keyword]), asSet(m.Syms, cmp.Compare[db.Symbol]), asSet(m.URIs, cmp.Compare[db.URI])
	m.Labels = asSet(m.Labels, cmp.Compare[label])
	m.Behind = asSet(m.Behind, func(a, b *int64) int { return cmp.Compare(*a, *b) })
	m.Friends = asSet(m.Friends, func(a, b *whole) int { return cmp.Compare(a.Name, b.Name) })
	return m
}

func asSet[T any](list []T, compare func(a, b T) int) []T {
	list = slices.Clone(list)
	slices.SortFunc(list, compare)
	return slices.CompactFunc(list, func(a, b T) bool { return compare(a, b) == 0 })
}

var sameValues = gocmp.Options{
	gocmp.Comparer(func(a, b *big.Int) bool { return a == b || a != nil && b != nil && a.Cmp(b) == 0 }),
	gocmp.AllowUnexported(wide{}),
	gocmp.Comparer(func(a, b stamp) bool { return a == b }),
}

// law: what is pulled into a struct is what was written, for every kind of field.
func TestPullReturnsWhatWasWritten(t *testing.T) {
	base := with(t, start(t), tx.Schema[wide](), tx.Schema[whole](), tx.EDN(moreTuples))
	soak.Run(t, 30, 150, func(t *testing.T, seed int64) {
		m := &maker{Rand: rand.New(rand.NewPCG(uint64(seed), 0)), txs: []db.T{base.T}, ids: []db.ID{base.Tx, 5, 1 << 44, 1<<44 + 1}}
		want := m.wide(2)
		rep := with(t, base.After, tx.Structs(want))
		got, err := query.Pull[wide](context.Background(), rep.After, rep.Created[0])
		if err != nil {
			t.Fatal(err)
		}
		if got.ID != rep.Created[0] {
			t.Errorf("db/id is %d, not %d", got.ID, rep.Created[0])
		}
		if diff := gocmp.Diff(settled(want), settled(got), sameValues); diff != "" {
			t.Fatal(diff)
		}
		again := with(t, rep.After, tx.Structs(got))
		if len(again.Datoms) != 1 {
			t.Errorf("writing what was read changes %d datoms", len(again.Datoms)-1)
		}
		by, err := query.Pull[*wide](context.Background(), rep.After, db.Lookup("wide/name", want.Name))
		if diff := gocmp.Diff(got, *by, sameValues); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

// The law above is tried with every type of value: as it is, in a list, and behind a pointer.
func TestWideIsWide(t *testing.T) {
	tried := map[string]bool{}
	for _, typ := range []reflect.Type{reflect.TypeFor[wide](), reflect.TypeFor[more]()} {
		s, err := tag.Of(typ)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range s.Fields {
			how := map[bool]string{true: "many ", false: ""}[f.Slice] + map[bool]string{true: "pointer ", false: ""}[f.Pointer]
			tried[how+f.Type] = true
		}
	}
	for _, typ := range strings.Fields("string boolean long bigint float double bigdec instant uuid keyword symbol uri ref bytes tuple") {
		for _, how := range []string{"", "many ", "pointer "} {
			if !tried[how+typ] && how+typ != "pointer bigint" { // a *big.Int is a value, not a pointer to one
				t.Errorf("no field is a %s%s", how, typ)
			}
		}
	}
}
