package db

import (
	"context"
	"iter"

	"github.com/datolite/datolite/index"
)

// A Reader is a value that can be asked: a *Snapshot or a *View of one. It never changes, and any number of goroutines may
// read it. Where a method takes an entity (e any), that is an ID (or its number), a T (its transaction), a Keyword (its ident)
// or a LookupRef; an attribute is a string, Keyword or ID. Questions in Datalog and whole trees: see query.All and query.Pull.
type Reader interface {
	// T returns the basis: the t of the newest transaction in the snapshot beneath, whatever the view.
	T() T
	// Schema returns the schema of the snapshot beneath: views change what is seen, never what it means.
	Schema() *Schema
	// IsHistory reports whether the reader shows retractions and what they ended.
	IsHistory() bool
	// EntID returns the id of an entity, and ErrNotAnEntity where an ident or lookup ref names none. An ID is returned as it is.
	EntID(ctx context.Context, e any) (ID, error)
	// Entity returns what is known of one entity.
	Entity(ctx context.Context, e any) (Entity, error)
	// Datoms yields the datoms of an order whose first components are these, in the order's sequence: for EAVT an entity, an
	// attribute, a value, a transaction, and so on. A component that names nothing matches nothing; nil ends the list.
	Datoms(ctx context.Context, o Order, components ...any) iter.Seq2[Datom, error]
	// SeekDatoms yields the datoms of an order from the place of the components on, to the end of the order.
	SeekDatoms(ctx context.Context, o Order, components ...any) iter.Seq2[Datom, error]
	// IndexRange yields the datoms of an attribute in AVET with start ≤ value < end; nil leaves a side open.
	IndexRange(ctx context.Context, attr, start, end any) iter.Seq2[Datom, error]
	// Count returns how many datoms Datoms would yield: exactly on a snapshot, at most that many on a view, and on a snapshot of
	// Conn.At or Conn.Reports, and without reading them.
	Count(ctx context.Context, o Order, components ...any) (int, error)
	// CountRange returns what Count does, of a range as Scan takes it.
	CountRange(ctx context.Context, o Order, r index.Range) (int, error)
	// TxRange yields the transactions with start ≤ t < end from the log, oldest first; nil leaves a side open. A view shows of
	// them what it shows of history.
	TxRange(ctx context.Context, start, end Moment) iter.Seq2[Tx, error]
	// Scan walks a range of an order in batches of columns; it is what query operators read.
	Scan(ctx context.Context, o Order, r index.Range) (*index.Cursor, error)
	// ScanKeys reads many entities or values of an order at once, with for each datom the key it belongs to.
	ScanKeys(ctx context.Context, o Order, k index.Keys) (*index.Cursor, error)
	// Split divides a range into up to n of about equal size, which may be scanned beside each other; datoms that are equal in their first
	// so many components, in the order's sequence, stay together. A view with filters, which are asked by one goroutine, is not divided. It
	// is for package query alone.
	Split(ctx context.Context, o Order, r index.Range, n, together int) ([]index.Range, error)
	// Finder returns what finds the datoms of keys that few have, one after the other, which is the fastest way to read at points. On a
	// history view it fails with ErrHistory.
	Finder(ctx context.Context) (index.Finder, error)
	// Snapshot returns the snapshot beneath.
	Snapshot() *Snapshot
	String() string

	sealed()
}

var (
	_ Reader = (*Snapshot)(nil)
	_ Reader = (*View)(nil)
)

// A reader is what Snapshot and View have in common: the snapshot beneath, and the view, which a snapshot has not.
type reader struct {
	snap *Snapshot
	view *View
}

func (r *reader) sealed() {}

// T returns the basis: the t of the newest transaction in the snapshot beneath.
func (r *reader) T() T { return r.snap.basis }

// Schema returns the schema of the snapshot beneath.
func (r *reader) Schema() *Schema { return r.snap.Schema() }

// Snapshot returns the snapshot beneath.
func (r *reader) Snapshot() *Snapshot { return r.snap }

// IsHistory reports whether the reader shows retractions and what they ended.
func (r *reader) IsHistory() bool { return r.view != nil && r.view.shows.History }

// window returns what the index is to show.
func (r *reader) window(ctx context.Context) (index.View, error) {
	if r.view == nil {
		return index.View{Basis: index.TxID(r.snap.basis)}, nil
	}
	return r.view.window(ctx)
}

