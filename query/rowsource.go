package query

import (
	"reflect"
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// source returns an input as a source: a database, or rows.
func (r *run) source(place input, x any) (*source, error) {
	if isNil(x) {
		return nil, errorAt(place.pos, ErrInputs, "there is no database for %s", place.name)
	}
	if reader, ok := x.(db.Reader); ok {
		r.host = append(r.host, reader.Snapshot())
		return &source{db: reader}, nil
	}
	xs, ok, err := r.listed(x)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errorAt(place.pos, ErrSource, "%s takes a database, rows or a map, not %T", place.name, x)
	}
	return r.sourceRows(place, xs)
}

// listed returns the elements of a slice or array, of a sequence of package iter, of a set, or the entries of a map.
func (r *run) listed(x any) (xs []any, ok bool, err error) {
	if xs, ok := entries(x); ok {
		return xs, true, nil
	}
	switch v := reflect.ValueOf(x); {
	case (v.Kind() == reflect.Slice || v.Kind() == reflect.Array) && !isScalar(x):
		for i := range v.Len() {
			xs = append(xs, v.Index(i).Interface())
		}
		return xs, true, nil
	case v.Kind() == reflect.Func && v.Type().CanSeq():
		for e := range v.Seq() {
			xs = append(xs, e.Interface())
			if err := firstError(r.tick(len(xs)), r.fits(len(xs), valueBytes)); err != nil {
				return nil, false, err
			}
		}
		return xs, true, nil
	case v.Kind() == reflect.Func && v.Type().CanSeq2():
		for k, e := range v.Seq2() {
			xs = append(xs, []any{k.Interface(), e.Interface()})
			if err := firstError(r.tick(len(xs)), r.fits(len(xs), valueBytes)); err != nil {
				return nil, false, err
			}
		}
		return xs, true, nil
	}
	return nil, false, nil
}

// streamed returns the elements of a sequence of package iter.
func (r *run) streamed(x any) (xs []any, ok bool, err error) {
	if reflect.ValueOf(x).Kind() != reflect.Func {
		return nil, false, nil
	}
	return r.listed(x)
}

// sourceRows returns the rows of a source: lists and structs. Where no element is one of these, each is a row of one column.
func (r *run) sourceRows(place input, xs []any) (*source, error) {
	s := &source{rows: make([][]index.Value, len(xs))}
	for i, x := range xs {
		row, err := r.sourceRow(place, x)
		if err != nil {
			return nil, err
		}
		s.rows[i] = row
	}
	lists := slices.ContainsFunc(s.rows, func(row []index.Value) bool { return row[0].Kind() == index.KindTuple })
	for i, row := range s.rows {
		switch {
		case row[0].Kind() == index.KindTuple:
			s.rows[i] = row[0].Tuple()
		case lists:
			return nil, errorAt(place.pos, ErrSource, "a row of %s is a list or a struct, as others are, not %s", place.name, r.objects.text(row[0]))
		}
	}
	return s, nil
}

// sourceRow returns an element of a source as one value.
func (r *run) sourceRow(place input, x any) ([]index.Value, error) {
	var v index.Value
	var err error
	if s := reflect.Indirect(reflect.ValueOf(x)); s.Kind() == reflect.Struct && !isScalar(x) {
		v, err = r.fields(place.pos, s)
	} else {
		v, err = r.objects.value(x)
	}
	if err != nil {
		return nil, errorAt(place.pos, ErrSource, "a row of %s cannot be used: %v", place.name, err)
	}
	return []index.Value{v}, nil
}
