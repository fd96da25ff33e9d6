package query

import (
	"math/bits"
	"slices"

	"github.com/datolite/datolite/index"
)

// A stage is a step of a pipeline.
type stage interface {
	of() operator
	// drops reports whether it is there to drop rows.
	drops() bool
	// reads returns the columns that it reads.
	reads() []int
	// keeps says which of the columns that stages add are read behind it.
	keeps(columns []int)
	// apply does the step for the rows of a batch.
	apply(b *pipeBatch)
}

// A lookup is a scan as a stage: the rows are looked up in an extent.
type lookup struct {
	scan   *scan
	extent *extent
	finder *finder
	place  int // the component by which they are
	key    int // the column that has it
	other  int // the column that has the other component; −1 where none does
	adds   int // the column that it becomes; −1 where nobody asks for it, or one has it
	keep   []int
	access access // how the extent is read, where it is not there yet
	full   float64
}

func (s *lookup) of() operator { return s.scan }
func (s *lookup) drops() bool  { return s.adds < 0 }
func (s *lookup) keeps(at []int) {
	s.keep = slices.DeleteFunc(at, func(c int) bool { return c == s.adds })
}

func (s *lookup) reads() []int {
	if s.other < 0 {
		return []int{s.key}
	}
	return []int{s.key, s.other}
}

func (s *lookup) apply(b *pipeBatch) {
	hits := b.hits[:b.n]
	all := s.finder.find(b.words(s.key, 0), hits)
	switch {
	case s.other >= 0:
		words, places := b.words(s.other, 1), b.places[:0]
		for i, hit := range hits {
			if s.finder.agrees(hit, words[i]) {
				places = append(places, int32(i))
			}
		}
		b.pick(places, s.keep)
	case !all:
		places := b.places[:0]
		for i, hit := range hits {
			if hit != 0 {
				hits[len(places)] = hit
				places = append(places, int32(i))
			}
		}
		b.pick(places, s.keep)
	}
	if s.adds >= 0 {
		s.finder.fetch(hits[:b.n], b.column(s.adds))
	}
}

// component returns the column that has a component; −1 where none does.
func (s *lookup) component(place int) int {
	if place == s.place {
		return s.key
	}
	return max(s.other, s.adds)
}

// derives notes which column follows from the one that is known, and reports whether that is new.
func (s *lookup) derives(known []bool) bool {
	other := s.component(2 - s.place)
	if other < 0 || known[s.key] == known[other] {
		return false
	}
	if known[s.key] && s.finder.isUnique() || known[other] && s.extent.determines(2-s.place) {
		known[s.key], known[other] = true, true
		return true
	}
	return false
}

// An implied step holds for every row as it comes: what it binds is in a column already.
type implied struct {
	step operator
	is   namedColumn
}

func (s *implied) of() operator     { return s.step }
func (s *implied) drops() bool      { return false }
func (s *implied) reads() []int     { return nil }
func (s *implied) keeps([]int)      {}
func (s *implied) apply(*pipeBatch) {}

// A comparing is the comparison of two words as a stage.
type comparing struct {
	step  operator
	at    [2]int    // the columns; −1 for a constant
	c     [2]uint64 // the constants
	holds [3]uint8  // 1 of what passes: less, equal, greater
	keep  []int
}

func (s *comparing) of() operator { return s.step }
func (s *comparing) drops() bool  { return true }
func (s *comparing) reads() []int {
	return slices.DeleteFunc(s.at[:], func(at int) bool { return at < 0 })
}
func (s *comparing) keeps(at []int) { s.keep = at }
func (s *comparing) apply(b *pipeBatch) {
	x, y := s.operand(b, 0), s.operand(b, 1)
	places, n := b.places[:b.n], 0
	y = y[:len(x)]
	for i, w := range x { // without branches, since nobody can tell which way they go
		_, less := bits.Sub64(w^signBit, y[i]^signBit, 0)
		_, greater := bits.Sub64(y[i]^signBit, w^signBit, 0)
		places[n] = int32(i)
		n += int(s.holds[1+greater-less])
	}
	b.pick(places[:n], s.keep)
}

// signBit makes the order of signed words that of unsigned ones.
const signBit = 1 << 63

// passing tells of which outcomes a comparison holds.
func passing(name string) (out [3]uint8) {
	for i, holds := range outcomes[name] {
		if holds {
			out[i] = 1
		}
	}
	return out
}

// operand returns the words of a side.
func (s *comparing) operand(b *pipeBatch, side int) []uint64 {
	if s.at[side] >= 0 {
		return b.words(s.at[side], side)
	}
	words := b.scratch[side][:b.n]
	for i := range words {
		words[i] = s.c[side]
	}
	return words
}

// comparison returns the stage of a call that compares words of one kind, which are longs or instants; nil of any other.
func (p *pipeline) comparison(s *callStep) *comparing {
	whole := s
	s = s.given(p.c)
	name := builtinName(s.clause.name)
	if _, known := outcomes[name]; !known || s.clause.out != nil || len(s.args) != 2 || s.clause.fn != noVariable || s.hosted {
		return nil
	}
	out := &comparing{step: whole, holds: passing(name), at: [2]int{-1, -1}}
	var kinds [2]index.Kind
	for i, a := range s.args {
		if a.v == noVariable {
			w := a.words(nil)
			if w.Words == nil {
				return nil
			}
			out.c[i], kinds[i] = w.Words[0], w.Kind
		} else if at := p.column(a.v); at >= 0 && p.isWords(at) {
			out.at[i], kinds[i] = at, p.columns[at].kind
		} else {
			return nil
		}
	}
	if kinds[0] != kinds[1] || kinds[0] != index.KindLong && (kinds[0] != index.KindInstant || name == "==") || out.at == [2]int{-1, -1} {
		return nil
	}
	return out
}
