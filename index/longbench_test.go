package index

import (
	"math/rand"
	"testing"
)

// longFacts returns the facts of n entities with a text of a kilobyte each, in no order, of which so many bytes are alike.
func longFacts(n, alike int) []Fact {
	rng := rand.New(rand.NewSource(1))
	text := make([]byte, 1000)
	var facts []Fact
	for i := range n {
		for k := range text {
			if i == 0 || k >= alike {
				text[k] = byte(' ' + rng.Intn(95))
			}
		}
		facts = append(facts, Fact{E: NewID(PartUser, T(1000+i)), A: 100, V: mustOf(string(text)), Tx: TxID(T(1000 + i/1000))})
	}
	return facts
}

// BenchmarkLong grows a level of 20,000 long values, grows it by as many again, scans it in an order and looks for values in it.
func BenchmarkLong(b *testing.B) {
	facts := longFacts(40_000, 100)
	newest, half := facts[len(facts)-1].Tx, len(facts)/2
	grow := func(b *testing.B, l Levels, s *shelf, cache *Cache) *Level {
		levels, err := l.Grown(b.Context(), Growth{Newest: newest, To: s, From: s, Cache: cache, Unique: func(ID) bool { return true }})
		if err != nil {
			b.Fatal(err)
		}
		return levels[0]
	}
	s := newShelf()
	level := grow(b, Levels{}.Push(NewRun(facts[:half], peopleAttrs{})), s, NewCache(1<<30))
	bytes := 0
	for _, segment := range s.segments {
		bytes += len(segment)
	}
	b.Run("Grow", func(b *testing.B) {
		for b.Loop() {
			grow(b, Levels{}.Push(NewRun(facts[:half], peopleAttrs{})), newShelf(), NewCache(1<<30))
		}
		b.ReportMetric(float64(bytes)/float64(half), "B/datom")
	})
	b.Run("GrowMore", func(b *testing.B) {
		for b.Loop() {
			grow(b, Levels{stored: []*Level{level}}.Push(NewRun(facts[half:], peopleAttrs{})), s, NewCache(1<<30))
		}
	})
	for _, cached := range []bool{false, true} {
		for _, o := range []Order{EAVT, AEVT, AVET} {
			b.Run(o.String()+map[bool]string{true: "/cached", false: "/cold"}[cached], func(b *testing.B) {
				for b.Loop() {
					if !cached {
						level = decoded(b, [][]byte{level.Encode(nil)}, s).stored[0]
						level.cache = NewCache(1 << 30)
					}
					drain(b, Levels{stored: []*Level{level}}.Scan(b.Context(), o, All, now))
				}
				perFact(b, half)
			})
		}
	}
	rng := rand.New(rand.NewSource(2))
	b.Run("Lookup", func(b *testing.B) {
		for b.Loop() {
			f := facts[rng.Intn(half)]
			if d, ok, err := (Levels{stored: []*Level{level}}).First(b.Context(), AVET, Prefix(2, Fact{A: 100, V: f.V}), now); !ok || d.E != f.E || err != nil {
				b.Fatal(d, ok, err)
			}
		}
	})
}
