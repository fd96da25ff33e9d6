package tx

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
)

// Once has the data beside it happen once, however often it is submitted: whoever submits it again with the same key, in any
// process and at any later time, changes nothing and gets the report of the first time, with its T, TempIDs, Created, Datoms, Before
// and After. So a caller who does not know what became of a transaction submits it again. With finds keys too.
//
// The key is :db.tx/key of the transaction, by which it can be looked up. To use it for other data is ErrKeyReused. Data is
// the same if it has the same items, in any order. What a Func does is not looked at, so the key must cover what it closes over,
// and a Func cannot return a key. A refusal is not remembered: after one, the key is free.
func Once(key string) Data { return onceKey(key) }

type onceKey string

func (k onceKey) items(c *collector) { c.add(form{kind: once, val: string(k)}, false) }

// attrKey is :db.tx/key.
const attrKey db.ID = 76

// A submission is the data of one transaction.
type submission struct {
	items  []item
	key    *item  // the item with its idempotency key; nil for none
	digest []byte // of the data, where there is a key
	quiet  bool   // nobody looks at what the report says of datoms
}

// read returns the submission of data.
func read(data []Data) (*submission, error) {
	items, err := collect(data)
	if err != nil {
		return nil, err
	}
	s := &submission{items: items}
	for i := range items {
		switch it := &items[i]; {
		case it.form.kind != once:
		case it.form.val == "":
			return nil, it.place(fail(ErrNotData, "an idempotency key is a text that is not empty"))
		case s.key != nil && s.key.form.val != it.form.val:
			return nil, it.place(fail(ErrConflict, "a transaction has one idempotency key, and %s is another", s.key.form))
		default:
			s.key = it
		}
	}
	if s.key != nil {
		s.digest = digest(items)
	}
	return s, nil
}

// repeat returns the report of the transaction with the key of the submission, nil where there is none.
func (s *submission) repeat(ctx context.Context, before *db.Snapshot) (*db.Report, error) {
	if s.key == nil {
		return nil, nil
	}
	b := newBase(ctx, before)
	a, _ := b.schema.Attribute(attrKey)
	key, err := scalar(a, form{kind: atom, val: s.key.form.val})
	if err != nil {
		return nil, s.key.place(err)
	}
	first, used, err := b.holder(a, key)
	if err != nil || !used {
		return nil, err
	}
	rep, err := before.Repeat(ctx, first.E.T(), s.digest)
	if err == nil && rep == nil {
		e := s.key.place(ofAttr(a, fail(ErrKeyReused, "the idempotency key %s was used by the transaction of %s, with other data",
			b.shown(a, key), first.E.T())))
		e.Entity, e.Datoms = first.E, []db.Datom{first}
		return nil, e
	}
	return rep, err
}

// claimKey claims the idempotency key of the transaction.
func (x *expansion) claimKey(f form) error {
	if x.depth > 0 {
		return fail(ErrNotData, "a Func cannot return an idempotency key, which must be known before it runs: give tx.Once beside it")
	}
	a, _ := x.schema.Attribute(attrKey)
	return x.assert(node(x.tx), a, form{kind: atom, val: f.val})
}

// checkKeys refuses what is said of idempotency keys by other means than Once.
func (x *expansion) checkKeys() error {
	for i := range x.claims {
		c := &x.claims[i]
		if it := &x.items[c.item]; c.a.ID == attrKey && it.form.kind != once {
			return it.place(ofAttr(c.a, fail(ErrReserved, "%s is for tx.Once to assert, and holds for ever", c.a.Ident)))
		}
	}
	return nil
}

// digest returns the SHA-256 of the items beside the key, whatever their order. The log keeps it, so what it is of must never change.
func digest(items []item) []byte {
	parts := make([]string, 0, len(items))
	for _, it := range items {
		from := byte('g') // Go data
		if it.text {
			from = 'e' // EDN, where strings mean other things
		}
		if it.form.kind != once {
			parts = append(parts, string(appendForm([]byte{from}, it.form)))
		}
	}
	sum := sha256.Sum256(appendParts(nil, sorted(parts)))
	return sum[:]
}

func sorted(parts []string) []string { slices.Sort(parts); return parts }

// letters stand for the kinds of forms in a digest.
var letters = [...]byte{null: 'n', atom: 'a', list: 'l', set: 's', mapping: 'm', lookup: 'k', tuple: 't', call: 'f'}

// appendForm appends a form so that two have the same bytes only if they mean the same. Of a Func it says only that there is one.
func appendForm(b []byte, f form) []byte {
	b = append(b, letters[f.kind])
	switch f.kind {
	case null, call:
		return b
	case atom:
		return edn.Append(b, plainAtom(f.val))
	}
	parts := make([]string, 0, len(f.forms()))
	for i, inner := range f.forms() {
		if (f.kind == mapping && i%2 == 0) || (f.kind == lookup && i == 0) {
			inner = form{kind: inner.kind, val: keyOf(inner)}
		}
		parts = append(parts, string(appendForm(nil, inner)))
	}
	switch f.kind {
	case set:
		parts = sorted(parts)
	case mapping:
		parts = sorted(paired(parts))
	}
	return appendParts(b, parts)
}

// keyOf returns the val of the form that names an attribute, a name as a keyword however it was written.
func keyOf(f form) any {
	if f.kind == atom {
		return plainKey(f)
	}
	return f.val
}

// paired returns keys each with its value.
func paired(parts []string) []string {
	pairs := make([]string, 0, len(parts)/2)
	for pair := range slices.Chunk(parts, 2) {
		pairs = append(pairs, string(appendParts(nil, pair)))
	}
	return pairs
}

// appendParts appends texts so that it is clear where each ends.
func appendParts(b []byte, parts []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(parts)))
	for _, part := range parts {
		b = append(binary.AppendUvarint(b, uint64(len(part))), part...)
	}
	return b
}
