package index

import "testing"

// law: a cut with a smaller sign comes first, in every order, also where values are equal as numbers and not of one kind.
func TestSignsAscendWithCuts(t *testing.T) {
	sure := func(v Value, _ error) Value { return v }
	values := []Value{Long(0), sure(Double(0)), Long(1), sure(Double(1)), Long(1 << 60), Long(1<<60 + 1), sure(String("")), sure(String("abcdefgh")), sure(String("abcdefghi")), Bool(true)}
	var cuts []Cut
	for _, v := range values {
		for a := ID(1); a < 3; a++ {
			key := Fact{E: 10 - a, A: a, V: v}
			for parts := range 4 {
				cuts = append(cuts, Cut{Parts: parts, Key: key}, Cut{Parts: parts, Key: key, After: true})
			}
		}
	}
	compared := 0
	for o := EAVT; o <= VAET; o++ {
		for i := range cuts {
			for j := range cuts {
				one, known := cuts[i].sign(o)
				other, alsoKnown := cuts[j].sign(o)
				if !known || !alsoKnown || one.less(other) == 0 {
					continue
				}
				if compared++; cuts[i].compare(o, &cuts[j]) >= 0 {
					t.Errorf("in order %v the sign of %+v is smaller than that of %+v, which does not come behind it", o, cuts[i], cuts[j])
				}
			}
		}
	}
	if compared < 10_000 {
		t.Errorf("%d pairs were compared", compared)
	}
}
