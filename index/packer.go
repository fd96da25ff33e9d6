package index

import "encoding/binary"

// A packer packs blocks, one after another, and keeps the room that it takes. Each goroutine has its own.
type packer struct {
	head, block, stored []byte
	plain, left         int // how many blocks since the last one that was compressed had been tried in vain, and how many are not to be tried

	groups [][]uint32 // the places of each attribute
	heads  []ID       // the attributes
	of     []uint32   // the group of each place
	room   []uint32
	all    []uint32 // all places as they come

	words         []int64
	texts         []string
	marks         []uint32 // instead of texts, their numbers in a dictionary
	met           []int64  // 1 + the number in the block of each text of it
	codes         []int64
	distinct      []string
	numbers       map[string]int64
	shared, rests []int64
}

// appendBlock appends the facts from i to j of columns.
func (p *packer) appendBlock(b []byte, c *columns, i, j int) []byte {
	b = binary.AppendUvarint(b, uint64(j-i))
	b = appendInts(b, c.E[i:j])
	b = appendInts(b, c.A[i:j])
	b = appendInts(b, c.Tx[i:j])
	if c.End != nil {
		b = appendInts(b, c.End[i:j])
	}
	for _, places := range p.byAttribute(c.A[i:j]) {
		b = p.appendValues(b, &c.V, i, places)
	}
	return b
}

// byAttribute returns the places of each attribute, in the sequence in which the attributes first come. They are there until it is asked
// again.
func (p *packer) byAttribute(attrs []ID) [][]uint32 {
	p.heads, p.of, p.groups = p.heads[:0], p.of[:0], p.groups[:0]
	if uniformIDs(attrs) {
		return append(p.groups, p.places(len(attrs)))
	}
	n := -1
	for _, a := range attrs {
		n = p.group(a, n)
		p.of = append(p.of, uint32(n))
	}
	if cap(p.room) < len(attrs) {
		p.room = make([]uint32, len(attrs))
	}
	sizes := make([]int, len(p.heads))
	for _, n := range p.of {
		sizes[n]++
	}
	room := p.room[:len(attrs)]
	for _, size := range sizes {
		p.groups, room = append(p.groups, room[:0:size]), room[size:]
	}
	for i, n := range p.of {
		p.groups[n] = append(p.groups[n], uint32(i))
	}
	return p.groups
}

// places returns the first n places.
func (p *packer) places(n int) []uint32 {
	for len(p.all) < n {
		p.all = append(p.all, uint32(len(p.all)))
	}
	return p.all[:n]
}

// uniformIDs reports whether ids are equal.
func uniformIDs(ids []ID) bool {
	for _, id := range ids {
		if id != ids[0] {
			return false
		}
	}
	return len(ids) > 0
}

// group returns the number of an attribute, which mostly is that of the one before or the next one: entities are like each other.
func (p *packer) group(a ID, before int) int {
	for i := range p.heads {
		n := before + i
		if n < 0 {
			n = 0
		}
		if n >= len(p.heads) {
			n -= len(p.heads)
		}
		if p.heads[n] == a {
			return n
		}
	}
	p.heads = append(p.heads, a)
	return len(p.heads) - 1
}

// appendValues appends the values at some places behind the first one.
func (p *packer) appendValues(b []byte, v *Vector, first int, places []uint32) []byte {
	p.words, p.texts, p.marks = p.words[:0], p.texts[:0], p.marks[:0]
	code, uniform := v.code(first+int(places[0])), true
	for _, place := range places {
		at := first + int(place)
		c := v.code(at)
		uniform = uniform && c == code
		if word := v.Kinds[at].oneWord(); word || c > stubbed {
			p.words = append(p.words, int64(v.Words[at]))
			if word {
				continue
			}
		}
		if v.coded.dict != nil {
			p.marks = append(p.marks, v.coded.of[at])
		} else {
			p.texts = append(p.texts, v.text(at))
		}
	}
	if uniform {
		b = append(b, code)
	} else {
		b = append(b, mixed)
		for _, place := range places {
			b = append(b, v.code(first+int(place)))
		}
	}
	b = appendInts(b, p.words)
	if len(p.marks) > 0 {
		return p.appendMarked(b, v.coded.dict.texts)
	}
	return p.appendTexts(b, p.texts)
}

