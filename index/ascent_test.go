package index

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/datolite/datolite/internal/soak"
)

// What is laid down in ascents is what sorting makes of it: large commits of new entities, the facts of each in some order, and small commits
// before, behind and between them. Where one reaches into another, nothing is laid down.
func TestAscentsAreSorted(t *testing.T) {
	soak.Run(t, 8, 60, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		var pieces []piece
		n, texts, reaches := 0, 0, false
		add := func(p piece) {
			pieces = append(pieces, p)
			n += len(p.facts)
			for i := range p.facts {
				texts += len(p.facts[i].V.text)
			}
		}
		for i := range 1 + rng.Intn(4) {
			tx, e := TxID(T(1000*i)), 1<<50+ID(i)*1000_000
			add(smallPiece(rng, tx, 1<<50+ID(rng.Intn(5))*1000_000-10))
			if i > 0 && rng.Intn(8) == 0 {
				e -= 1000_000 - 100
				reaches = true
			}
			add(largePiece(rng, e, tx))
		}
		r, want := &Run{size: n, text: texts, bottom: rng.Intn(2) == 0}, &Run{size: n, text: texts}
		want.bottom = r.bottom
		want.sortPieces(pieces)
		if laid := r.layAscents(pieces); laid == reaches {
			t.Fatalf("laid down: %t, and one reaches into another: %t", laid, reaches)
		} else if laid {
			sameParts(t, r, want)
		}
	})
}

// smallPiece returns some facts of a few entities from e on, and others that ended.
func smallPiece(rng *rand.Rand, tx, e ID) piece {
	p := piece{}
	for range rng.Intn(20) {
		f := Fact{E: e + ID(rng.Intn(5)), A: ID(rng.Intn(3)), V: Long(int64(rng.Intn(3))), Tx: tx - ID(rng.Intn(2))}
		p.add(f, inAVET)
		if f.End = tx; rng.Intn(2) == 0 {
			p.add(f, inAVET)
		}
	}
	return p
}

// largePiece returns facts of new entities from e on.
func largePiece(rng *rand.Rand, e, tx ID) piece {
	p, texts := piece{}, rng.Intn(2) == 0
	for ; len(p.facts) < bulky; e += 1 + ID(rng.Intn(3)) {
		for a := range 1 + rng.Intn(nearby) {
			v := Long(int64(rng.Intn(100)))
			if a%2 == 1 && texts {
				v = mustText(fmt.Sprint(rng.Intn(100)))
			}
			p.add(Fact{E: e, A: ID(a), V: v, Tx: tx}, membership(rng.Intn(4)))
		}
		if some := p.facts[max(0, len(p.facts)-3):]; rng.Intn(4) == 0 && some[0].E == e {
			slices.Reverse(some)
			slices.Reverse(p.in[len(p.facts)-len(some):])
		}
	}
	return p
}

func mustText(s string) Value {
	v, err := String(s)
	if err != nil {
		panic(err)
	}
	return v
}

func sameParts(t *testing.T, got, want *Run) {
	t.Helper()
	for k := range got.parts {
		g, w := got.parts[k], want.parts[k]
		if g.len() != w.len() {
			t.Fatalf("part %d has %d facts, want %d", k, g.len(), w.len())
		}
		for i := range g.len() {
			if *g.fact(i) != *w.fact(i) || g.in[i] != w.in[i] {
				t.Fatalf("fact %d of part %d is %v, want %v", i, k, *g.fact(i), *w.fact(i))
			}
		}
	}
}
