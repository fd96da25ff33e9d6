package index

import (
	"bytes"
	"slices"
	"unsafe"
)

// A Batch is a stretch of datoms in columns, as the operators above read them. All columns have the length of E. It is valid
// until the next one is asked for, and must not be changed: its columns may be those of a segment.
type Batch struct {
	E  []ID
	A  []ID
	V  Vector
	Tx []ID
	// Added is nil where every datom is an assertion, which is so on every view but history.
	Added []bool
	// Of tells for each datom which of the keys it belongs to, where the cursor is one of ScanKeys; else it is nil.
	Of []uint32
}

// Len returns how many datoms the batch holds.
func (b *Batch) Len() int { return len(b.E) }

// Datom returns the i-th datom.
func (b *Batch) Datom(i int) Datom {
	return Datom{E: b.E[i], A: b.A[i], V: b.V.At(i), Tx: b.Tx[i], Added: b.Added == nil || b.Added[i]}
}

// A Vector is a column of values. Where all have one kind, Kinds is nil and Kind tells it. Words holds those that are numbers
// of a word (booleans, longs and references, floats, doubles, instants), Texts the others; a column that holds none of one of
// them may have nil there. The texts of a batch may still be packed, or coded as AppendCoded does, and Texts nil then: AppendTexts brings them
// out.
type Vector struct {
	Kind  Kind
	Kinds []Kind
	Words []uint64
	Texts []string

	packed packedTexts // instead of Texts, in the columns of a block
	coded  codedTexts  // instead of Texts
}

// At returns the i-th value.
func (v *Vector) At(i int) Value {
	out := Value{kind: v.Kind}
	if v.Kinds != nil {
		out.kind = v.Kinds[i]
	}
	if v.Words != nil {
		out.word = v.Words[i]
	}
	out.text = v.text(i)
	return out
}

// text returns the text of the i-th value, which is empty for one of a word.
func (v *Vector) text(i int) string {
	switch {
	case v.Texts != nil:
		return v.Texts[i]
	case v.packed.spans != nil:
		return v.packed.at(i)
	case v.coded.dict != nil:
		return v.coded.dict.texts[v.coded.of[i]]
	}
	return ""
}

// Append appends a value.
func (v *Vector) Append(x Value) {
	v.Spell()
	n := v.Len()
	if n == 0 && v.Kinds == nil {
		v.Kind = x.kind
	}
	if v.Kinds == nil && v.Kind != x.kind {
		v.Kinds = slices.Repeat([]Kind{v.Kind}, n)
	}
	if v.Kinds != nil {
		v.Kinds = append(v.Kinds, x.kind)
	}
	if v.Words != nil || x.kind.oneWord() {
		v.Words = append(padded(v.Words, n), x.word)
	}
	if v.Texts != nil || !x.kind.oneWord() {
		v.Texts = append(padded(v.Texts, n), x.text)
	}
}

// padded returns a column of n zeros where there was none yet.
func padded[T any](column []T, n int) []T {
	if column == nil {
		return make([]T, n)
	}
	return column
}

// oneWord reports whether values of the kind are held in Words.
func (k Kind) oneWord() bool {
	switch k {
	case KindBool, KindLong, KindFloat, KindDouble, KindInstant:
		return true
	}
	return false
}

// Slice returns the values from i to j, sharing memory.
func (v *Vector) Slice(i, j int) Vector {
	out := Vector{Kind: v.Kind}
	if v.Kinds != nil {
		out.Kinds = v.Kinds[i:j:j]
	}
	if v.Words != nil {
		out.Words = v.Words[i:j:j]
	}
	if v.Texts != nil {
		out.Texts = v.Texts[i:j:j]
	} else if v.packed.spans != nil {
		out.packed = v.packed.slice(i, j)
	} else if v.coded.dict != nil {
		out.coded = codedTexts{v.coded.of[i:j:j], v.coded.dict}
	}
	return out
}

// AppendTexts appends the texts at some places, or all of them where places is nil. The texts themselves are not copied.
func (v *Vector) AppendTexts(to []string, places []int32) []string {
	packed := v.packed.spans != nil
	switch {
	case v.coded.dict != nil:
		to = v.coded.append(to, places)
	case places == nil && packed:
		n := len(to)
		to = append(to, make([]string, len(v.packed.spans))...)
		v.packed.gather(to[n:], 0)
	case places == nil:
		to = append(to, v.Texts...)
	case packed:
		for _, p := range places {
			to = append(to, v.packed.at(int(p)))
		}
	default:
		for _, p := range places {
			to = append(to, v.Texts[p])
		}
	}
	return to
}

// Pick returns the values at some places in a column of its own, with its texts in Texts unless they are coded. The texts themselves are not
// copied.
func (v *Vector) Pick(places []int32) Vector {
	out := Vector{Kind: v.Kind, Kinds: pickRows(v.Kinds, places), Words: pickRows(v.Words, places), Texts: pickRows(v.Texts, places)}
	switch {
	case v.packed.spans != nil:
		out.Texts = v.AppendTexts(make([]string, 0, len(places)), places)
	case v.coded.dict != nil:
		out.coded = codedTexts{pickRows(v.coded.of, places), v.coded.dict}
	}
	return out
}

// pickRows returns the rows of a column at some places, nil of one that is not there.
func pickRows[T any](from []T, places []int32) []T {
	if from == nil {
		return nil
	}
	out := make([]T, len(places))
	for k, place := range places {
		out[k] = from[place]
	}
	return out
}

// Len returns how many values the vector holds.
func (v *Vector) Len() int {
	return max(len(v.Kinds), len(v.Words), len(v.Texts), len(v.packed.spans), len(v.coded.of))
}

// narrow turns a vector with Kinds into one without where all values have one kind.
func (v *Vector) narrow() {
	if uniform(v.Kinds) {
		v.narrowTo(v.Kinds[0])
	}
}

// narrowTo turns a vector with Kinds whose values all have one kind into one without.
func (v *Vector) narrowTo(kind Kind) {
	v.Kind, v.Kinds = kind, nil
	if v.Kind.oneWord() {
		v.Texts, v.packed, v.coded = nil, packedTexts{}, codedTexts{}
	} else if v.Texts != nil || v.packed.spans != nil || v.IsCoded() {
		v.Words = nil
	}
}

// uniform reports whether all kinds of a column, which are not none, are one: each equals the next.
func uniform(kinds []Kind) bool {
	b := unsafe.Slice((*byte)(&kinds[0]), len(kinds))
	return bytes.Equal(b[1:], b[:len(b)-1])
}
