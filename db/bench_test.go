package db

import (
	"context"
	"fmt"
	"testing"

	"github.com/datolite/datolite/index"
)

// crowd returns a database of n people, in transactions of a hundred.
func crowd(b *testing.B, n int) *Snapshot {
	m := newMaker(b)
	name := m.define("person/name", TypeString, add(0, "db/unique", ID(38)))
	born := m.define("person/born", TypeLong)
	s := m.snap
	for i := 0; i < n; i += 100 {
		c := next(s)
		for j := i; j < i+100; j++ {
			v, _ := index.String(fmt.Sprintf("name %d", j))
			c.Facts = append(c.Facts, fact(c, j, name, v), fact(c, j, born, index.Long(int64(j))))
		}
		rep, err := s.Apply(c)
		if err != nil {
			b.Fatal(err)
		}
		s = rep.After
	}
	return s
}

func next(s *Snapshot) Commit {
	return Commit{T: s.NextT(), Instant: epoch, NextT: s.NextT() + 1, NextElement: s.NextElement()}
}

func fact(c Commit, i int, a ID, v Value) index.Fact {
	return index.Fact{E: index.NewID(index.PartUser, T(1_000_000+i)), A: a, V: v, Tx: index.TxID(c.T)}
}

func BenchmarkApply(b *testing.B) {
	for _, n := range []int{1, 5, 100} {
		b.Run(fmt.Sprintf("facts=%d", n), func(b *testing.B) {
			s := crowd(b, 10_000)
			facts := make([]index.Fact, n)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				c := next(s)
				for j := range facts {
					facts[j] = fact(c, 100_000+i*n+j, 1001, index.Long(int64(i)))
				}
				c.Facts = facts
				rep, err := s.Apply(c)
				if err != nil {
					b.Fatal(err)
				}
				s = rep.After
				s.publish()
			}
		})
	}
}

// BenchmarkApplyAlone applies to one snapshot again and again, so that merging runs costs little.
func BenchmarkApplyAlone(b *testing.B) {
	s := crowd(b, 10_000)
	c := next(s)
	for i := range 5 {
		c.Facts = append(c.Facts, fact(c, 100_000+i, 1001, index.Long(int64(i))))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Apply(c); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEntity(b *testing.B) {
	s := crowd(b, 10_000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		e, err := s.Entity(context.Background(), index.NewID(index.PartUser, T(1_000_000+i%10_000)))
		if err != nil || !e.Exists() {
			b.Fatal(e, err)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	s := crowd(b, 10_000)
	names := make([]any, 10_000)
	for i := range names {
		names[i] = fmt.Sprintf("name %d", i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := s.EntID(context.Background(), Lookup("person/name", names[i%10_000])); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNamed(b *testing.B) {
	s := crowd(b, 100).Schema()
	for b.Loop() {
		if _, ok := s.Named("person/born"); !ok {
			b.Fatal("no attribute")
		}
	}
}

// BenchmarkApplyIdent names one new entity in each transaction.
func BenchmarkApplyIdent(b *testing.B) {
	s := crowd(b, 100)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c := next(s)
		c.Facts = []index.Fact{fact(c, i, attrIdent, keyword(fmt.Sprintf("enum/e%d", i)))}
		rep, err := s.Apply(c)
		if err != nil {
			b.Fatal(err)
		}
		s = rep.After
		s.publish()
	}
}
