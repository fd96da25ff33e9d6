package index

import (
	"slices"
	"unsafe"
)

// codedTexts is a column of texts as numbers of the distinct ones. The zero codedTexts is none.
type codedTexts struct {
	of   []uint32
	dict *dictionary
}

// A dictionary numbers texts in the order in which they first come. It looks first where a text lies: those of a block of a tree that are
// equal mostly lie in one place.
type dictionary struct {
	texts   []string
	numbers map[string]uint32
	ranks   []uint32 // of the texts among each other, where the dictionary is complete and its first text empty

	block  *byte // whose spans were met
	spans  [256]metSpan
	codes  [fewSpans]uint32 // 1 + the number of the text of each code of the block
	recent [32]metText
	from   *dictionary // whose numbers were put into own ones last
	own    []uint32    // 1 + the number of each text of from; 0 where it is not known
}

// A metSpan is a span of a packed text that was met, and 1 + the number of the text.
type metSpan struct {
	span   uint64
	number uint32
}

// A metText is where a text lies that was met, and 1 + its number.
type metText struct {
	at     *byte
	size   int
	number uint32
}

// A column is coded as long as it has few distinct texts, or not many more than a quarter of its values.
const (
	worthCoding = 16 // values
	fewTexts    = 256
)

// fewPlain is how many values a plain column may have that is still to be coded.
const fewPlain = 64

// AppendCoded appends values of w, those at some places or all where places is nil, to v as numbers of distinct texts. It reports whether it
// did: v must be such a column or have few values, the values must be texts of one kind, and a column that has too many distinct ones becomes plain.
func (v *Vector) AppendCoded(w *Vector, places []int32) bool {
	n := len(places)
	if places == nil {
		n = w.Len()
	}
	first := v.coded.dict == nil
	switch {
	case w.Kinds != nil || w.Words != nil || w.Kind.oneWord() || n == 0:
		return false
	case first && (n+v.Len() < worthCoding || v.Len() > fewPlain || v.Kinds != nil || v.Words != nil || v.packed.spans != nil):
		return false
	case (!first || v.Len() > 0) && v.Kind != w.Kind:
		return false
	case first:
		v.begin(w.Kind)
	}
	d := v.coded.dict
	v.coded.of = d.append(v.coded.of, w, places, n)
	if len(d.texts) > fewTexts && 4*len(d.texts) > len(v.coded.of) {
		v.Spell()
	}
	return true
}

// begin makes a column of texts, which may be empty, a coded one.
func (v *Vector) begin(kind Kind) {
	d := &dictionary{numbers: map[string]uint32{}}
	for _, text := range v.Texts {
		v.coded.of = append(v.coded.of, d.number(text))
	}
	v.Kind, v.Texts, v.coded.dict = kind, nil, d
}

// append appends the numbers of n texts.
func (d *dictionary) append(to []uint32, w *Vector, places []int32, n int) []uint32 {
	to = slices.Grow(to, n)
	switch {
	case w.coded.dict != nil && places == nil:
		d.follow(w.coded.dict)
		to = d.appendCodes(to, w.coded.of)
	case w.coded.dict != nil:
		d.follow(w.coded.dict)
		for _, p := range places {
			to = append(to, d.translate(w.coded.of[p]))
		}
	case w.packed.spans != nil:
		d.enter(&w.packed)
		to = d.appendSpans(to, &w.packed, places)
	case places == nil:
		for _, text := range w.Texts {
			to = append(to, d.number(text))
		}
	default:
		for _, p := range places {
			to = append(to, d.number(w.Texts[p]))
		}
	}
	return to
}

// enter makes ready to number the texts of a block.
func (d *dictionary) enter(p *packedTexts) {
	if block := unsafe.SliceData(p.bytes); block != d.block {
		d.block = block
		clear(d.spans[:])
		clear(d.codes[:])
	}
}

