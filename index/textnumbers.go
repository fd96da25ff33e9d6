package index

// TextNumbers gives texts numbers, from 0 on, in the order in which they first come. The zero TextNumbers has none yet. It is for one goroutine,
// and keeps the texts as they lie, so it must not outlive what they are part of: a database.
type TextNumbers struct{ dict dictionary }

// Append appends the numbers of the values of v, which are texts of one kind, at some places, or of all where places is nil. It reports false,
// and appends nothing, where the values are something else.
func (n *TextNumbers) Append(to []uint32, v *Vector, places []int32) ([]uint32, bool) {
	if v.Kinds != nil || v.Words != nil || v.Kind.oneWord() {
		return to, false
	}
	if n.dict.numbers == nil {
		n.dict.numbers = map[string]uint32{}
	}
	count := len(places)
	if places == nil {
		count = v.Len()
	}
	return n.dict.append(to, v, places, count), true
}

// Texts returns the texts, by number. They must not be changed.
func (n *TextNumbers) Texts() []string { return n.dict.texts }
