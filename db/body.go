package db

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/datolite/datolite/index"
)

// A body is one transaction in a record:
//
//	salt (16 bytes), t, instant (ms), ids taken (next t − t), next element
//	number of fields, and of each: kind, length, content; kinds ascend
//	number of facts, and of each: head, e, a, value, and if it is a closing: t − the t of the assertion that it closes
//
// Facts are in the order of the report. A head is the kind of the value, with bit 7 set in a closing. An e is the difference to
// the e before. The fact of :db/txInstant, and the transaction's id, follow from t and instant.
type body struct {
	salt   nonce
	commit Commit // as logged
	fields []field
}

// A field is something about a transaction that is optional. A reader skips the kinds that it does not know: what it must know is
// a matter of the record's version.
type field struct {
	kind    uint64
	content string
}

// The kinds of fields, which a transaction with an idempotency key has; the key itself is a fact. Kind 1 is reserved.
const (
	fieldDigest = 2 // of the data as it was submitted
	fieldAnswer = 3 // what the caller was told: see appendAnswer
)

// fieldsOf returns the fields of a commit.
func fieldsOf(c *Commit) []field {
	if c.Digest == nil {
		return nil
	}
	return []field{{fieldDigest, string(c.Digest)}, {fieldAnswer, string(appendAnswer(nil, c))}}
}

// appendAnswer appends the number of tempids, and of each its name and id, names ascending; then the number of items without an
// id, and the id of each.
func appendAnswer(b []byte, c *Commit) []byte {
	b = binary.AppendUvarint(b, uint64(len(c.TempIDs)))
	for _, name := range slices.Sorted(maps.Keys(c.TempIDs)) {
		b = binary.AppendUvarint(appendText(b, name), uint64(c.TempIDs[name]))
	}
	b = binary.AppendUvarint(b, uint64(len(c.Created)))
	for _, id := range c.Created {
		b = binary.AppendUvarint(b, uint64(id))
	}
	return b
}

// recall gives a commit what its fields say.
func (c *Commit) recall(fields []field) error {
	for _, f := range fields {
		s := &source{rest: f.content}
		switch f.kind {
		case fieldDigest:
			c.Digest = []byte(s.take(sha256.Size))
		case fieldAnswer:
			c.TempIDs, c.Created = s.answer()
		default:
			continue
		}
		if err := s.end(); err != nil {
			return err
		}
	}
	return nil
}

// answer returns what appendAnswer wrote.
func (s *source) answer() (map[string]ID, []ID) {
	var tempIDs map[string]ID
	last := ""
	for i := range s.count(2) {
		name := s.text()
		if i > 0 && name <= last {
			s.fail("tempids out of order")
			return nil, nil
		}
		if tempIDs == nil {
			tempIDs = map[string]ID{}
		}
		last, tempIDs[name] = name, ID(s.upTo(maxID, "id"))
	}
	created := make([]ID, s.count(1))
	for i := range created {
		created[i] = ID(s.upTo(maxID, "id"))
	}
	return tempIDs, created
}

// logged returns what the log keeps of a commit.
func (c Commit) logged() Commit {
	if c.Digest == nil {
		c.TempIDs, c.Created = nil, nil
	}
	return c
}

// closing is the bit in the head of a fact that tells a closing from an assertion.
const closing = 0x80

// appendBody appends the body of a transaction.
func appendBody(b []byte, body *body) []byte {
	c := &body.commit
	b = append(b, body.salt[:]...)
	b = binary.AppendUvarint(b, uint64(c.T))
	b = binary.AppendVarint(b, c.Instant.UnixMilli())
	b = binary.AppendUvarint(b, uint64(c.NextT-c.T))
	b = binary.AppendUvarint(b, uint64(c.NextElement))
	b = binary.AppendUvarint(b, uint64(len(body.fields)))
	for _, f := range body.fields {
		b = appendText(binary.AppendUvarint(b, f.kind), f.content)
	}
	b = binary.AppendUvarint(b, uint64(len(c.Facts)))
	last := ID(0)
	for i := range c.Facts {
		b = appendFact(b, &c.Facts[i], c.T, last)
		last = c.Facts[i].E
	}
	return b
}

func appendFact(b []byte, f *index.Fact, t T, last ID) []byte {
	head := byte(f.V.Kind())
	if !f.Open() {
		head |= closing
	}
	b = binary.AppendVarint(append(b, head), int64(f.E-last))
	b = binary.AppendUvarint(b, uint64(f.A))
	b = appendValue(b, f.V)
	if !f.Open() {
		b = binary.AppendUvarint(b, uint64(t-f.Tx.T()))
	}
	return b
}

// The bounds of ids.
const (
	maxT       = 1 << 42
	maxElement = 1 << 20
	maxID      = 1 << 62
)

// decodeBody returns the transaction that b holds.
func decodeBody(b []byte) (body, error) {
	var out body
	s := &source{rest: string(b)}
	c := &out.commit
	copy(out.salt[:], s.take(uint64(len(out.salt))))
	c.T = T(s.upTo(maxT, "t"))
	c.Instant = time.UnixMilli(s.varint()).UTC()
	c.NextT = c.T + T(s.upTo(maxT, "next t"))
	c.NextElement = ID(s.upTo(maxElement, "next element"))
	out.fields = s.fields()
	c.Facts = s.facts(c.T)
	return out, cmp.Or(s.end(), c.recall(out.fields))
}

func (s *source) fields() []field {
	n := s.count(2)
	if n == 0 {
		return nil
	}
	fields := make([]field, n)
	for i := range fields {
		fields[i] = field{s.uvarint(), s.text()}
		if i > 0 && fields[i].kind <= fields[i-1].kind {
			s.fail("fields out of order")
		}
	}
	return fields
}

func (s *source) facts(t T) []index.Fact {
	facts := make([]index.Fact, s.count(4))
	last := ID(0)
	for i := range facts {
		if s.err != nil {
			return nil
		}
		facts[i] = s.fact(t, last)
		last = facts[i].E
	}
	return facts
}

// fact returns the next fact of the transaction t. A closing ends what an earlier transaction asserted.
func (s *source) fact(t T, last ID) index.Fact {
	head := s.byte()
	f := index.Fact{E: last + ID(s.varint()), A: ID(s.upTo(maxElement, "attribute")), Tx: index.TxID(t)}
	f.V = s.value(index.Kind(head &^ closing))
	if f.E < 0 {
		s.fail("entity %d out of range", f.E)
	}
	if head&closing == 0 {
		return f
	}
	age := T(s.upTo(uint64(t)+1, "age of a fact"))
	if age == 0 {
		s.fail("a fact that ends as it begins")
	}
	f.Tx, f.End = index.TxID(t-age), f.Tx
	return f
}

// checkSize refuses a transaction with more datoms, or larger values, than a transaction may have.
func (c *Commit) checkSize() error {
	if n := len(c.Facts); n > maxDatoms {
		return fmt.Errorf("%w: %d datoms, and a transaction has at most %d: divide it", ErrTooLarge, n, maxDatoms)
	}
	size := 0
	for i := range c.Facts {
		size += len(c.Facts[i].V.Text())
	}
	if size > maxBytes {
		return fmt.Errorf("%w: %d bytes of values, and a transaction has at most %d: divide it", ErrTooLarge, size, maxBytes)
	}
	return nil
}

// The most of one transaction.
const (
	maxDatoms = 100_000  // beside its instant
	maxBytes  = 64 << 20 // of texts and byte strings
)

// errMoved is why a transaction is refused whose report begins elsewhere than where it was told to.
var errMoved = errors.New("the report was not made on the snapshot that was handed in")
