package db

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/datolite/datolite/index"
)

// epoch is where the clock of tests stands.
var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func testEnv() *env { return &env{clock: func() time.Time { return epoch }} }

// A maker makes commits by hand: it keeps what the transactor would look up.
type maker struct {
	t    testing.TB
	snap *Snapshot
	at   time.Time
	log  []Commit
}

func newMaker(t testing.TB) *maker {
	return &maker{t: t, snap: genesis(testEnv()), at: epoch}
}

// An op asserts a value, or retracts it where minus is set.
type op struct {
	e     ID
	attr  string
	v     any
	minus bool
}

func add(e ID, attr string, v any) op     { return op{e, attr, v, false} }
func retract(e ID, attr string, v any) op { return op{e, attr, v, true} }

// commit applies a transaction that takes the ids that follow it.
func (m *maker) commit(ops ...op) *Report {
	m.t.Helper()
	c := m.facts(ops)
	rep, err := m.snap.Apply(c)
	if err != nil {
		m.t.Fatal(err)
	}
	m.snap, m.log = rep.After, append(m.log, c)
	return rep
}

// facts returns the commit of ops: of attributes that have one value, the old one is ended.
func (m *maker) facts(ops []op) Commit {
	m.t.Helper()
	c := Commit{T: m.snap.NextT(), Instant: m.at, NextT: m.snap.NextT() + 10, NextElement: m.snap.NextElement()}
	for _, o := range ops {
		a, ok := m.snap.Schema().Named(o.attr)
		if !ok {
			m.t.Fatal("no attribute", o.attr)
		}
		v, err := a.Value(o.v)
		if err != nil {
			m.t.Fatal(err)
		}
		for d := range m.all(EAVT, o.e, a.ID) {
			if (d.V == v) == o.minus {
				c.Facts = append(c.Facts, index.Fact{E: d.E, A: d.A, V: d.V, Tx: d.Tx, End: index.TxID(c.T)})
			}
		}
		if !o.minus {
			c.Facts = append(c.Facts, index.Fact{E: o.e, A: a.ID, V: v, Tx: index.TxID(c.T)})
		}
		if o.e.Part() == index.PartDB {
			c.NextElement = max(c.NextElement, o.e+1)
		}
	}
	return c
}

func (m *maker) all(o Order, components ...any) func(func(Datom) bool) {
	return slices.Values(collect(m.t, m.snap, o, components...))
}

// define makes an attribute of a type, and returns it.
func (m *maker) define(name string, t ValueType, more ...op) ID {
	id := m.snap.NextElement()
	ops := []op{add(id, "db/ident", Keyword(name)), add(id, "db/valueType", t.ID()), add(id, "db/cardinality", ID(35))}
	for _, o := range more {
		o.e = id
		ops = append(ops, o)
	}
	m.commit(ops...)
	return id
}

func collect(t testing.TB, r Reader, o Order, components ...any) []Datom {
	t.Helper()
	var out []Datom
	for d, err := range r.Datoms(context.Background(), o, components...) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}

// events prints datoms as "+5@1010".
func events(datoms []Datom) string {
	text := ""
	for _, d := range datoms {
		sign := map[bool]string{true: "+", false: "-"}[d.Added]
		text += fmt.Sprintf("%s%v@%d ", sign, d.V.Any(), int64(d.Tx.T()))
	}
	return text
}
