package index

import (
	"errors"
	"math/rand"
	"slices"
	"testing"

	"github.com/datolite/datolite/internal/soak"
)

// TestDamagedSegments changes a byte of a segment, cuts it, or puts another one in its place: whoever reads all of the levels is told
// which segment is bad, and whoever reads something of them is told, or shown what is true.
func TestDamagedSegments(t *testing.T) {
	damaged, told := 0, 0
	soak.Run(t, 1, 12, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewSource(seed))
		p := newPlanted(t, rng)
		var roots [][]byte
		for _, l := range p.levels {
			roots = append(roots, l.Encode(nil))
		}
		var names []SegmentName
		for part := range p.parts(t, nil) {
			names = append(names, part.Name)
		}
		for range 1000 {
			name := names[rng.Intn(len(names))]
			was := p.segments[name]
			p.exchange(name, damage(rng, was, p.segments[names[rng.Intn(len(names))]]))
			if !slices.Equal(p.segments[name], was) {
				damaged++
				l := decoded(t, roots, p.shelf)
				for range 3 {
					if toldOf(t, rng, l, p.history, name) {
						told++
					}
				}
				checkDamage(t, decoded(t, roots, p.shelf), p.shelf, name)
			}
			p.exchange(name, was)
		}
	})
	t.Logf("%d damaged segments, and %d times was somebody told who read a part", damaged, told)
}

// decoded returns levels that nobody has read.
func decoded(t testing.TB, roots [][]byte, s *shelf) (l Levels) {
	t.Helper()
	cache := NewCache(0)
	for _, root := range roots {
		level, err := DecodeLevel(root, s, cache)
		if err != nil {
			t.Fatal(err)
		}
		l.stored = append(l.stored, level)
	}
	return l
}

// toldOf reads something, and reports whether it was told of the damage; what it is shown must be true.
func toldOf(t *testing.T, rng *rand.Rand, l Levels, h *history, name SegmentName) bool {
	t.Helper()
	o, r, v := Order(rng.Intn(4)), h.randomRange(rng), h.randomView(rng)
	want, c := h.datoms(o, r, v), l.Scan(t.Context(), o, r, v)
	for n := 0; ; {
		b, err := c.Next()
		switch {
		case isDamageOf(err, name):
			return true
		case err != nil:
			t.Fatalf("%s is damaged, and the error is %v", name, err)
		case b == nil && n < len(want):
			t.Fatalf("%s is damaged, and of %d datoms %d are shown", name, len(want), n)
		case b == nil:
			return false
		}
		for i := range b.Len() {
			if n == len(want) || b.Datom(i) != want[n] {
				t.Fatalf("%s is damaged, and %v is shown", name, b.Datom(i))
			}
			n++
		}
	}
}

func isDamageOf(err error, name SegmentName) bool {
	place := (*shelfError)(nil)
	return errors.As(err, &place) && place.name == name && isDamage(err)
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

// checkDamage reads all of the levels.
func checkDamage(t *testing.T, l Levels, s *shelf, name SegmentName) {
	t.Helper()
	for _, level := range l.stored {
		for part, err := range level.Parts(t.Context(), nil) {
			if err == nil {
				if err = part.Sound(s.segments[part.Name]); err != nil {
					err = s.Damaged(part.Name, err)
				}
			}
			if isDamageOf(err, name) {
				return
			} else if err != nil {
				t.Fatalf("%s is damaged, and the error is %v", name, err)
			}
		}
	}
	t.Fatalf("%s is damaged, and nothing tells it", name)
}
