package tx

import (
	"context"
	"strconv"
	"strings"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// A base is the database before the transaction: all that any item of it sees.
type base struct {
	ctx    context.Context
	snap   *db.Snapshot
	schema *db.Schema
	tx     db.ID // that is being made
	room   *room // nil for none
}

func newBase(ctx context.Context, snap *db.Snapshot) *base {
	return &base{ctx: ctx, snap: snap, schema: snap.Schema(), tx: index.TxID(snap.NextT())}
}

// each calls f for the datoms of an order whose first components are those of key, until it returns false.
func (b *base) each(o db.Order, components int, key index.Fact, f func(db.Datom) bool) error {
	cursor, err := b.snap.Scan(b.ctx, o, index.Prefix(components, key))
	if err != nil {
		return err
	}
	for {
		batch, err := cursor.Next()
		if err != nil || batch == nil {
			return err
		}
		for i := range batch.Len() {
			if !f(batch.Datom(i)) {
				return nil
			}
		}
	}
}

// first returns the first datom whose first components are those of key.
func (b *base) first(o db.Order, components int, key index.Fact) (d db.Datom, ok bool, err error) {
	return b.snap.First(b.ctx, o, index.Prefix(components, key))
}

// holder returns the datom of the entity that has the value of a unique attribute.
func (b *base) holder(a *db.Attribute, v db.Value) (db.Datom, bool, error) {
	if !a.Names(v) {
		return db.Datom{}, false, nil
	}
	return b.first(db.AVET, 2, index.Fact{A: a.ID, V: v})
}

// isNew reports whether an entity is made by the transaction, so that nothing can be known of it.
func (b *base) isNew(e db.ID) bool {
	if e.Part() == index.PartDB {
		return e >= b.snap.NextElement()
	}
	return e.T() >= b.snap.NextT()
}

// called returns how a message calls an entity.
func (b *base) called(e db.ID) string {
	if e == b.tx {
		return `"datomic.tx"`
	}
	if ident, ok := b.schema.Ident(e); ok {
		return ident.String()
	}
	return strconv.FormatInt(int64(e), 10)
}

// shown returns how a message shows a value of an attribute.
func (b *base) shown(a *db.Attribute, v db.Value) string {
	switch a.Type {
	case db.TypeRef:
		return b.called(v.Ref())
	case db.TypeTuple:
		return b.shownTuple(a, v.Tuple())
	}
	return form{kind: atom, val: v}.String()
}

func (b *base) shownTuple(a *db.Attribute, slots []db.Value) string {
	words := make([]string, len(slots))
	for i, slot := range slots {
		words[i] = form{kind: atom, val: slot}.String()
		if !slot.IsNil() && slotType(a, i) == db.TypeRef {
			words[i] = b.called(slot.Ref())
		}
	}
	return "[" + strings.Join(words, " ") + "]"
}
