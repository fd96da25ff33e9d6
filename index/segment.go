package index

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
)

// A SegmentName names a segment: by the job that wrote it, its number among those of the job, and the hash of its head. The job's
// name is never used again, so neither is that of the segment.
type SegmentName struct {
	Job string
	N   int
	Sum [32]byte
}

// String returns job/n-hash, with n in eight and the hash in 64 hexadecimal digits.
func (s SegmentName) String() string {
	return fmt.Sprintf("%s/%08x-%s", s.Job, s.N, hex.EncodeToString(s.Sum[:]))
}

// Segments is where segments are kept. It may be used by many goroutines.
type Segments interface {
	// Load returns the bytes of a segment.
	Load(ctx context.Context, name SegmentName) ([]byte, error)
	// Damaged returns the error for a segment that was loaded and cannot be read, given why: ErrSegment or ErrFormat.
	Damaged(name SegmentName, why error) error
}

// A summary says what lies in a part of a tree: how many facts, from which cut on, and of which transactions.
type summary struct {
	facts          int
	from           Cut // before the first fact, and behind the last one of the part before
	minTx, maxTx   ID
	minEnd, maxEnd ID // where the facts have ends
}

// summarise returns what lies in columns from i to j, of which the first fact is behind a cut.
func summarise(c *columns, i, j int, from Cut) summary {
	s := summary{facts: j - i, from: from, minTx: slices.Min(c.Tx[i:j]), maxTx: slices.Max(c.Tx[i:j])}
	if c.End != nil {
		s.minEnd, s.maxEnd = slices.Min(c.End[i:j]), slices.Max(c.End[i:j])
	}
	return s
}

// with returns the summary of two parts, of which s is the first.
func (s summary) with(t summary) summary {
	if s.facts == 0 {
		return t
	}
	return summary{s.facts + t.facts, s.from, min(s.minTx, t.minTx), max(s.maxTx, t.maxTx), min(s.minEnd, t.minEnd), max(s.maxEnd, t.maxEnd)}
}

func (s *summary) append(b []byte, o Order, ends bool) []byte {
	b = binary.AppendUvarint(b, uint64(s.facts))
	b = appendCut(b, o, &s.from)
	b = binary.AppendVarint(b, int64(s.minTx))
	b = binary.AppendVarint(b, int64(s.maxTx-s.minTx))
	if ends {
		b = binary.AppendVarint(b, int64(s.minEnd))
		b = binary.AppendVarint(b, int64(s.maxEnd-s.minEnd))
	}
	return b
}

func (in *input) summary(o Order, ends bool) summary {
	s := summary{facts: in.count(math.MaxInt), from: in.cut(o), minTx: ID(in.varint())}
	s.maxTx = s.minTx + ID(in.varint())
	if ends {
		s.minEnd = ID(in.varint())
		s.maxEnd = s.minEnd + ID(in.varint())
	}
	return s
}

// Every segment begins with a head that says what it is, and of which its name has the hash. What follows the head, the blocks of
// a leaf, has its hashes there.
const segmentMark = 0xd7

const (
	leafSegment      byte = 'l'
	directorySegment byte = 'd'
	filterSegment    byte = 'f'
)

// segmentVersion is that of segments that are written, and the newest that is read.
const segmentVersion = 2

// maxHead is how large a head may be.
const maxHead = 1 << 26

// A shape is what a tree's segments have in common: their order, and whether their facts have ends.
type shape struct {
	order Order
	ends  bool
}

// appendHead begins a head.
func (s shape) appendHead(kind byte) []byte {
	b := []byte{segmentMark, segmentVersion, kind, byte(s.order), 0}
	if s.ends {
		b[4] = 1
	}
	return b
}

// sealed returns a segment of a head and what follows it, and the hash for its name.
func sealed(head []byte, rest ...[]byte) (segment []byte, sum [32]byte) {
	segment = binary.BigEndian.AppendUint32(nil, uint32(len(head)))
	segment = append(segment, head...)
	sum = sha256.Sum256(segment)
	return slices.Concat(append([][]byte{segment}, rest...)...), sum
}

// openHead returns the head of a segment behind its first five bytes, and what follows the head.
func (s shape) openHead(b []byte, sum [32]byte, kind byte) (head *input, rest []byte, err error) {
	if len(b) < 4 || uint64(binary.BigEndian.Uint32(b)) > uint64(min(len(b)-4, maxHead)) {
		return nil, nil, fmt.Errorf("%w: it is cut short", ErrSegment)
	}
	n := 4 + int(binary.BigEndian.Uint32(b))
	if sha256.Sum256(b[:n]) != sum {
		return nil, nil, fmt.Errorf("%w: its head does not have the hash in its name", ErrSegment)
	}
	want := s.appendHead(kind)
	switch got := b[4:n]; {
	case len(got) < len(want) || got[0] != want[0]:
		return nil, nil, fmt.Errorf("%w: it is no segment", ErrSegment)
	case got[1] == 0 || got[1] > want[1]:
		return nil, nil, fmt.Errorf("%w: it has version %d, and this version of the library knows up to %d", ErrFormat, got[1], want[1])
	case !slices.Equal(got[2:len(want)], want[2:]):
		return nil, nil, fmt.Errorf("%w: it is part of another tree", ErrSegment)
	}
	return &input{rest: b[4+len(want) : n], version: b[5]}, b[n:], nil
}
