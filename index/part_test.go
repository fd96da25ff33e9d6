package index

import (
	"errors"
	"iter"
	"maps"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/datolite/datolite/internal/soak"
)

// A planted level is one of a random history, with its segments. It has another one below it, or else was merged with that.
type planted struct {
	*shelf
	levels  []*Level
	history *history
}

// testUnique are the attributes of random histories that filters tell of.
func testUnique(a ID) bool { return a == 3 || a == 4 || a == 6 }

func newPlanted(t *testing.T, rng *rand.Rand) planted {
	t.Helper()
	h := randomHistory(rng, 20, 1+rng.Intn(12), 12)
	s := newStack(rng)
	var l Levels
	for i, facts := range h.commits {
		l = l.Push(NewRun(facts, testAttrs{}))
		if i == 14 && rng.Intn(4) > 0 {
			l = l.Over(s.grown(t, l, "first", h.newestAfter(i), nil)...)
		}
	}
	return planted{s.shelf, s.grown(t, l, "last", h.newest, nil), h}
}

// parts yields the parts of the levels.
func (p *planted) parts(t *testing.T, enter func(*Part) bool) iter.Seq[*Part] {
	return func(yield func(*Part) bool) {
		for _, l := range p.levels {
			for part, err := range l.Parts(t.Context(), enter) {
				if err != nil {
					t.Fatal(err)
				}
				if !yield(part) {
					return
				}
			}
		}
	}
}

// law: the parts of a level are its segments, each once and behind what lies below it; each is sound, and what is said of it is true;
// and in each order the facts in the leaves are those of the history.
func TestPartsOfALevel(t *testing.T) {
	soak.Run(t, 5, 60, func(t *testing.T, seed int64) {
		p := newPlanted(t, rand.New(rand.NewSource(seed)))
		var sums [4][2]Sum
		seen := map[SegmentName]bool{}
		for part := range p.parts(t, nil) {
			if seen[part.Name] {
				t.Fatal(part.Name)
			}
			seen[part.Name] = true
			b := p.segments[part.Name]
			sum, err := part.Check(t.Context(), b, nil, nil)
			if err != nil || part.Sound(b) != nil || part.Height == 0 && sum.Facts != part.Facts {
				t.Fatalf("%+v: %v, %v", part, sum, err)
			}
			x := &sums[part.Order][current]
			if part.Ended {
				x = &sums[part.Order][past]
			}
			*x = x.Plus(sum)
			masked, err := part.Masked(b)
			if err != nil || part.Masks && masked.Facts != sum.Facts || !part.Masks && masked.Facts > 0 {
				t.Fatalf("%+v: %v, %v", part, masked, err)
			}
			sums[part.Order][current] = sums[part.Order][current].Minus(masked)
		}
		for name := range p.segments {
			if !seen[name] && (name.Job == "last" || len(p.levels) > 1) {
				t.Errorf("%s is not part of the levels", name)
			}
		}
		checkSums(t, p.history, &sums)
		turned := 0
		for range p.parts(t, func(*Part) bool { turned++; return false }) {
			t.Error("a part was yielded that was turned down")
		}
		if turned > 28*len(p.levels) {
			t.Errorf("%d trees", turned)
		}
	})
}

// checkSums compares sums of the facts in trees with those of what a history asserted and ended.
func checkSums(t *testing.T, h *history, sums *[4][2]Sum) {
	t.Helper()
	var want [4][2]Sum
	for _, f := range slices.Concat(h.commits...) {
		for o := range want {
			if !memberOf(f.A, testAttrs{}).has(Order(o)) {
				continue
			}
			open := f
			if open.End = 0; f.End == 0 {
				want[o][current] = want[o][current].Plus(open.Sum())
				continue
			}
			want[o][current], want[o][past] = want[o][current].Minus(open.Sum()), want[o][past].Plus(f.Sum())
		}
	}
	if *sums != want {
		t.Errorf("the trees have %v, and the history %v", sums, want)
	}
}

