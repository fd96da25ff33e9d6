package index

import (
	"bytes"
	"context"
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/internal/soak"
)

// A hashShelf names segments by their hashes alone, so that the same trees have the same names whoever wrote them first.
type hashShelf struct{ *shelf }

func (s hashShelf) Put(_ context.Context, segment []byte, sum [32]byte) (SegmentName, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := SegmentName{Sum: sum}
	s.segments[name] = segment
	return name, nil
}

// Trees are the same, byte for byte, whether the texts of runs are numbered on their way or not; and those that are merged with trees too.
func TestTreesOfNumberedTextsAreTheSame(t *testing.T) {
	soak.Run(t, 1, 3, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		distinct := []int{1, 300, 2 * fewNumbers}[seed%3]
		long := rng.Intn(5) == 0
		shelves := [2]hashShelf{{newShelf()}, {newShelf()}}
		var levels [2][]*Level
		for turn := range 2 {
			run := textRun(rng, ID(1000*turn), distinct, long)
			if is := run.coded().parts[current].V.IsCoded(); is != (distinct <= fewNumbers && !long) {
				t.Fatalf("texts are numbered: %t, of %d distinct ones, a long one: %t", is, distinct, long)
			}
			for i, r := range []*Run{run, run.coded()} {
				how := Growth{Newest: TxID(5000), To: shelves[i], From: shelves[i], Cache: NewCache(1 << 20), Sizes: Sizes{Leaf: 1000, Block: 100}.filled()}
				level, err := (&levelGrowth{Growth: &how, runs: []*Run{r}, levels: levels[i]}).grow(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				levels[i] = []*Level{level}
			}
			if !bytes.Equal(levels[0][0].Encode(nil), levels[1][0].Encode(nil)) {
				t.Fatalf("turn %d: with numbers the trees are others", turn)
			}
		}
	})
}

// textRun returns a run of many facts, some of which ended, with values of all kinds that have texts, and numbers.
func textRun(rng *rand.Rand, e ID, distinct int, long bool) *Run {
	facts := make([]Fact, 0, 5*worthNumbers/4)
	for i := range cap(facts) {
		f := Fact{E: e + ID(i/9*2000) + ID(rng.Intn(1000)), A: ID(5 + i%5), Tx: TxID(T(rng.Intn(100)))}
		text := strings.Repeat("x", rng.Intn(3)) + fmt.Sprint(rng.Intn(distinct))
		if rng.Intn(10) == 0 {
			text = ""
		}
		f.V = mustOf([]any{text, edn.Keyword("k/a" + text), edn.URI(text), []byte(text), int64(len(text))}[i%5])
		if rng.Intn(10) == 0 {
			f.End = f.Tx + 1
		}
		facts = append(facts, f)
	}
	if long {
		last := &facts[len(facts)-5]
		last.V, last.End = mustOf(strings.Repeat("long", longText)), 0
	}
	return newBottom().merged(NewRun(facts, testAttrs{}))
}
