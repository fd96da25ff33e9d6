package db

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/datolite/datolite/index"
)

// A log chunk is consecutive records of the log, whole and as they were, in one segment or in several parts. A directory of chunks, or of
// such directories, is a segment too. Both begin as the segments of an index do: the length of the head (4 bytes, big-endian), and the
// head, of which the SHA-256 (length included) is in the segment's name:
//
//	chunk:     0xd7, version, 'c', seq of the first record, number of records, number of the part, number of parts,
//	           size of the records, 1 if it is compressed (zstd) or 0, SHA-256 of what is behind the head
//	directory: 0xd7, version, 'k', height (1 above chunks), number of children, and of each what chunkRef.append writes
//
// Numbers are varints. The content of a chunk is its records, each with its length before it.
const (
	chunkMark    = 0xd7
	chunkVersion = 1
)

const (
	chunkSegment          byte = 'c'
	chunkDirectorySegment byte = 'k'
)

// A chunk holds records of the log, as bytes, from one seq on.
type chunk struct {
	from    int
	records [][]byte
}

// A chunkHead is what the head of a part says of its chunk.
type chunkHead struct {
	from, records int
	part, parts   int
	size          int // of the records
	compressed    bool
	sum           digest // of what is behind the head of the part
}

func (h *chunkHead) append(b []byte) []byte {
	b = append(b, chunkMark, chunkVersion, chunkSegment)
	for _, n := range [...]int{h.from, h.records, h.part, h.parts, h.size} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	b = append(b, 0)
	if h.compressed {
		b[len(b)-1] = 1
	}
	return append(b, h.sum[:]...)
}

// maxChunkHead is more than the bytes of a chunk's head, with the length before it.
const maxChunkHead = 128

// sealedSegment returns a segment of a head and what follows it, and the hash for its name.
func sealedSegment(head, rest []byte) (segment []byte, sum [32]byte) {
	segment = binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(head)+len(rest)), uint32(len(head)))
	segment = append(segment, head...)
	sum = sha256.Sum256(segment)
	return append(segment, rest...), sum
}

// unsealed returns the head of a segment of some kind behind its first three bytes, and what follows the head.
func unsealed(b []byte, sum [32]byte, kind byte) (head *source, rest []byte, err error) {
	if len(b) < 4 || uint64(binary.BigEndian.Uint32(b)) > uint64(len(b)-4) {
		return nil, nil, fmt.Errorf("%w: it is cut short", index.ErrSegment)
	}
	n := 4 + int(binary.BigEndian.Uint32(b))
	if sha256.Sum256(b[:n]) != sum {
		return nil, nil, fmt.Errorf("%w: its head does not have the hash in its name", index.ErrSegment)
	}
	switch got := b[4:n]; {
	case len(got) < 3 || got[0] != chunkMark:
		return nil, nil, fmt.Errorf("%w: it is no segment", index.ErrSegment)
	case got[1] != chunkVersion:
		return nil, nil, fmt.Errorf("%w: it has version %d, and this version of the library knows %d", index.ErrFormat, got[1], chunkVersion)
	case got[2] != kind:
		return nil, nil, fmt.Errorf("%w: it is part of another tree", index.ErrSegment)
	}
	return &source{rest: string(b[7:n])}, b[n:], nil
}

// encodeChunk returns the parts of a chunk, none of which has more than so many bytes with its head, and the hashes for their names.
func encodeChunk(c *chunk, most int) (parts [][]byte, sums [][32]byte) {
	var content []byte
	size := 0
	for _, r := range c.records {
		size += len(r)
		content = append(binary.AppendUvarint(content, uint64(len(r))), r...)
	}
	stored, smaller := compressed(compressors().small, content)
	shares := slices.Collect(slices.Chunk(stored, max(1, most-maxChunkHead)))
	for i, share := range shares {
		h := chunkHead{c.from, len(c.records), i, len(shares), size, smaller, sha256.Sum256(share)}
		part, sum := sealedSegment(h.append(nil), share)
		parts, sums = append(parts, part), append(sums, sum)
	}
	return parts, sums
}

// openChunkPart returns the head of a part of a chunk, and what is behind it.
func openChunkPart(b []byte, sum [32]byte) (h chunkHead, rest []byte, err error) {
	s, rest, err := unsealed(b, sum, chunkSegment)
	if err != nil {
		return h, nil, err
	}
	for _, n := range [...]*int{&h.from, &h.records, &h.part, &h.parts, &h.size} {
		*n = int(s.upTo(math.MaxInt32<<16, "number"))
	}
	h.compressed = s.byte() == 1
	copy(h.sum[:], s.take(sha256.Size))
	if err := s.end(); err != nil {
		return h, nil, fmt.Errorf("%w: a chunk's head is %w", index.ErrSegment, err)
	}
	if sha256.Sum256(rest) != h.sum {
		return h, nil, fmt.Errorf("%w: a chunk does not have its hash", index.ErrSegment)
	}
	return h, rest, nil
}

