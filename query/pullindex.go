package query

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// An IndexSlice is a stretch of the index of one attribute, for PullIndex.
type IndexSlice struct {
	Attr string
	// Order is AVET, the entities that have the attribute by its values, or AEVT, the entities that a reference with many values refers
	// to, by those that refer to them. The zero Order is AVET.
	Order db.Order
	// Start is where the slice begins: a value in AVET, an entity in AEVT. The index need not hold it. Without it the slice is all
	// of the attribute; only an attribute that has many values needs one in AVET.
	Start any
	// Reverse goes from Start down, and without it from the end.
	Reverse bool
}

// PullIndex yields the trees of the entities of a slice of an index, as Pull would return them, in the order of the index: the twenty who were
// born last are the first twenty of IndexSlice{Attr: "person/born", Reverse: true}. An entity that stands in the slice several times comes
// several times, and where nothing of one matches, the zero T comes. Nothing is read ahead but a stretch of the index, so breaking
// out early costs little, whatever its length. An error comes once, last: ErrNotIndexed of package db where the attribute is not in AVET, ErrPattern
// where the slice cannot be.
func PullIndex[T any](ctx context.Context, r db.Reader, s IndexSlice, pattern ...string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		set := treeSetter[T]()
		for m, err := range s.trees(ctx, r, reflect.TypeFor[T](), pattern) {
			var out T
			if err == nil {
				err = set(&out, m)
			}
			if !yield(out, err) || err != nil {
				return
			}
		}
	}
}

// trees yields the tree of each entity of the slice.
func (s IndexSlice) trees(ctx context.Context, r db.Reader, t reflect.Type, pattern []string) iter.Seq2[map[string]any, error] {
	return func(yield func(map[string]any, error) bool) {
		w, within, err := s.open(ctx, r, t, pattern)
		if err != nil {
			yield(nil, err)
			return
		}
		for e, err := range s.entities(ctx, r, within) {
			var m map[string]any
			if err == nil {
				m, err = w.pull(e, nil)
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// open returns what pulls the entities of the slice, and its range.
func (s IndexSlice) open(ctx context.Context, r db.Reader, t reflect.Type, pattern []string) (*pullWalk, index.Range, error) {
	p, err := pullPattern(t, pattern)
	if err != nil {
		return nil, index.Range{}, err
	}
	w, err := newPull(ctx, r, p)
	if err != nil {
		return nil, index.Range{}, err
	}
	within, err := s.within(ctx, r)
	return w, within, err
}

// order returns the order of the index.
func (s IndexSlice) order() db.Order {
	if s.Order == db.EAVT {
		return db.AVET
	}
	return s.Order
}

// within returns the range of the slice, or tells why there is none.
func (s IndexSlice) within(ctx context.Context, r db.Reader) (index.Range, error) {
	a, ok := r.Schema().Named(s.Attr)
	if !ok {
		return index.Range{}, &Error{Text: unknownAttribute(r, s.Attr), Kind: db.ErrUnknownAttribute}
	}
	if err := s.check(a); err != nil {
		return index.Range{}, err
	}
	key := index.Fact{A: a.ID}
	within := index.Prefix(1, key)
	if s.Start == nil {
		return within, nil
	}
	var err error
	if s.order() == db.AEVT {
		key.E, err = r.Snapshot().EntID(ctx, s.Start)
	} else {
		key.V, err = startValue(ctx, r, a, s.Start)
	}
	if err != nil {
		return within, fmt.Errorf("query: the Start of a slice: %w", err)
	}
	if s.Reverse {
		within.Hi = index.Cut{Parts: 2, Key: key, After: true}
	} else {
		within.Lo = index.Cut{Parts: 2, Key: key}
	}
	return within, nil
}

// startValue returns a value of an attribute; an entity, which a view need not show, may be named in any way.
func startValue(ctx context.Context, r db.Reader, a *db.Attribute, x any) (db.Value, error) {
	if a.Type != db.TypeRef {
		return a.Value(x)
	}
	e, err := r.Snapshot().EntID(ctx, x)
	return index.Ref(e), err
}

func (s IndexSlice) check(a *db.Attribute) error {
	switch s.order() {
	case db.AVET:
		if !a.Indexed {
			return fmt.Errorf("query: pull: %w", &db.AttributeError{Attr: a.Ident.String(), Err: db.ErrNotIndexed})
		}
		if a.Many && s.Start == nil {
			return &Error{Text: fmt.Sprintf("a slice of %s in AVET needs a Start, since it has many values", a.Ident), Kind: ErrPattern}
		}
	case db.AEVT:
		if a.Type != db.TypeRef || !a.Many {
			return &Error{Text: fmt.Sprintf("a slice in AEVT takes a reference with many values, and %s is none", a.Ident), Kind: ErrPattern}
		}
	default:
		return &Error{Text: "a slice is one of AVET or AEVT, not " + s.Order.String(), Kind: ErrPattern}
	}
	return nil
}

// entities yields the entities of a range.
func (s IndexSlice) entities(ctx context.Context, r db.Reader, within index.Range) iter.Seq2[db.ID, error] {
	return func(yield func(db.ID, error) bool) {
		walk := s.forward
		if s.Reverse {
			walk = s.backward
		}
		if err := walk(ctx, r, within, yield); err != nil {
			yield(0, err)
		}
	}
}

func (s IndexSlice) forward(ctx context.Context, r db.Reader, within index.Range, yield func(db.ID, error) bool) error {
	cursor, err := r.Scan(ctx, s.order(), within)
	if err != nil {
		return err
	}
	for {
		batch, err := cursor.Next()
		if err != nil || batch == nil {
			return err
		}
		for _, e := range s.column(batch) {
			if !yield(e, nil) {
				return nil
			}
		}
	}
}

// How many facts of an index are read at a time on the way back: few at first, since the first ones are often all that is asked for.
const (
	firstStretch   = 16
	longestStretch = 1024
)

func (s IndexSlice) backward(ctx context.Context, r db.Reader, within index.Range, yield func(db.ID, error) bool) error {
	stretch := firstStretch
	for more := true; more; stretch = min(2*stretch, longestStretch) {
		cursor, err := r.Scan(ctx, s.order(), within)
		if err != nil {
			return err
		}
		if within, more, err = cursor.Last(stretch); err != nil {
			return err
		}
		ids, err := s.all(cursor)
		if err != nil {
			return err
		}
		for _, e := range slices.Backward(ids) {
			if !yield(e, nil) {
				return nil
			}
		}
	}
	return nil
}

// all returns the entities of what a cursor yields.
func (s IndexSlice) all(cursor *index.Cursor) (ids []db.ID, err error) {
	for {
		batch, err := cursor.Next()
		if err != nil || batch == nil {
			return ids, err
		}
		ids = append(ids, s.column(batch)...)
	}
}

// column returns what stands in the slice: in AVET what has a value, in AEVT what is referred to.
func (s IndexSlice) column(batch *index.Batch) []db.ID {
	if s.order() == db.AVET {
		return batch.E
	}
	ids := make([]db.ID, batch.Len())
	for i := range ids {
		ids[i] = batch.V.At(i).Ref()
	}
	return ids
}
