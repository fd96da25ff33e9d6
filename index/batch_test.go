package index

import (
	"math/rand"
	"slices"
	"testing"

	"github.com/datolite/datolite/internal/soak"
)

// law: a vector holds what was appended, and so does a slice of it.
func TestVectorHoldsWhatWasAppended(t *testing.T) {
	soak.Run(t, 100, 1000, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		pool := nastyValues
		if rng.Intn(2) == 0 { // of one kind, often
			pool = []Value{mustOf("a"), mustOf("b"), mustOf("")}
		}
		var v Vector
		var want []Value
		for range rng.Intn(20) {
			x := pool[rng.Intn(len(pool))]
			v.Append(x)
			want = append(want, x)
		}
		i := rng.Intn(len(want) + 1)
		j := i + rng.Intn(len(want)+1-i)
		part := v.Slice(i, j)
		if v.Len() != len(want) || !slices.Equal(values(&part), want[i:j]) {
			t.Errorf("from %d to %d: %v, want %v", i, j, values(&part), want[i:j])
		}
	})
}

func values(v *Vector) []Value {
	var out []Value
	for i := range v.Len() {
		out = append(out, v.At(i))
	}
	return out
}

// law: an IDSet is a set.
func TestIDSetIsASet(t *testing.T) {
	soak.Run(t, 20, 200, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		set, model := new(IDSet), map[ID]bool{}
		bases := []ID{0, 4095, NewID(PartUser, 1000), -1, -1 << 63, 1<<63 - 100}
		for range rng.Intn(500) {
			id := bases[rng.Intn(len(bases))] + ID(rng.Intn(100))
			set.Add(id)
			model[id] = true
		}
		var ids []ID
		for _, base := range bases {
			for i := range ID(100) {
				ids = append(ids, base+i)
			}
		}
		for _, id := range ids {
			if set.Has(id) != model[id] {
				t.Fatalf("Has(%d) = %t", id, set.Has(id))
			}
		}
		if set.Len() != len(model) {
			t.Fatalf("Len() = %d, want %d", set.Len(), len(model))
		}
	})
	if none := (*IDSet)(nil); none.Has(1) || none.Len() != 0 {
		t.Error("a nil set is not empty")
	}
}
