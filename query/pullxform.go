package query

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

// A transform is the function of an :xform.
type transform func(v any) (any, error)

// transform returns the function that a spec names: of the host, or one that every query can call. That it is unknown is told before
// anything is read.
func (b *binding) transform(s *spec) (transform, error) {
	if named, ok := b.reader.Snapshot().Host(s.xform); ok {
		if h, ok := named.(*hostFunc); ok {
			return b.hostTransform(s, h)
		}
	}
	if s.xform == ednRead {
		return readEDN, nil
	}
	f, ok := builtins[builtinName(s.xform)]
	switch {
	case !ok:
		near := didYouMean(s.xform, append(slices.Collect(maps.Keys(builtins)), ednRead), "")
		return nil, s.fail(ErrFunction, ":xform of :%s: unknown function %s%s", s.name, s.xform, near)
	case f.min > 1 || f.max == 0:
		return nil, s.fail(ErrFunction, ":xform of :%s: %s takes %s, not 1", s.name, s.xform, f.arity())
	}
	return f.transform, nil
}

func (b *binding) hostTransform(s *spec, h *hostFunc) (transform, error) {
	if err := h.checkArgs(1); err != nil {
		return nil, s.fail(err, ":xform of :%s: %v", s.name, err)
	}
	return func(v any) (any, error) {
		out, err := h.call(b.ctx, []any{v})
		if err != nil || isNil(out) {
			return nil, err
		}
		return asCell(out), nil
	}, nil
}

// asCell returns what a function of the host returned as a cell: integers of any width as an int64.
func asCell(x any) any {
	switch v := reflect.ValueOf(x); {
	case v.Type() == reflect.TypeFor[db.ID]() || v.Type() == reflect.TypeFor[db.T]():
	case v.CanInt():
		return v.Int()
	}
	return x
}

func (f builtin) transform(v any) (any, error) {
	o := newObjects()
	arg, err := o.value(v)
	if err != nil {
		return nil, err
	}
	out, err := f.eval(o, []index.Value{arg})
	return o.plain(out), err
}

// ednRead is the function of every pull that turns text into the plain value that it writes.
const ednRead = "edn-read"

func readEDN(v any) (any, error) {
	switch text := v.(type) {
	case nil:
		return nil, nil
	case string:
		n, err := edn.Read(text)
		return n.Plain(), err
	}
	return nil, fmt.Errorf("%s takes a string, not %s", ednRead, edn.String(v))
}