// TestDamagedParts changes a segment in some way: neither of those who look at it, alone, takes it for what it was.
func TestDamagedParts(t *testing.T) {
	soak.Run(t, 2, 12, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		p := newPlanted(t, rng)
		names := slices.SortedFunc(maps.Keys(p.segments), func(a, b SegmentName) int { return strings.Compare(a.String(), b.String()) })
		for part := range p.parts(t, nil) {
			was := p.segments[part.Name]
			for range 50 {
				b := damage(rng, was, p.segments[names[rng.Intn(len(names))]])
				if slices.Equal(b, was) {
					continue
				}
				_, err := part.Check(t.Context(), b, nil, nil)
				if sound := part.Sound(b); !isDamage(err) || !isDamage(sound) {
					t.Fatalf("%s: %v, %v", part.Name, err, sound)
				}
			}
		}
	})
}

// TestACheckPauses: it does so behind each block, and ends there if it is told to.
func TestACheckPauses(t *testing.T) {
	p := newPlanted(t, rand.New(rand.NewSource(1)))
	blocks, failure := 0, errors.New("failure")
	for part := range p.parts(t, nil) {
		b, pauses := p.segments[part.Name], 0
		if _, err := part.Check(t.Context(), b, nil, func() error { pauses++; return nil }); err != nil {
			t.Fatal(err)
		}
		if part.Height > 0 || part.Filter {
			continue
		}
		l, err := decodeLeaf(part.tree.shape, b, part.Name.Sum)
		if err != nil {
			t.Fatal(err)
		}
		if pauses != len(l.blocks) {
			t.Errorf("%d pauses in %d blocks", pauses, len(l.blocks))
		}
		if _, err := part.Check(t.Context(), b, nil, func() error { return failure }); err != failure {
			t.Error(err)
		}
		blocks += pauses
	}
	if blocks == 0 {
		t.Error("no block was checked")
	}
}

func isDamage(err error) bool { return errors.Is(err, ErrSegment) || errors.Is(err, ErrFormat) }

// TestPartsThatLie writes segments that decode, and are not what the directory above says: their hashes are right.
func TestPartsThatLie(t *testing.T) {
	lies, told := 0, 0
	soak.Run(t, 2, 20, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		p := newPlanted(t, rng)
		for part := range p.parts(t, nil) {
			b := p.segments[part.Name]
			if part.Height > 0 || part.Filter {
				continue
			}
			l, err := decodeLeaf(part.tree.shape, b, part.Name.Sum)
			if err != nil {
				t.Fatal(err)
			}
			c, err := openBlock(l.blocks[0].stored, l.blocks[0].sum, l.shape)
			if err != nil {
				t.Fatal(err)
			}
			var other columns
			switch n := c.len(); rng.Intn(3) {
			case 0: // one more of the same
				other.appendOf(c, 0, n)
				other.appendOf(c, n-1, n)
			case 1: // one less
				other.appendOf(c, 1, n)
			case 2: // another entity
				other.appendOf(c, 0, n)
				other.E[n-1] += 1 << 40
			}
			if other.len() == 0 || len(l.blocks) > 1 {
				continue
			}
			lies++
			lie, sum := new(packer).leaf(part.tree.shape, &other, l.blocks[0].from, 1<<14)
			bent := *part
			bent.Name.Sum = sum
			if _, err := bent.Check(t.Context(), lie, nil, nil); errors.Is(err, ErrSegment) {
				told++
			} else if _, err := part.Check(t.Context(), b, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Logf("%d of %d lies are told by the part alone", told, lies)
	if told < lies/2 || told == 0 {
		t.Errorf("%d of %d lies", told, lies)
	}
}

// appendOf appends the facts from i to j of decoded columns.
func (c *columns) appendOf(from *columns, i, j int) {
	if from.End != nil && c.End == nil {
		c.End = []ID{}
	}
	c.appendSpan(from, i, j)
}
