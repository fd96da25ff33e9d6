package index

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
)

// A Level is facts that lie in a store: in trees, two for each order, of the facts that hold and of those that ended. It holds
// everything up to its newest transaction, and never changes.
type Level struct {
	reader
	oldest, newest ID          // transactions that asserted or ended something
	trees          [4][2]*tree // by order and class, which is current or past
}

// sources appends the trees that a cursor reads.
func (l *Level) sources(to []source, c *Cursor) []source {
	for _, k := range [...]class{current, past} {
		role, t := c.lens.role(l.oldest, l.newest, k), l.trees[c.order][k]
		if role == unread || t.top.facts == 0 {
			continue
		}
		var skip func(*summary) bool
		if role == tested {
			skip = c.lens.misses
		}
		to = append(to, source{walk: c.walk(&l.reader, t, skip), class: k, role: role})
	}
	return to
}

// count returns what Count says of the level.
func (l *Level) count(ctx context.Context, o Order, within *Range, lens *lens) (int, error) {
	n := 0
	for _, k := range [...]class{current, past} {
		weight := lens.weight(lens.role(l.oldest, l.newest, k), k)
		if weight == 0 {
			continue
		}
		facts, err := l.trees[o][k].count(ctx, &l.reader, within)
		if err != nil {
			return 0, err
		}
		n += weight * facts
	}
	return n, nil
}

// Facts returns how many facts the level holds: those that hold, and those that ended.
func (l *Level) Facts() (open, ended int) {
	return l.trees[EAVT][current].top.facts, l.trees[EAVT][past].top.facts
}

// levelVersion is that of the encoding of a level.
const levelVersion = 1

// Encode appends what it takes to find the level again: where its trees begin.
func (l *Level) Encode(b []byte) []byte {
	b = binary.AppendUvarint(b, levelVersion)
	b = binary.AppendVarint(binary.AppendVarint(b, int64(l.oldest)), int64(l.newest))
	for _, trees := range l.trees {
		for _, t := range trees {
			if t.top.facts == 0 {
				b = append(b, 0)
				continue
			}
			b = append(b, byte(t.height+1))
			b = t.top.append(t.top.summary.append(b, t.order, t.ends))
		}
	}
	return b
}

// DecodeLevel returns the level of which b is the encoding, and reads nothing yet. The error is ErrFormat if a later version wrote it.
func DecodeLevel(b []byte, from Segments, cache *Cache) (*Level, error) {
	in := &input{rest: b}
	if v := in.count(math.MaxInt); !in.bad && v > levelVersion {
		return nil, fmt.Errorf("%w: a level has version %d, and this reads up to %d", ErrFormat, v, levelVersion)
	}
	l := &Level{reader: reader{from, cache}, oldest: ID(in.varint()), newest: ID(in.varint())}
	for o := range l.trees {
		for k := range l.trees[o] {
			t := &tree{shape: shape{Order(o), class(k) == past}}
			if height := int(in.byte()); height > 0 {
				t.height = height - 1
				t.top.summary, t.top.name = in.summary(t.order, t.ends), in.segmentName()
			}
			l.trees[o][k] = t
		}
	}
	if in.bad || len(in.rest) > 0 {
		return nil, fmt.Errorf("%w: a level does not decode", ErrSegment)
	}
	return l, nil
}

// Newest returns the newest transaction that the level holds.
func (l *Level) Newest() ID { return l.newest }

// Base returns the level in a store below the runs; nil for none.
func (l Levels) Base() *Level { return l.base }

// Tail returns how many facts lie in the runs: asserted ones, and ends of others.
func (l Levels) Tail() int {
	n := 0
	for _, r := range l.runs {
		n += r.size
	}
	return n
}

// tailFact is how many bytes a fact in a run takes, about, its text aside.
const tailFact = 128

// TailBytes returns how much memory the facts in the runs take, about.
func (l Levels) TailBytes() int {
	n := 0
	for _, r := range l.runs {
		n += tailFact*r.size + r.text
	}
	return n
}
