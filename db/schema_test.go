package db

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/datolite/datolite/index"
	"github.com/google/go-cmp/cmp"
)

func TestBootstrap(t *testing.T) {
	s := genesis(testEnv())
	if s.T() != 0 || s.NextT() != 1000 || s.NextElement() != 1000 || s.Instant().UnixMilli() != 0 || s.Speculative() {
		t.Errorf("%s: next %s, %d at %s", s, s.NextT(), s.NextElement(), s.Instant())
	}
	for _, c := range []struct {
		id   ID
		name Keyword
	}{{10, "db/ident"}, {36, "db.cardinality/many"}, {50, "db/txInstant"}, {54, "db/retractEntity"}, {55, "db/cas"}, {78, "db.tuple/upsert"}} {
		if name, _ := s.Schema().Ident(c.id); name != c.name {
			t.Errorf("%d is %s, want %s", c.id, name, c.name)
		}
		if got := collect(t, s, EAVT, c.id, attrIdent); len(got) != 1 || got[0].V.Text() != string(c.name) {
			t.Errorf("the facts of %s: %v", c.name, got)
		}
	}
	if id, ok := s.Schema().EntID("db.fn/cas"); id != 55 || !ok {
		t.Errorf("the alias of :db/cas: %d", id)
	}
	installed := collect(t, s, EAVT, partDB, installAttr)
	if n := len(s.Schema().Attributes()); n != len(installed)-1 { // :db/fn, whose type we have not
		t.Errorf("%d attributes, %d installed", n, len(installed))
	}
	if got := collect(t, s, AVET, attrInstant); len(got) != 1 || got[0].E != index.TxID(0) {
		t.Errorf("the instants of the bootstrap: %v", got)
	}
	for _, vt := range valueTypes[TypeString:] {
		if id, _ := s.Schema().EntID(Keyword("db.type/" + vt.name)); id != vt.id {
			t.Errorf("%s is %d, want %d", vt.name, id, vt.id)
		}
	}
}

func TestBootstrapAttributes(t *testing.T) {
	s := genesis(testEnv()).Schema()
	for _, want := range []Attribute{
		{ID: 10, Ident: "db/ident", Type: TypeKeyword, Unique: UniqueIdentity, Indexed: true},
		{ID: 13, Ident: "db.install/attribute", Type: TypeRef, Many: true, Indexed: true},
		{ID: 67, Ident: "db/tupleAttrs", Type: TypeTuple, TupleType: TypeKeyword, Indexed: true},
		{ID: 76, Ident: "db.tx/key", Type: TypeString, Unique: UniqueValue, Indexed: true},
	} {
		got, ok := s.Named(want.Ident.String())
		if !ok || cmp.Diff(want, *got) != "" {
			t.Error(cmp.Diff(&want, got))
		}
	}
}

func TestSchemaGrows(t *testing.T) {
	m := newMaker(t)
	a := m.define("a/ref", TypeRef, add(0, "db/isComponent", true), add(0, "db/cardinality", ID(36)), add(0, "db/index", false))
	before := m.snap
	got, _ := m.snap.Schema().Named("a/ref")
	if want := (&Attribute{ID: a, Ident: "a/ref", Type: TypeRef, Component: true, Many: true}); cmp.Diff(want, got) != "" {
		t.Error(cmp.Diff(want, got))
	}
	m.commit(add(a, "db/ident", Keyword("a/to")), retract(a, "db/isComponent", true), add(a, "db/unique", ID(37)))
	got, _ = m.snap.Schema().Named(":a/ref")
	want := &Attribute{ID: a, Ident: "a/to", Type: TypeRef, Many: true, Unique: UniqueValue, Indexed: true}
	if cmp.Diff(want, got) != "" {
		t.Error(cmp.Diff(want, got))
	}
	if old, _ := before.Schema().Attribute(a); old.Ident != "a/ref" || !old.Component {
		t.Errorf("the schema before has changed: %+v", old)
	}
	b := m.define("a/ref", TypeLong)
	if got, _ := m.snap.Schema().Named("a/ref"); got.ID != b {
		t.Errorf("a name that was given again is that of %d, want %d", got.ID, b)
	}
	if name, _ := m.snap.Schema().Ident(a); name != "a/to" {
		t.Errorf("the renamed attribute is %s", name)
	}
	if schema := m.snap.AsOf(T(1000)).Schema(); schema != m.snap.Schema() {
		t.Error("a view has a schema of its own")
	}
}