// Scan walks a range of an order in batches of columns.
func (r *reader) Scan(ctx context.Context, o Order, rng index.Range) (*index.Cursor, error) {
	w, err := r.window(ctx)
	if err != nil {
		return nil, err
	}
	return r.snap.levels.Scan(ctx, o, rng, w), nil
}

// ScanKeys reads many entities or values of an order at once, with for each datom the key it belongs to.
func (r *reader) ScanKeys(ctx context.Context, o Order, k index.Keys) (*index.Cursor, error) {
	w, err := r.window(ctx)
	if err != nil {
		return nil, err
	}
	return r.snap.levels.ScanKeys(ctx, o, k, w), nil
}

// Split divides a range into up to n of about equal size.
func (r *reader) Split(ctx context.Context, o Order, rng index.Range, n, together int) ([]index.Range, error) {
	w, err := r.window(ctx)
	if err != nil || w.Keep != nil {
		return []index.Range{rng}, err
	}
	return r.snap.levels.Split(ctx, o, rng, w, n, together)
}

// Finder returns what finds the datoms of keys that few have.
func (r *reader) Finder(ctx context.Context) (index.Finder, error) {
	if r.IsHistory() {
		return index.Finder{}, ErrHistory
	}
	w, err := r.window(ctx)
	if err != nil {
		return index.Finder{}, err
	}
	return r.snap.levels.Finder(ctx, &w), nil
}

// each yields the datoms of a range.
func (r *reader) each(ctx context.Context, o Order, rng index.Range, yield func(Datom, error) bool) {
	cursor, err := r.Scan(ctx, o, rng)
	if err != nil {
		yield(Datom{}, err)
		return
	}
	for {
		batch, err := cursor.Next()
		if err != nil {
			yield(Datom{}, err)
			return
		}
		if batch == nil {
			return
		}
		for i := range batch.Len() {
			if !yield(batch.Datom(i), nil) {
				return
			}
		}
	}
}

// ranged yields the datoms of the range that find returns, if there is one.
func (r *reader) ranged(ctx context.Context, o Order, find func() (index.Range, bool, error)) iter.Seq2[Datom, error] {
	return func(yield func(Datom, error) bool) {
		switch rng, ok, err := find(); {
		case err != nil:
			yield(Datom{}, err)
		case ok:
			r.each(ctx, o, rng, yield)
		}
	}
}

// Datoms yields the datoms of an order whose first components are these.
func (r *reader) Datoms(ctx context.Context, o Order, components ...any) iter.Seq2[Datom, error] {
	return r.ranged(ctx, o, func() (index.Range, bool, error) { return r.prefix(ctx, o, components) })
}

// SeekDatoms yields the datoms of an order from the place of the components on, to the end of the order.
func (r *reader) SeekDatoms(ctx context.Context, o Order, components ...any) iter.Seq2[Datom, error] {
	return r.ranged(ctx, o, func() (index.Range, bool, error) {
		rng, ok, err := r.prefix(ctx, o, components)
		return index.Range{Lo: rng.Lo, Hi: index.All.Hi}, ok, err
	})
}

// IndexRange yields the datoms of an attribute in AVET with start ≤ value < end.
func (r *reader) IndexRange(ctx context.Context, attr, start, end any) iter.Seq2[Datom, error] {
	return r.ranged(ctx, AVET, func() (index.Range, bool, error) {
		lo, ok, err := r.prefix(ctx, AVET, []any{attr, start})
		if !ok || err != nil {
			return index.Range{}, false, err
		}
		if end == nil {
			hi, ok, err := r.prefix(ctx, AVET, []any{attr})
			return index.Range{Lo: lo.Lo, Hi: hi.Hi}, ok, err
		}
		hi, ok, err := r.prefix(ctx, AVET, []any{attr, end})
		if start != nil && ok && index.Compare(lo.Lo.Key.V, hi.Lo.Key.V) >= 0 {
			ok = false
		}
		return index.Range{Lo: lo.Lo, Hi: hi.Lo}, ok, err
	})
}

// Count returns how many datoms Datoms would yield, or an upper bound of it.
func (r *reader) Count(ctx context.Context, o Order, components ...any) (int, error) {
	rng, ok, err := r.prefix(ctx, o, components)
	if !ok || err != nil {
		return 0, err
	}
	return r.CountRange(ctx, o, rng)
}

// CountRange returns how many datoms Scan would show, or an upper bound of it.
func (r *reader) CountRange(ctx context.Context, o Order, rng index.Range) (int, error) {
	w, err := r.window(ctx)
	if err != nil {
		return 0, err
	}
	return r.snap.levels.Count(ctx, o, rng, w)
}
