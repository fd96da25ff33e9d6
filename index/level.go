package index

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
)

// A Level is facts that lie in a store: what the transactions from its oldest to its newest one asserted and ended, in trees. As a run
// it has three for each order: of the facts that it asserted and that hold, of those that it asserted and ended, and of closings, which
// end facts of older levels and mask them there. The lowest level holds everything from the beginning on, and has no closings. A level
// never changes.
type Level struct {
	reader
	oldest, newest ID // transactions that asserted or ended something
	trees          [4][dropped]*tree
	materials      materials
	serial         serial
}

// sources appends the trees that a cursor reads.
func (l *Level) sources(to []source, c *Cursor) []source {
	for k, t := range l.trees[c.order] {
		role := c.lens.role(l.oldest, l.newest, class(k))
		if role == unread || t.top.facts == 0 {
			continue
		}
		to = append(to, source{walk: c.walk(&l.reader, t, c.lens.skip(role, class(k))), class: class(k), role: role})
	}
	return to
}

// count returns what Count says of the level.
func (l *Level) count(ctx context.Context, o Order, within *Range, lens *lens) (int, error) {
	n := 0
	for k, t := range l.trees[o] {
		weight := lens.weight(lens.role(l.oldest, l.newest, class(k)), class(k))
		if weight == 0 {
			continue
		}
		facts, err := t.count(ctx, &l.reader, within)
		if err != nil {
			return 0, err
		}
		n += weight * facts
	}
	return n, nil
}

// held returns how many facts of a class the level holds.
func (l *Level) held(k class) int { return l.trees[EAVT][k].top.facts }

// size returns how many facts the level holds, closings included.
func (l *Level) size() int { return l.held(current) + l.held(past) + l.held(closing) }

// Facts returns how many facts the levels in a store hold: those that hold, and those that ended.
func (l Levels) Facts() (open, ended int) {
	for _, s := range l.stored {
		open += s.held(current) - s.held(closing)
		ended += s.held(past) + s.held(closing)
	}
	return open, ended
}

// levelVersion is that of the encoding of a level.
const levelVersion = 2

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
			b = t.top.name.append(t.top.summary.append(b, t.order, t.ends))
			pages := filterPages([]*child{&t.top})
			b = t.top.filter.append(appendPages(b, pages), pages)
		}
	}
	return b
}

// DecodeLevel returns the level of which b is the encoding, and reads nothing yet. The error is ErrFormat if a later version wrote it.
func DecodeLevel(b []byte, from Segments, cache *Cache) (*Level, error) {
	in := &input{rest: b}
	version := in.count(math.MaxInt)
	if !in.bad && version > levelVersion {
		return nil, fmt.Errorf("%w: a level has version %d, and this reads up to %d", ErrFormat, version, levelVersion)
	}
	l := &Level{reader: reader{from, cache}, oldest: ID(in.varint()), newest: ID(in.varint())}
	for o := range l.trees {
		for k := range l.trees[o] {
			t := newTree(Order(o), class(k))
			l.trees[o][k], t.whole = t, l.trees[EAVT][k]
			if version == 1 && class(k) == closing {
				continue
			}
			if height := int(in.byte()); height > 0 {
				t.height = height - 1
				t.top.summary, t.top.name = in.summary(t.order, t.ends), in.segmentName()
				if version > 1 {
					t.top.filter = in.filterPlace(in.pages())
				}
			}
		}
	}
	if in.bad || len(in.rest) > 0 {
		return nil, fmt.Errorf("%w: a level does not decode", ErrSegment)
	}
	return l, nil
}

// Newest returns the newest transaction that the level holds.
func (l *Level) Newest() ID { return l.newest }