// appendMarked appends the texts of marks, packed as appendTexts does it.
func (p *packer) appendMarked(b []byte, texts []string) []byte {
	if len(p.met) < len(texts) {
		p.met = make([]int64, len(texts))
	}
	p.codes, p.distinct = p.codes[:0], p.distinct[:0]
	for _, m := range p.marks {
		if p.met[m] == 0 {
			p.distinct = append(p.distinct, texts[m])
			p.met[m] = int64(len(p.distinct))
		}
		p.codes = append(p.codes, p.met[m]-1)
	}
	for _, m := range p.marks {
		p.met[m] = 0
	}
	return p.appendNumbered(b)
}

// appendTexts appends a packed column, whose length the reader must know.
func (p *packer) appendTexts(b []byte, texts []string) []byte {
	if len(texts) == 0 {
		return b
	}
	if p.numbers == nil {
		p.numbers = map[string]int64{}
	}
	clear(p.numbers)
	p.codes, p.distinct = p.codes[:0], p.distinct[:0]
	for i, t := range texts {
		if i > 0 && t == texts[i-1] {
			p.codes = append(p.codes, p.codes[i-1])
			continue
		}
		n, seen := p.numbers[t]
		if !seen {
			n = int64(len(p.distinct))
			p.numbers[t], p.distinct = n, append(p.distinct, t)
		}
		p.codes = append(p.codes, n)
	}
	return p.appendNumbered(b)
}

// appendNumbered appends texts of which the distinct ones, and the numbers of all, are known.
func (p *packer) appendNumbered(b []byte) []byte {
	if 4*len(p.distinct) > 3*len(p.codes) {
		p.texts = p.texts[:0]
		for _, c := range p.codes {
			p.texts = append(p.texts, p.distinct[c])
		}
		return p.appendTextList(append(b, textList), p.texts)
	}
	b = appendInts(append(b, textDictionary), []int64{int64(len(p.distinct))})
	return appendInts(p.appendTextList(b, p.distinct), p.codes)
}

// appendTextList appends texts, each without what it has in common with the beginning of the one before it.
func (p *packer) appendTextList(b []byte, texts []string) []byte {
	p.shared, p.rests = p.shared[:0], p.rests[:0]
	for i, t := range texts {
		shared := 0
		if i > 0 {
			shared = commonPrefix(texts[i-1], t)
		}
		p.shared, p.rests = append(p.shared, int64(shared)), append(p.rests, int64(len(t)-shared))
	}
	b = appendInts(appendInts(b, p.shared), p.rests)
	for i, t := range texts {
		b = append(b, t[p.shared[i]:]...)
	}
	return b
}

// mostLeft is how many blocks are left as they are, at most, before the next one is tried.
const mostLeft = 7

// store appends the block as it lies in a leaf: compressed, where that makes it an eighth smaller at least. After blocks that it does not make
// smaller the next ones are not tried: the blocks of a tree are like each other.
func (p *packer) store() {
	if p.left > 0 {
		p.left--
		p.stored = append(append(p.stored, blockPlain), p.block...)
		return
	}
	encoder, _ := compressors()
	n := len(p.stored)
	p.stored = encoder.EncodeAll(p.block, append(p.stored, blockZstd))
	if 8*(len(p.stored)-n) < 7*len(p.block) {
		p.plain = 0
		return
	}
	p.plain++
	p.left = min(p.plain-1, mostLeft)
	p.stored = append(append(p.stored[:n], blockPlain), p.block...)
}