// decodeChunk returns the chunk that has a head, and this behind the heads of its parts.
func decodeChunk(h chunkHead, stored []byte) (*chunk, error) {
	content := stored
	if h.compressed {
		var err error
		if content, err = compressors().decoder.DecodeAll(stored, make([]byte, 0, min(h.size+4*h.records, 64*len(stored)))); err != nil {
			return nil, fmt.Errorf("%w: a chunk does not decompress: %w", index.ErrSegment, err)
		}
	}
	c, all := &chunk{from: h.from}, 0
	for rest := content; len(rest) > 0; {
		size, n := binary.Uvarint(rest)
		if n <= 0 || size > uint64(len(rest)-n) {
			return nil, errChunk
		}
		c.records = append(c.records, rest[n:n+int(size):n+int(size)])
		rest, all = rest[n+int(size):], all+int(size)
	}
	if len(c.records) != h.records || all != h.size || h.records == 0 {
		return nil, errChunk
	}
	return c, nil
}

// errChunk is why a chunk whose hashes are right cannot be read.
var errChunk = fmt.Errorf("%w: a chunk does not decode", index.ErrSegment)

// A chunkRef names a chunk, or a directory of chunks, and says where in the log it begins.
type chunkRef struct {
	from  int                 // its first record
	first T                   // of the first transaction in it, or of the next one behind it
	size  int                 // of the records in the chunk; 0 of a directory
	bytes int                 // that it takes in the store, with all that lies below it
	parts []index.SegmentName // of one job, with consecutive numbers
}

// append appends the reference behind the one before it: how much later it begins, in records and in t, size and bytes, the number of
// parts, and the job, number and hash of the first, and the hashes of the others.
func (r *chunkRef) append(b []byte, before *chunkRef) []byte {
	b = binary.AppendUvarint(b, uint64(r.from-before.from))
	b = binary.AppendUvarint(b, uint64(r.first-before.first))
	b = binary.AppendUvarint(b, uint64(r.size))
	b = binary.AppendUvarint(b, uint64(r.bytes))
	b = binary.AppendUvarint(b, uint64(len(r.parts)))
	b = binary.AppendUvarint(appendText(b, r.parts[0].Job), uint64(r.parts[0].N))
	for _, p := range r.parts {
		b = append(b, p.Sum[:]...)
	}
	return b
}

func (s *source) chunkRef(before *chunkRef) chunkRef {
	const most = math.MaxInt32 << 16
	r := chunkRef{from: before.from + int(s.upTo(most, "seq")), first: before.first + T(s.upTo(uint64(maxID), "t"))}
	r.size, r.bytes = int(s.upTo(most, "size")), int(s.upTo(most, "size"))
	r.parts = make([]index.SegmentName, s.count(sha256.Size))
	job, n := s.text(), int(s.upTo(math.MaxInt32, "number"))
	for i := range r.parts {
		r.parts[i] = index.SegmentName{Job: job, N: n + i}
		copy(r.parts[i].Sum[:], s.take(sha256.Size))
	}
	if len(r.parts) == 0 {
		s.fail("a chunk without parts")
	}
	return r
}

// appendChunkRefs appends references, and how many they are.
func appendChunkRefs(b []byte, refs []chunkRef) []byte {
	b = binary.AppendUvarint(b, uint64(len(refs)))
	before := &chunkRef{}
	for i := range refs {
		b = refs[i].append(b, before)
		before = &refs[i]
	}
	return b
}

func (s *source) chunkRefs() []chunkRef {
	refs := make([]chunkRef, s.count(sha256.Size))
	before := &chunkRef{}
	for i := range refs {
		refs[i] = s.chunkRef(before)
		before = &refs[i]
	}
	return refs
}

// encodeChunkDirectory returns the segment of a directory that lies so high above the chunks.
func encodeChunkDirectory(height int, refs []chunkRef) (segment []byte, sum [32]byte) {
	return sealedSegment(appendChunkRefs([]byte{chunkMark, chunkVersion, chunkDirectorySegment, byte(height)}, refs), nil)
}

func decodeChunkDirectory(height int, b []byte, sum [32]byte) ([]chunkRef, error) {
	s, rest, err := unsealed(b, sum, chunkDirectorySegment)
	if err != nil {
		return nil, err
	}
	if int(s.byte()) != height {
		s.fail("at another height")
	}
	refs := s.chunkRefs()
	if err := s.end(); err != nil || len(rest) > 0 || len(refs) == 0 {
		return nil, fmt.Errorf("%w: a directory of chunks does not decode: %w", index.ErrSegment, errors.Join(err))
	}
	return refs, nil
}
