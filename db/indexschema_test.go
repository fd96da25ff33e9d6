package db

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/storage/mem"
	"github.com/google/go-cmp/cmp"
)

// randomSchema returns ops that define an attribute, or change what is said of one or two entities with a name.
func (w *world) randomSchema(rnd *rand.Rand) []op {
	ident := func() Keyword { return Keyword(string(rune('a' + rnd.IntN(12)))) }
	attrs := slices.DeleteFunc(w.snap.Schema().Attributes(), func(a *Attribute) bool { return a.ID < firstElement })
	any2 := func() []any { return []any{attrs[rnd.IntN(len(attrs))].Ident, attrs[rnd.IntN(len(attrs))].Ident} }
	id := w.snap.NextElement()
	define := []op{add(id, "db/ident", ident()), add(id, "db/cardinality", ID(35))}
	held := collect(w.t, w.snap, AVET, "db/ident", define[0].v)
	for _, d := range held { // who had the name goes without
		define = append(define, retract(d.E, "db/ident", define[0].v))
	}
	a := attrs[rnd.IntN(len(attrs))].ID
	switch rnd.IntN(9) {
	case 0, 1:
		return append(define, add(id, "db/valueType", TypeLong.ID()), add(id, "db/unique", ID(37+rnd.IntN(2))))
	case 2:
		return append(define, add(id, "db/valueType", TypeTuple.ID()), add(id, "db/tupleAttrs", any2()))
	case 3:
		return append(define, add(id, "db/valueType", TypeRef.ID()), add(id, "db/isComponent", true), add(id, "db/index", false))
	case 4: // a new name
		define[0].e = a
		return append(define[:1], define[2:]...)
	case 5: // a name that is no attribute's
		define[0].e = index.NewID(index.PartUser, T(500+rnd.IntN(3)))
		return append(define[:1], define[2:]...)
	}
	name := []string{"db/noHistory", "db/isComponent", "db/index", "db/unique", "db/cardinality", "db/acyclic", "db.tuple/discontinued",
		"db.tuple/nilsDistinct"}[rnd.IntN(8)]
	v := any(rnd.IntN(2) == 0)
	switch name {
	case "db/unique":
		v = ID(37 + rnd.IntN(2))
	case "db/cardinality":
		v = ID(35 + rnd.IntN(2))
	}
	return []op{{a, name, v, rnd.IntN(3) == 0}}
}

// sameSchema compares all that two schemas tell.
func sameSchema(t *testing.T, what string, want, got *Schema) {
	t.Helper()
	if diff := cmp.Diff(want.Attributes(), got.Attributes()); diff != "" {
		t.Fatal(what, diff)
	}
	tell := func(s *Schema) (lines []string) {
		s.idents.keys(func(k Keyword) bool {
			id, _ := s.EntID(k)
			lines = append(lines, fmt.Sprint(k, id))
			return true
		})
		s.names.keys(func(id ID) bool {
			k, ok := s.Ident(id)
			lines = append(lines, fmt.Sprint(id, k, ok))
			return true
		})
		slices.Sort(lines)
		return lines
	}
	if diff := cmp.Diff(tell(want), tell(got)); diff != "" {
		t.Fatal(what, diff)
	}
}

// law: a database that is opened from an index has the schema of the one that read its log, now and at each transaction.
func TestTheSchemaOfAnIndex(t *testing.T) {
	compared := 0
	soak.Run(t, 3, 8, func(t *testing.T, seed int64) {
		rnd := rand.New(rand.NewPCG(uint64(seed), 5))
		w := newWorld(t, seed, 0)
		for range 10 + rnd.IntN(50) {
			rep := w.commit(w.randomSchema(rnd)...)
			rep.Before.publish()
			rep.After.publish()
			w.reports = append(w.reports, rep)
		}
		store := mem.New()
		conn := openConn(t, store, Options{})
		for _, c := range w.log {
			commit(t, conn, replayOf(c))
			if rnd.IntN(10) == 0 {
				if err := conn.Index(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		peer := openConn(t, store, Options{ReadOnly: true})
		sameSchema(t, "now", w.snap.Schema(), peer.Snapshot().Schema())
		for _, rep := range w.reports {
			compared++
			at, err := peer.At(t.Context(), rep.T)
			if err != nil {
				t.Fatal(err)
			}
			sameSchema(t, rep.T.String(), rep.After.Schema(), at.Schema())
		}
	})
	t.Logf("%d schemas", compared)
}
