package tx

import (
	"context"
	"iter"
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// backfilled is how many entities one transaction of Backfill is about.
const backfilled = 1000

// Backfill gives the composite tuple attr a value of the entities that had its constituents before it was installed, and that no
// transaction has mentioned since. It commits as many transactions as that takes, each on the newest snapshot, while others
// write; to stop it by its context and to call it again is to go on. It returns how many values it wrote. A value that is unique
// and not free is an error that unwraps to ErrUniqueConflict or ErrConflict; those before it stay written.
func Backfill(ctx context.Context, conn *db.Conn, attr string) (int, error) {
	b := newBase(ctx, conn.Snapshot())
	a, ok := b.schema.Named(attr)
	if !ok || !kept(a) {
		return 0, fail(ErrNotAnAttribute, "%s is no composite tuple that the database keeps", key(attr))
	}
	written := 0
	var waiting []db.ID
	for e, err := range b.without(a) {
		if err != nil {
			return written, err
		}
		if waiting = append(waiting, e); len(waiting) == backfilled {
			n, err := backfill(ctx, conn, a, waiting)
			if written, waiting = written+n, nil; err != nil {
				return written, err
			}
		}
	}
	if len(waiting) == 0 {
		return written, nil
	}
	n, err := backfill(ctx, conn, a, waiting)
	return written + n, err
}

// backfill writes a composite of some entities, and returns of how many.
func backfill(ctx context.Context, conn *db.Conn, a *db.Attribute, entities []db.ID) (n int, err error) {
	rep, err := Transact(ctx, conn, restated(a, entities))
	if err != nil {
		return 0, err
	}
	for _, d := range rep.Datoms {
		if d.A == a.ID && d.Added {
			n++
		}
	}
	return n, nil
}

// without yields the entities that have constituents of a composite, but no value of it, each once.
func (b *base) without(a *db.Attribute) iter.Seq2[db.ID, error] {
	return func(yield func(db.ID, error) bool) {
		for i, part := range a.TupleAttrs {
			earlier := append(slices.Clip(a.TupleAttrs[:i]), a.ID)
			more := true
			err := b.each(db.AEVT, 1, index.Fact{A: part}, func(d db.Datom) bool {
				has, err := b.any(d.E, earlier)
				if !has || err != nil {
					more = yield(d.E, err) && err == nil
				}
				return more
			})
			if err != nil {
				yield(0, err)
			}
			if err != nil || !more {
				return
			}
		}
	}
}

// any reports whether an entity has one of the attributes.
func (b *base) any(e db.ID, attrs []db.ID) (bool, error) {
	for _, a := range attrs {
		if _, has, err := b.first(db.EAVT, 2, index.Fact{E: e, A: a}); has || err != nil {
			return has, err
		}
	}
	return false, nil
}

// restated returns data that says what a composite comes to, of each of the entities that has constituents.
func restated(a *db.Attribute, entities []db.ID) Data {
	return Func(func(ctx context.Context, before *db.Snapshot) (Data, error) {
		b := newBase(ctx, before)
		var said all
		for _, e := range entities {
			slots := make([]db.Value, len(a.TupleAttrs))
			for i, part := range a.TupleAttrs {
				d, _, err := b.first(db.EAVT, 2, index.Fact{E: e, A: part})
				if err != nil {
					return nil, err
				}
				slots[i] = d.V
			}
			if v := composed(slots); !v.IsNil() {
				said = append(said, operation("db/add", e, a.ID, v))
			}
		}
		return said, nil
	})
}
