package query_test

import (
	"testing"

	"github.com/datolite/datolite/db"
)

// lineage is the genealogy in arrays by number of person, as a program keeps it that answers two questions and no others.
type lineage struct {
	ids        []db.ID
	advisor    []int32 // of the person's thesis; −1 where it has none
	university []int32
	area       []int32
}

// lineageOf reads the genealogy of a snapshot, in which no thesis has several advisors and no person several theses.
func lineageOf(b *testing.B, snap *db.Snapshot) *lineage {
	b.Helper()
	out := &lineage{}
	each := func(attr string, take func(e, v db.ID)) {
		for d, err := range snap.Datoms(b.Context(), db.AEVT, attr) {
			if err != nil {
				b.Fatal(err)
			}
			take(d.E, d.V.Ref())
		}
	}
	number, of := map[db.ID]int32{}, map[db.ID]int32{}
	each("person/name", func(e, _ db.ID) {
		number[e] = int32(len(out.ids))
		out.ids, out.advisor = append(out.ids, e), append(out.advisor, -1)
		out.university, out.area = append(out.university, 0), append(out.area, 0)
	})
	each("thesis/by", func(e, v db.ID) { of[e] = number[v] })
	each("thesis/university", func(e, v db.ID) { out.university[of[e]] = int32(v) })
	each("thesis/area", func(e, v db.ID) { out.area[of[e]] = int32(v) })
	each("person/advised", func(e, v db.ID) { out.advisor[of[v]] = number[e] })
	return out
}

// sameUniversity returns the pairs of advisor and advised whose theses are of one university.
func (l *lineage) sameUniversity() (out []pair) {
	for p, a := range l.advisor {
		if a >= 0 && l.university[a] == l.university[p] {
			out = append(out, pair{l.ids[a], l.ids[p]})
		}
	}
	return out
}

// otherArea returns those whose theses are of two areas.
func (l *lineage) otherArea() []pair {
	out := make([]pair, 0, len(l.ids))
	for p, a := range l.advisor {
		if a >= 0 && l.area[a] != l.area[p] {
			out = append(out, pair{l.ids[a], l.ids[p]})
		}
	}
	return out
}

// BenchmarkGenealogyByHand is what BenchmarkGenealogy asks of a database, answered by loops over arrays: the limit of what a database can reach.
func BenchmarkGenealogyByHand(b *testing.B) {
	l := lineageOf(b, filled(b, true, genealogySchema, genealogy()...))
	for _, c := range []struct {
		name   string
		answer func() []pair
		rows   int
	}{{"same university", l.sameUniversity, 987}, {"other area", l.otherArea, 220_230}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			rows := 0
			for b.Loop() {
				rows = len(c.answer())
			}
			if rows != c.rows {
				b.Fatalf("%d rows, not %d", rows, c.rows)
			}
		})
	}
}
