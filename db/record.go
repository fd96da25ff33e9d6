package db

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// What this version reads and writes. A record says which versions it takes; of a database with a record for newer writers it
// is a reader.
const (
	readerVersion = 4
	writerVersion = 1
)

// magic is how every record begins.
const magic = "dlr1"

// A digest is a SHA-256.
type digest [sha256.Size]byte

// A nonce is random, and tells one record or transaction body from any other with the same content.
type nonce [16]byte

// The kinds of sections.
const (
	sectionTx        = 1 // a transaction: see body.go
	sectionElsewhere = 2 // the content of the record is under other keys: see elsewhere
	sectionEnd       = 3 // the log ends: see end.go
	sectionYield     = 4 // a request to other writers: see yield.go
	sectionRoot      = 5 // an index is published: see root.go
	sectionLoad      = 6 // many transactions at once: see load.go
	sectionHold      = 7 // a root is held: see keeping.go
	sectionCollect   = 8 // roots are retired: see keeping.go
	sectionRolled    = 9 // the record is in the chunks of the log: see placeholder.go
)

// A record is what one slot of the log holds:
//
//	magic, reader version, writer version, seq, hash of the record before (32 bytes), nonce (16), number of sections
//	each section: kind, length, content
//	hash of this record (32)
//
// Numbers are varints. The hash is that of everything before the first section, then of kind and SHA-256 of each section: so one
// can prove the chain without the content of a section, and a section that was replaced stands out.
type record struct {
	reader, writer uint64
	seq            int
	prev           digest
	nonce          nonce
	sections       []section
	hash           digest // set by encode and decodeRecord
	size           int    // in bytes, set by the same
}

// A section is one thing that a record says. A reader that does not know its kind must not go on.
type section struct {
	kind    uint64
	content []byte
}

// encode returns the bytes of the record.
func (r *record) encode() []byte {
	b := r.appendHead(make([]byte, 0, r.roughSize()))
	h := newChainHash(b)
	for _, s := range r.sections {
		h.add(s)
		b = binary.AppendUvarint(b, s.kind)
		b = binary.AppendUvarint(b, uint64(len(s.content)))
		b = append(b, s.content...)
	}
	r.hash = h.sum()
	b = append(b, r.hash[:]...)
	r.size = len(b)
	return b
}

// roughSize returns a little more than the size of the record.
func (r *record) roughSize() int {
	const head, around = 4*binary.MaxVarintLen64 + 2*sha256.Size + 32, 2 * binary.MaxVarintLen64
	n := head
	for _, s := range r.sections {
		n += around + len(s.content)
	}
	return n
}

func (r *record) appendHead(b []byte) []byte {
	b = append(b, magic...)
	b = binary.AppendUvarint(b, r.reader)
	b = binary.AppendUvarint(b, r.writer)
	b = binary.AppendUvarint(b, uint64(r.seq))
	b = append(b, r.prev[:]...)
	b = append(b, r.nonce[:]...)
	return binary.AppendUvarint(b, uint64(len(r.sections)))
}

// A chainHash computes the hash of a record.
type chainHash struct{ b []byte }

func newChainHash(head []byte) *chainHash { return &chainHash{bytes.Clone(head)} }

func (h *chainHash) add(s section) {
	sum := sha256.Sum256(s.content)
	h.b = append(binary.AppendUvarint(h.b, s.kind), sum[:]...)
}

func (h *chainHash) sum() digest { return sha256.Sum256(h.b) }

