package index

import "slices"

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
// them may have nil there.
type Vector struct {
	Kind  Kind
	Kinds []Kind
	Words []uint64
	Texts []string

	packed packedTexts // instead of Texts, in the columns of a block
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
	switch {
	case v.Texts != nil:
		out.text = v.Texts[i]
	case v.packed.spans != nil:
		out.text = v.packed.at(i)
	}
	return out
}

// Append appends a value.
func (v *Vector) Append(x Value) {
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

// Slice returns the values from i to j, sharing memory. Texts that are packed come out of it.
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
		out.Texts = make([]string, j-i)
		v.packed.gather(out.Texts, i)
	}
	return out
}

// Len returns how many values the vector holds.
func (v *Vector) Len() int { return max(len(v.Kinds), len(v.Words), len(v.Texts)) }

// narrow turns a vector with Kinds into one without where all values have one kind.
func (v *Vector) narrow() {
	for _, k := range v.Kinds {
		if k != v.Kinds[0] {
			return
		}
	}
	v.Kind, v.Kinds = v.Kinds[0], nil
	if v.Kind.oneWord() {
		v.Texts = nil
	} else if v.Texts != nil {
		v.Words = nil
	}
}