// appendSpans appends the numbers of packed texts; there is room for them.
func (d *dictionary) appendSpans(to []uint32, p *packedTexts, places []int32) []uint32 {
	if places == nil && p.codes != nil {
		return d.appendPackedCodes(to, p)
	}
	if places == nil {
		n := len(to)
		to = to[:n+len(p.spans)]
		for i, span := range p.spans {
			slot := &d.spans[slotOf(span)]
			if slot.span != span || slot.number == 0 {
				*slot = metSpan{span, d.look(p.text(span)) + 1}
			}
			to[n+i] = slot.number - 1
		}
		return to
	}
	for _, at := range places {
		span := p.spans[at]
		slot := &d.spans[slotOf(span)]
		if slot.span != span || slot.number == 0 {
			*slot = metSpan{span, d.look(p.text(span)) + 1}
		}
		to = append(to, slot.number-1)
	}
	return to
}

// appendPackedCodes appends the numbers of packed texts that have codes; there is room for them.
func (d *dictionary) appendPackedCodes(to []uint32, p *packedTexts) []uint32 {
	n := len(to)
	to = to[:n+len(p.spans)]
	for i, code := range p.codes.of[p.from:][:len(p.spans)] {
		number := d.codes[code]
		if number == 0 {
			number = d.look(p.text(p.codes.distinct[code])) + 1
			d.codes[code] = number
		}
		to[n+i] = number - 1
	}
	return to
}

// appendCodes appends the numbers of texts that have others in the dictionary that is followed; there is room for them.
func (d *dictionary) appendCodes(to, codes []uint32) []uint32 {
	n, own := len(to), d.own
	to = to[:n+len(codes)]
	for i, code := range codes {
		number := own[code]
		if number == 0 {
			number = d.translate(code) + 1
		}
		to[n+i] = number - 1
	}
	return to
}

// slotOf returns where a span is looked for, by where it begins.
func slotOf(span uint64) uint8 { return uint8(uint32(span>>32) * 0x9E3779B1 >> 24) }

// number returns the number of a text.
func (d *dictionary) number(text string) uint32 {
	at := unsafe.StringData(text)
	place := uintptr(unsafe.Pointer(at))
	slot := &d.recent[(place^place>>6)%uintptr(len(d.recent))]
	if slot.at == at && slot.size == len(text) && slot.number != 0 {
		return slot.number - 1
	}
	n := d.look(text)
	*slot = metText{at, len(text), n + 1}
	return n
}

// look returns the number of a text, wherever it lies.
func (d *dictionary) look(text string) uint32 {
	n, ok := d.numbers[text]
	if !ok {
		n = uint32(len(d.texts))
		d.texts = append(d.texts, text)
		d.numbers[text] = n
	}
	return n
}

// follow makes ready to translate the numbers of another dictionary.
func (d *dictionary) follow(from *dictionary) {
	if d.from != from {
		d.from, d.own = from, d.own[:0]
	}
	if more := len(from.texts) - len(d.own); more > 0 {
		d.own = append(d.own, make([]uint32, more)...)
	}
}

// translate returns the own number of a text that has another one in the dictionary that is followed.
func (d *dictionary) translate(n uint32) uint32 {
	if d.own[n] == 0 {
		d.own[n] = d.look(d.from.texts[n]) + 1
	}
	return d.own[n] - 1
}

// Codes returns the numbers of the values of a coded column, and the distinct texts that they are numbers of, not all of which must be there;
// nil where the column is not coded.
func (v *Vector) Codes() (of []uint32, texts []string) {
	if v.coded.dict == nil {
		return nil, nil
	}
	return v.coded.of, v.coded.dict.texts
}

// IsCoded reports whether the column is coded.
func (v *Vector) IsCoded() bool { return v.coded.dict != nil }

// Spell makes a coded column plain, with its texts in Texts.
func (v *Vector) Spell() {
	if v.coded.dict != nil {
		v.Texts, v.coded = v.coded.append(make([]string, 0, cap(v.coded.of)), nil), codedTexts{}
	}
}

// append appends the texts at some places, or all of them where places is nil.
func (c *codedTexts) append(to []string, places []int32) []string {
	texts := c.dict.texts
	if places == nil {
		for _, code := range c.of {
			to = append(to, texts[code])
		}
		return to
	}
	for _, p := range places {
		to = append(to, texts[c.of[p]])
	}
	return to
}

// Reserve makes room for n values of texts in a column that AppendCoded begins.
func (v *Vector) Reserve(n int) { v.coded.of = make([]uint32, 0, n) }

// pick fills to with the texts at some places.
func (c *codedTexts) pick(to []string, places []uint32) {
	for k, p := range places {
		to[k] = c.dict.texts[c.of[p]]
	}
}
