package index

import (
	"math/rand"
	"slices"
	"testing"

	"github.com/datolite/datolite/internal/soak"
)

// Commits of which the large ones are pieces of their own, and the small ones share pieces that fill up, come to what one piece of all
// comes to, whether their facts come in order, almost, or not at all.
func TestCommitsOfAllSizesAreThatOfTheModel(t *testing.T) {
	soak.Run(t, 1, 4, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		h, open, disorder := &history{}, map[Fact]int{}, []int{1, 3, 1 << 20}[rng.Intn(3)]
		var l Levels
		for next := 0; len(h.facts) < 2*spare; {
			h.newest++
			facts := []Fact{{E: h.newest, A: 3, V: Long(int64(h.newest)), Tx: h.newest}}
			open[Fact{E: h.newest, A: 3, V: Long(int64(h.newest))}] = len(h.facts)
			h.facts = append(h.facts, facts[0])
			for range []int{1, 40, bulky, 3 * bulky}[rng.Intn(4)] {
				next++
				key := Fact{E: 1<<30 + ID(next/5*1000+rng.Intn(disorder)), A: ID(1 + rng.Intn(5)), V: Long(int64(rng.Intn(100)))}
				if rng.Intn(200) == 0 {
					key = h.facts[rng.Intn(len(h.facts))]
					key.Tx, key.End = 0, 0
				}
				i, held := open[key]
				switch f := &h.facts[max(0, i)]; {
				case held && f.Tx == h.newest: // said already
				case held:
					f.End = h.newest
					delete(open, key)
					facts = append(facts, *f)
				default:
					open[key] = len(h.facts)
					key.Tx = h.newest
					h.facts, facts = append(h.facts, key), append(facts, key)
				}
			}
			l = l.Push(NewRun(facts, testAttrs{}))
		}
		if rng.Intn(2) == 0 {
			slices.Reverse(h.facts)
		}
		for _, o := range []Order{EAVT, AVET} {
			checkScan(t, l, h, o, All, View{Basis: h.newest, History: true})
		}
	})
}
