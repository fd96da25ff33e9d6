package index

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"
)

// millionFacts returns 1M facts of people, a thousand to a transaction.
func millionFacts() []Fact { return slices.Concat(people(200_000, 200)...) }

func growMillion(b *testing.B, facts []Fact) (*Level, *shelf) {
	b.Helper()
	s := newShelf()
	l := Levels{}.Push(NewRun(facts, peopleAttrs{}))
	level, err := l.Grown(b.Context(), Growth{Newest: facts[len(facts)-1].Tx, To: s, From: s, Cache: NewCache(1 << 30)})
	if err != nil {
		b.Fatal(err)
	}
	return level[0], s
}

// BenchmarkGrow sorts 1M facts and makes their trees.
func BenchmarkGrow(b *testing.B) {
	facts, bytes := millionFacts(), 0
	for b.Loop() {
		_, s := growMillion(b, facts)
		bytes = 0
		for _, segment := range s.segments {
			bytes += len(segment)
		}
	}
	b.ReportMetric(float64(bytes)/float64(len(facts)), "B/datom")
	b.ReportMetric(float64(len(facts))*float64(b.N)/b.Elapsed().Seconds(), "datoms/s")
}

// BenchmarkLevelScan reads all facts of a level of 1M in an order, out of a store in memory and out of the cache.
func BenchmarkLevelScan(b *testing.B) {
	level, s := growMillion(b, millionFacts())
	for _, cached := range []bool{false, true} {
		for _, o := range []Order{EAVT, AVET} {
			b.Run(fmt.Sprintf("%v/cached=%v", o, cached), func(b *testing.B) {
				n := 0
				for b.Loop() {
					l := Levels{stored: []*Level{level}}
					if !cached {
						cold, err := DecodeLevel(level.Encode(nil), s, NewCache(1<<30))
						if err != nil {
							b.Fatal(err)
						}
						l.stored = []*Level{cold}
					}
					n = drain(b, l.Scan(b.Context(), o, All, now))
				}
				b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "datoms/s")
			})
		}
	}
}

// BenchmarkLevelPoint reads the facts of one entity out of a level of 1M.
func BenchmarkLevelPoint(b *testing.B) {
	facts, rng := millionFacts(), rand.New(rand.NewSource(2))
	level, _ := growMillion(b, facts)
	l := Levels{stored: []*Level{level}}
	b.ReportAllocs()
	for b.Loop() {
		e := facts[rng.Intn(len(facts))].E
		if n := drain(b, l.Scan(b.Context(), EAVT, Prefix(1, Fact{E: e}), now)); n != 5 {
			b.Fatalf("%d facts", n)
		}
	}
}

// BenchmarkLevelFind finds what a level of 1M has of one entity, of one of its attributes, and of a value.
func BenchmarkLevelFind(b *testing.B) {
	facts, rng := millionFacts(), rand.New(rand.NewSource(2))
	for i := range facts {
		if facts[i].A == 100 {
			facts[i].V = mustOf(fmt.Sprintf("name %d", i))
		}
	}
	level, _ := growMillion(b, facts)
	l := Levels{stored: []*Level{level}}
	for _, c := range []struct {
		name         string
		order        Order
		parts, found int
	}{{"entity", EAVT, 1, 5}, {"attribute", EAVT, 2, 1}, {"value", AVET, 2, 1}} {
		for range 2 {
			drain(b, l.Scan(b.Context(), c.order, All, now))
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f := l.Finder(b.Context(), &now)
				if err := f.Find(c.order, c.parts, facts[5*rng.Intn(len(facts)/5)]); err != nil || f.Len() != c.found {
					b.Fatalf("%d facts, %v", f.Len(), err)
				}
			}
		})
	}
}

// BenchmarkHotSet reads entities of a tenth of a level of 1M by chance, while somebody scans all of it again and again, with a cache that
// holds about a quarter of it: the leaves that are read again and again stay.
func BenchmarkHotSet(b *testing.B) {
	facts, rng := millionFacts(), rand.New(rand.NewSource(2))
	level, s := growMillion(b, facts)
	cache := NewCache(16 << 20)
	cold, err := DecodeLevel(level.Encode(nil), s, cache)
	if err != nil {
		b.Fatal(err)
	}
	l, hot := Levels{stored: []*Level{cold}}, facts[:len(facts)/10]
	hits, misses := 0, 0
	for b.Loop() {
		for range 100 {
			e := hot[rng.Intn(len(hot))].E
			before := cache.Stats()
			if n := drain(b, l.Scan(b.Context(), EAVT, Prefix(1, Fact{E: e}), now)); n != 5 {
				b.Fatalf("%d facts", n)
			}
			after := cache.Stats()
			hits, misses = hits+after.Hits-before.Hits, misses+after.Misses-before.Misses
		}
		drain(b, l.Scan(b.Context(), AEVT, Prefix(1, Fact{A: ID(100 + rng.Intn(5))}), now))
	}
	b.ReportMetric(100*float64(hits)/float64(hits+misses), "%hits")
}