// decodeRecord returns the record that b holds, which it keeps. The error is ErrCorrupt if b is not as encode left it, and
// ErrFormat if the record takes a newer reader.
func decodeRecord(b []byte) (*record, error) {
	s := &source{rest: string(b)}
	r := &record{size: len(b)}
	if s.take(uint64(len(magic))) != magic {
		s.fail("not a record")
	}
	r.reader, r.writer = s.uvarint(), s.uvarint()
	r.seq = int(s.upTo(1<<62, "seq"))
	copy(r.prev[:], s.take(sha256.Size))
	copy(r.nonce[:], s.take(uint64(len(r.nonce))))
	r.sections = make([]section, s.count(2))
	h := newChainHash(b[:len(b)-len(s.rest)])
	for i := range r.sections {
		kind := s.uvarint()
		size := s.upTo(uint64(len(s.rest)), "length")
		at := len(b) - len(s.rest)
		s.take(size)
		r.sections[i] = section{kind, b[at : at+int(size)]}
		h.add(r.sections[i])
	}
	copy(r.hash[:], s.take(sha256.Size))
	if err := s.end(); err != nil {
		return nil, fmt.Errorf("%w: the record is %w", ErrCorrupt, err)
	}
	if r.hash != h.sum() {
		return nil, fmt.Errorf("%w: the hash of the record is not that of its content", ErrCorrupt)
	}
	return r, r.readable()
}

// readable returns ErrFormat if this version must not read the record.
func (r *record) readable() error {
	if r.reader > readerVersion {
		return fmt.Errorf("%w: the record takes a reader of version %d, and this is %d", ErrFormat, r.reader, readerVersion)
	}
	for _, s := range r.sections {
		if s.kind < sectionTx || s.kind > sectionRolled {
			return fmt.Errorf("%w: the record has a section of kind %d, and a reader of version %d knows up to %d", ErrFormat,
				s.kind, readerVersion, sectionRolled)
		}
	}
	return nil
}

// bodies returns the transactions of the record, in order: none if it is about something else.
func (r *record) bodies() ([]body, error) {
	if load, err := r.load(); load != nil || err != nil {
		return nil, err
	}
	if _, ends, err := r.ends(); ends || err != nil {
		return nil, err
	}
	if root, err := r.root(); root != nil || err != nil {
		return nil, err
	}
	if yield, err := r.yields(); yield > 0 || err != nil {
		return nil, err
	}
	if h, c, err := r.keeps(); h != nil || c != nil || err != nil {
		return nil, err
	}
	bodies := make([]body, 0, len(r.sections))
	for i, s := range r.sections {
		if s.kind != sectionTx {
			return nil, fmt.Errorf("%w: section %d is of kind %d, which stands alone", ErrCorrupt, i, s.kind)
		}
		body, err := decodeBody(s.content)
		if err != nil {
			return nil, fmt.Errorf("%w: section %d: %w", ErrCorrupt, i, err)
		}
		bodies = append(bodies, body)
	}
	return bodies, nil
}

// An elsewhere says where the bytes of a record lie that are too many for its slot: in values of at most a store's limit, which
// are the record when put together. The slot holds a record of the same seq, nonce and record before, whose one section this is;
// in the chain it counts as the record that it stands for.
type elsewhere struct {
	parts int
	hash  digest // of the whole record
}

// elsewhereOf returns the record for the slot of a record that lies in so many parts elsewhere.
func elsewhereOf(r *record, parts int) *record {
	content := append(binary.AppendUvarint(nil, uint64(parts)), r.hash[:]...)
	return &record{reader: r.reader, writer: r.writer, seq: r.seq, prev: r.prev, nonce: r.nonce,
		sections: []section{{sectionElsewhere, content}}}
}

// elsewhere reports whether the record lies elsewhere, and where.
func (r *record) elsewhere() (elsewhere, bool, error) {
	if len(r.sections) != 1 || r.sections[0].kind != sectionElsewhere {
		return elsewhere{}, false, nil
	}
	s := &source{rest: string(r.sections[0].content)}
	e := elsewhere{parts: int(s.upTo(maxParts+1, "number of parts"))}
	copy(e.hash[:], s.take(sha256.Size))
	if err := s.end(); err != nil {
		return elsewhere{}, false, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return e, true, nil
}

// maxParts is the most parts of a record that lies elsewhere.
const maxParts = 1 << 12
