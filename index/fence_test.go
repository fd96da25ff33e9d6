package index

import (
	"context"
	"fmt"
	"math/rand"
	"testing"
)

// TestFencesFindWhatIsThere finds every key of a run that is long enough for fences, and keys beside them: values that begin alike, that many
// facts have, and none.
func TestFencesFindWhatIsThere(t *testing.T) {
	rng := rand.New(rand.NewSource(7))
	var facts []Fact
	for i := range 4 * fenced {
		f := Fact{E: ID(2 * (i / 4)), A: ID(100 + i%4), Tx: 1 << 50}
		switch i % 4 {
		case 0:
			f.V = Long(int64(2 * rng.Intn(fenced)))
		case 1:
			f.V = mustOf(fmt.Sprintf("begins alike %d", rng.Intn(fenced)))
		case 2:
			f.V = mustOf(fmt.Sprint(rng.Intn(3)))
		case 3:
			f.V = Ref(ID(2 * rng.Intn(50)))
		}
		facts = append(facts, f)
	}
	f := Levels{}.Push(NewRun(facts, allIn{})).Finder(context.Background(), &View{Basis: 1 << 51})
	for o := EAVT; o <= VAET; o++ {
		counts := map[string]int{}
		name := func(f *Fact, parts int) string { return fmt.Sprintf("%d %+v", parts, keyOf(o, f, parts)) }
		for i := range facts {
			for parts := 1; parts <= 3; parts++ {
				counts[name(&facts[i], parts)]++
			}
		}
		for range 500 {
			key := facts[rng.Intn(len(facts))]
			if rng.Intn(3) == 0 {
				key.E, key.V = key.E+ID(rng.Intn(2)), mustOf(int64(rng.Intn(2*fenced)))
			}
			parts := 1 + rng.Intn(3)
			if err := f.Find(o, parts, key); err != nil || f.Len() != counts[name(&key, parts)] {
				t.Fatalf("%v of %d parts of %+v: %d, want %d: %v", o, parts, key, f.Len(), counts[name(&key, parts)], err)
			}
		}
	}
	if s := f.levels.runs[0].part(current); s.orders[AVET].fence == nil || s.orders[VAET].fence == nil || s.orders[AEVT].fence == nil {
		t.Error("there is no fence")
	}
}

// allIn is of attributes that are in every order.
type allIn struct{}

func (allIn) Indexed(ID) bool { return true }
func (allIn) IsRef(ID) bool   { return true }

// keyOf returns the components of a fact that a key of an order has.
func keyOf(o Order, f *Fact, parts int) (key Fact) {
	for _, component := range []byte(sequences[o][:parts]) {
		switch component {
		case 'E':
			key.E = f.E
		case 'A':
			key.A = f.A
		case 'V':
			key.V = f.V
		}
	}
	return key
}
