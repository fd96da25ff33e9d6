package index

import (
	"errors"
	"maps"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/datolite/datolite/internal/soak"
)

// TestDamagedSegments changes a byte of a segment, cuts it, or puts another one in its place: whoever reads all of the level is told
// which segment is bad.
func TestDamagedSegments(t *testing.T) {
	damaged := 0
	soak.Run(t, 2, 12, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		h := randomHistory(rng, 20, 1+rng.Intn(12), 12)
		s, sizes := newShelf(), Sizes{Leaf: 20 + rng.Intn(100), Block: 8 + rng.Intn(20)}
		var l Levels
		for _, facts := range h.commits {
			l = l.Push(NewRun(facts, testAttrs{}))
		}
		level, err := l.Grown(t.Context(), Growth{Newest: h.newest, To: s, From: s, Cache: NewCache(0), Sizes: sizes})
		if err != nil {
			t.Fatal(err)
		}
		root := level[0].Encode(nil)
		names := slices.SortedFunc(maps.Keys(s.segments), func(a, b SegmentName) int { return strings.Compare(a.String(), b.String()) })
		for range 1000 {
			name := names[rng.Intn(len(names))]
			was := s.segments[name]
			s.segments[name] = damage(rng, was, s.segments[names[rng.Intn(len(names))]])
			if !slices.Equal(s.segments[name], was) {
				damaged++
				checkDamage(t, root, s, name)
			}
			s.segments[name] = was
		}
	})
	t.Logf("%d damaged segments", damaged)
}

// damage returns b changed in one bit, cut, longer, or replaced by other.
func damage(rng *rand.Rand, b, other []byte) []byte {
	switch rng.Intn(8) {
	case 0:
		return b[:rng.Intn(len(b))]
	case 1:
		return other
	case 2:
		return append(slices.Clone(b), 0)
	}
	out := slices.Clone(b)
	out[rng.Intn(len(b))] ^= 1 << rng.Intn(8)
	return out
}

func checkDamage(t *testing.T, root []byte, s *shelf, name SegmentName) {
	t.Helper()
	level, err := DecodeLevel(root, s, NewCache(0))
	if err != nil {
		t.Fatal(err)
	}
	for _, trees := range level.trees {
		for _, tr := range trees {
			w := &walk{reader: &level.reader, tree: tr, within: &All}
			for n := 1; n > 0; {
				x, err := w.feed(t.Context())
				if place := (*shelfError)(nil); errors.As(err, &place) && place.name == name && errors.Is(err, ErrSegment) || errors.Is(err, ErrFormat) {
					return
				} else if err != nil {
					t.Fatalf("%s is damaged, and the error is %v", name, err)
				}
				n = x.len()
			}
		}
	}
	t.Fatalf("%s is damaged, and nothing tells it", name)
}
