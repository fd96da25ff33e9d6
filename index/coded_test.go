package index

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestCodedColumns appends texts from plain, packed and coded columns, all of them and some, and reads them back in every way: a coded column
// says what a plain one would.
func TestCodedColumns(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	coded, plain := 0, 0
	for round := range 200 {
		kinds := 1 + rng.IntN(3)*40
		var v Vector
		var want []string
		for range 1 + rng.IntN(8) {
			w, texts := someTexts(t, rng, kinds)
			var places []int32
			if rng.IntN(2) == 0 {
				for range rng.IntN(40) {
					places = append(places, int32(rng.IntN(len(texts))))
				}
				texts = pickRows(texts, places)
			}
			if len(texts) == 0 {
				continue
			}
			if !v.AppendCoded(w, places) {
				v.Spell()
				v.Kind, v.Texts = KindString, w.AppendTexts(v.Texts, places)
			}
			want = append(want, texts...)
		}
		if v.IsCoded() {
			coded++
		} else {
			plain++
		}
		checkTexts(t, fmt.Sprint("round ", round), &v, want)
		if len(want) > 3 {
			part, picked := v.Slice(1, 3), v.Pick([]int32{2, 0, 2})
			checkTexts(t, "slice", &part, want[1:3])
			checkTexts(t, "pick", &picked, []string{want[2], want[0], want[2]})
		}
		of, dict := v.Codes()
		for i, code := range of {
			if dict[code] != want[i] || slices.Index(dict, want[i]) != int(code) {
				t.Fatalf("the number of %q is %d in %q", want[i], code, dict)
			}
		}
		v.Append(Value{kind: KindString, text: "one more"})
		checkTexts(t, "append", &v, append(want, "one more"))
	}
	if coded == 0 || plain == 0 {
		t.Errorf("%d columns came out coded, %d plain: want both", coded, plain)
	}
}

// someTexts returns a column of texts, plain, packed or coded, beside what is in it.
func someTexts(t *testing.T, rng *rand.Rand, kinds int) (*Vector, []string) {
	texts := make([]string, 1+rng.IntN(60))
	for i := range texts {
		if n := rng.IntN(kinds); n > 0 {
			texts[i] = fmt.Sprint("text ", n)
		}
	}
	v := &Vector{Kind: KindString, Texts: texts}
	switch rng.IntN(3) {
	case 0:
		in := &input{rest: new(packer).appendTexts(nil, texts)}
		v = &Vector{Kind: KindString}
		if v.packed.spans = v.packed.unpack(in, len(texts)); in.bad {
			t.Fatal("what was packed does not unpack")
		}
	case 1:
		c := &Vector{}
		if c.AppendCoded(v, nil) {
			v = c
		}
	}
	return v, texts
}

func checkTexts(t *testing.T, what string, v *Vector, want []string) {
	t.Helper()
	if got := v.AppendTexts(nil, nil); !slices.Equal(got, want) || v.Len() != len(want) {
		t.Fatalf("%s: %q (%d), want %q", what, got, v.Len(), want)
	}
	for i, text := range want {
		if v.At(i) != (Value{kind: KindString, text: text}) {
			t.Fatalf("%s: value %d is %v, want %q", what, i, v.At(i), text)
		}
	}
}
