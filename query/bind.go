package query

import (
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

// A binder turns values into rows of a binding's variables. A variable that stands twice in a binding must get one value.
type binder struct {
	objects *objects
	kind    error // of what does not fit
	vars    []variable
	row     []index.Value
	set     []bool
}

func newBinder(o *objects, b *bindForm, kind error) *binder {
	var s varSet
	b.vars(&s)
	vars := s.list()
	return &binder{o, kind, vars, make([]index.Value, len(vars)), make([]bool, len(vars))}
}

// bind calls yield for every way in which a value fits a binding, with the row filled.
func (m *binder) bind(b *bindForm, v index.Value, yield func() error) error {
	switch b.kind {
	case blankBinding:
		return yield()
	case scalarBinding:
		return m.scalar(b, v, yield)
	}
	elems, ok, err := m.objects.elements(v)
	if err != nil {
		return err
	}
	if !ok && b.kind == tupleBinding {
		if elems, ok, err = m.objects.fieldsOf(v); err != nil {
			return err
		}
	}
	if !ok {
		return errorAt(b.pos, m.kind, "%s is no collection", m.objects.text(v))
	}
	if b.kind == tupleBinding {
		if len(elems) < len(b.items) {
			return errorAt(b.pos, m.kind, "%s has too few elements: %d are asked for", m.objects.text(v), len(b.items))
		}
		return m.tuple(b.items, elems, yield)
	}
	for _, e := range elems {
		if err := m.bind(&b.items[0], e, yield); err != nil {
			return err
		}
	}
	return nil
}

func (m *binder) scalar(b *bindForm, v index.Value, yield func() error) error {
	at := indexOf(m.vars, b.v)
	if m.set[at] {
		if m.row[at] != v {
			return nil
		}
		return yield()
	}
	m.row[at], m.set[at] = v, true
	defer func() { m.set[at] = false }()
	return yield()
}

// tuple binds each item to the element in its place.
func (m *binder) tuple(items []bindForm, elems []index.Value, yield func() error) error {
	if len(items) == 0 {
		return yield()
	}
	return m.bind(&items[0], elems[0], func() error { return m.tuple(items[1:], elems[1:], yield) })
}

// text returns a value as it is shown in errors.
func (o *objects) text(v index.Value) string {
	const most = 80
	s := []rune(edn.String(o.plain(v)))
	if len(s) > most {
		return string(s[:most]) + "…"
	}
	return string(s)
}
