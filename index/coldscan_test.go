package index

import "testing"

// A walk that reads ahead asks the store for each leaf once, and the cache too, so that a scan drives out nothing that is read again and again.
func TestAScanReadsEachLeafOnce(t *testing.T) {
	s := newShelf()
	levels, err := pushAll(people(20_000, 200)).Grown(t.Context(), Growth{Newest: 1 << 60, To: s, From: s, Cache: NewCache(1 << 30), Sizes: Sizes{Leaf: 512, Block: 64}})
	if err != nil {
		t.Fatal(err)
	}
	cache := NewCache(1 << 30)
	cold, err := DecodeLevel(levels[0].Encode(nil), s, cache)
	if err != nil {
		t.Fatal(err)
	}
	s.loads = 0
	if n := drain(t, Levels{stored: []*Level{cold}}.Scan(t.Context(), EAVT, All, now)); n != 100_000 {
		t.Fatalf("%d datoms", n)
	}
	if stats := cache.Stats(); stats.Misses != stats.Leaves || stats.Hits != 0 || s.loads > stats.Misses+2 {
		t.Errorf("%+v, and %d loads", stats, s.loads)
	}
}

// BenchmarkColdScan reads all facts of a level of 1M that is not in the cache.
func BenchmarkColdScan(b *testing.B) {
	level, s := growMillion(b, millionFacts())
	for b.Loop() {
		cold, err := DecodeLevel(level.Encode(nil), s, NewCache(1<<30))
		if err != nil {
			b.Fatal(err)
		}
		drain(b, Levels{stored: []*Level{cold}}.Scan(b.Context(), EAVT, All, now))
	}
	b.ReportMetric(1e6*float64(b.N)/b.Elapsed().Seconds(), "datoms/s")
}