func TestTupleSchema(t *testing.T) {
	m := newMaker(t)
	m.define("x", TypeLong)
	m.define("y", TypeRef)
	m.define("xy", TypeTuple, add(0, "db/tupleAttrs", []any{Keyword("x"), Keyword("y")}))
	m.define("pair", TypeTuple, add(0, "db/tupleTypes", []any{Keyword("db.type/string"), Keyword("db.type/ref")}))
	m.define("row", TypeTuple, add(0, "db/tupleType", Keyword("db.type/double")))
	got, _ := m.snap.Schema().Named("xy")
	if !slices.Equal(got.TupleAttrs, []ID{1000, 1001}) || !slices.Equal(got.TupleTypes, []ValueType{TypeLong, TypeRef}) {
		t.Errorf("%+v", got)
	}
	m.define("yx", TypeTuple, add(0, "db/tupleAttrs", []any{Keyword("y"), Keyword("x"), Keyword("y")}), add(0, "db/unique", uniqueValue),
		add(0, "db.tuple/nilsDistinct", true))
	for name, want := range map[string][]ID{"x": {1002, 1005}, "y": {1002, 1005}, "xy": nil} {
		if got, _ := m.snap.Schema().Named(name); !slices.Equal(got.Composites, want) {
			t.Errorf("%+v", got)
		}
	}
	if was, _ := m.snap.Schema().at(m.snap.T() - 1).Named("x"); !slices.Equal(was.Composites, []ID{1002}) {
		t.Errorf("a transaction ago %+v", was)
	}
	yx, _ := m.snap.Schema().Named("yx")
	whole, _ := yx.Value(Tuple{ID(7), 1, ID(7)})
	part, _ := yx.Value(Tuple{ID(7), nil, ID(7)})
	if !yx.Names(whole) || yx.Names(part) || got.Names(whole) {
		t.Error("a tuple without nils alone is unique")
	}
	if got, _ = m.snap.Schema().Named("pair"); !slices.Equal(got.TupleTypes, []ValueType{TypeString, TypeRef}) {
		t.Errorf("%+v", got)
	}
	if got, _ = m.snap.Schema().Named("row"); got.TupleType != TypeDouble {
		t.Errorf("%+v", got)
	}
}

func TestIdentsOutliveRetraction(t *testing.T) {
	m := newMaker(t)
	e := index.NewID(index.PartUser, 2000)
	m.commit(add(e, "db/ident", Keyword("status/on")))
	m.commit(retract(e, "db/ident", Keyword("status/on")))
	if id, ok := m.snap.Schema().EntID("status/on"); id != e || !ok {
		t.Errorf("a retracted ident names %d", id)
	}
	if id, err := m.snap.EntID(context.Background(), Lookup("db/ident", Keyword("status/on"))); id != e || err != nil {
		t.Errorf("a lookup of a retracted ident: %d, %v", id, err)
	}
	m.commit(add(e+1, "db/ident", Keyword("status/on")))
	if id, _ := m.snap.Schema().EntID("status/on"); id != e+1 {
		t.Errorf("a reused ident names %d", id)
	}
	if name, ok := m.snap.Schema().Ident(e); ok {
		t.Errorf("the entity that lost its ident is still %s", name)
	}
}

// law: the schema of a transaction, had again from a later one, is the schema that the transaction returned.
func TestSchemaOfThePast(t *testing.T) {
	m := newMaker(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	var reports []*Report
	for i := range 60 {
		e := ID(1000 + rnd.IntN(12))
		name := Keyword(fmt.Sprintf("a/n%d", rnd.IntN(20)))
		ops := []op{add(e, "db/ident", name), add(e, "db/valueType", valueTypes[1+rnd.IntN(12)].id)}
		if i%3 == 0 {
			ops = []op{add(index.NewID(index.PartUser, T(2000+i)), "db/ident", name)}
		}
		reports = append(reports, m.commit(ops...))
	}
	for i, rep := range reports {
		again := m.snap.at(m.log[i])
		if diff := cmp.Diff(described(rep.After.Schema()), described(again.Schema())); diff != "" {
			t.Fatalf("the schema of %s: %s", rep.After, diff)
		}
	}
}

// described returns all that a schema answers.
func described(s *Schema) map[string]any {
	all := map[string]any{}
	s.idents.keys(func(k Keyword) bool { all[k.String()], _ = s.EntID(k); return true })
	s.names.keys(func(id ID) bool { all[id.String()], _ = s.Ident(id); return true })
	for _, a := range s.Attributes() {
		all["attribute "+a.ID.String()] = *a
	}
	return all
}

func TestNearest(t *testing.T) {
	m := newMaker(t)
	m.define("person/name", TypeString)
	if near := m.snap.Schema().Nearest(":person/nmae"); near != ":person/name" {
		t.Error(near)
	}
	if near := m.snap.Schema().Nearest("zzzzzzzzzz"); near != "" {
		t.Error(near)
	}
}

func TestLayered(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var l layered[int, int]
	want := map[int]int{}
	for i := range 2000 {
		k := rnd.IntN(1000)
		want[k] = i
		l = l.with(map[int]int{k: i})
	}
	got := map[int]int{}
	l.keys(func(k int) bool {
		if _, twice := got[k]; twice {
			t.Fatal("a key comes twice:", k)
		}
		got[k], _ = l.get(k)
		return true
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(l.layers) > 12 {
		t.Errorf("%d layers for %d keys", len(l.layers), len(want))
	}
}
