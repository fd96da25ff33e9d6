package query

import (
	"fmt"
	"reflect"
)

// A rowSetter stores a row in a place. It is for one goroutine.
type rowSetter func(dst reflect.Value, row int) error

// rowSetterFor returns what stores the rows of an answer in places of a Go type. Everything that depends on the columns is
// settled here, so that a row costs no more than its cells.
func rowSetterFor(t reflect.Type, a *answer) (rowSetter, error) {
	switch {
	case t == reflect.TypeFor[[]any]():
		return func(dst reflect.Value, row int) error { dst.Set(reflect.ValueOf(a.row(row))); return nil }, nil
	case t.Kind() == reflect.Pointer && exactSetters[t] == nil:
		return pointerRows(t, a)
	case isTree(a) && becomesTree(t, a.names[0]):
		return cellRows(t, a)
	case isStruct(t):
		return structRows(t, a)
	case t == reflect.TypeFor[map[string]any]():
		return mapRows(a), nil
	case len(a.names) != 1:
		return nil, misfit("%d columns do not fit one %s; a struct, []any or map[string]any takes them", len(a.names), typeName(t))
	}
	return cellRows(t, a)
}

// isStruct reports whether a type takes columns by field.
func isStruct(t reflect.Type) bool { return t.Kind() == reflect.Struct && exactSetters[t] == nil }

// isTree reports whether a pull is the only column.
func isTree(a *answer) bool {
	if len(a.names) != 1 {
		return false
	}
	_, ok := sample(a, 0).(map[string]any)
	return ok
}

// becomesTree reports whether a type is itself what a pull found, and does not hold it in a field named like the column.
func becomesTree(t reflect.Type, column string) bool {
	if !isStruct(t) {
		return t == reflect.TypeFor[map[string]any]()
	}
	f, err := meet(targetsOf(t), column)
	if f == nil {
		return err == nil
	}
	held := f.typ
	if held.Kind() == reflect.Pointer {
		held = held.Elem()
	}
	return !isStruct(held) && held.Kind() != reflect.Map && held.Kind() != reflect.Interface
}

// sample returns the first cell of a column that is not nil.
func sample(a *answer, column int) any {
	for i := range a.n {
		if cell := a.cell(column, i); cell != nil {
			return cell
		}
	}
	return nil
}

// pointerRows makes a place for each row.
func pointerRows(t reflect.Type, a *answer) (rowSetter, error) {
	set, err := rowSetterFor(t.Elem(), a)
	return func(dst reflect.Value, row int) error {
		dst.Set(reflect.New(t.Elem()))
		return set(dst.Elem(), row)
	}, err
}

// cellRows takes the only column.
func cellRows(t reflect.Type, a *answer) (rowSetter, error) {
	l := &treeList{}
	fill := a.filler(0, t, setterFor(t), l)
	return func(dst reflect.Value, row int) error {
		if err := fill(dst, row); err != nil {
			return misfitCell("column "+a.names[0], a.cell(0, row), typeName(t), err)
		}
		return l.fill()
	}, check(a, 0, t, func() string { return typeName(t) })
}

// check tells of a column that never fits before any row is handed out.
func check(a *answer, column int, t reflect.Type, place func() string) error {
	cell := sample(a, column)
	if setterFor(t)(reflect.New(t).Elem(), cell, &treeList{}) == errMismatch {
		return misfitCell("column "+a.names[column], cell, place(), errMismatch)
	}
	return nil
}

func mapRows(a *answer) rowSetter {
	return func(dst reflect.Value, row int) error {
		m := make(map[string]any, len(a.names))
		for i, name := range a.names {
			m[name] = a.cell(i, row)
		}
		dst.Set(reflect.ValueOf(m))
		return nil
	}
}

// structRows stores each cell in the field that its column meets.
func structRows(t reflect.Type, a *answer) (rowSetter, error) {
	fields := make([]*target, len(a.names))
	for i, name := range a.names {
		f, err := fieldOf(t, name)
		if err != nil {
			return nil, err
		}
		for j, other := range fields[:i] {
			if other == f {
				return nil, misfit("columns %s and %s both fit field %s", a.names[j], name, f.path)
			}
		}
		if err := check(a, i, f.typ, f.place); err != nil {
			return nil, err
		}
		fields[i] = f
	}
	l := &treeList{}
	fillers := make([]filler, len(fields))
	for i, f := range fields {
		fillers[i] = a.filler(i, f.typ, f.set, l)
	}
	return func(dst reflect.Value, row int) error {
		for i, f := range fields {
			if err := fillers[i](dst.FieldByIndex(f.index), row); err != nil {
				return misfitCell("column "+a.names[i], a.cell(i, row), f.place(), err)
			}
		}
		return l.fill()
	}, nil
}

func (f *target) place() string { return fmt.Sprintf("field %s (%s)", f.path, typeName(f.typ)) }

// fieldOf returns the field that a column meets.
func fieldOf(t reflect.Type, column string) (*target, error) {
	list := targetsOf(t)
	f, err := meet(list, column)
	if f == nil && err == nil {
		err = misfit("column %s has no field in %s%s", column, typeName(t), nearField(list, column))
	}
	return f, err
}

// A treeList holds the structs that are still to be filled from what was pulled.
type treeList struct{ todo []tree }

type tree struct {
	dst  reflect.Value
	from map[string]any
}

// setStruct takes what was pulled of an entity.
func setStruct(dst reflect.Value, cell any, l *treeList) error {
	m, ok := cell.(map[string]any)
	if !ok {
		return errMismatch
	}
	l.todo = append(l.todo, tree{dst, m})
	return nil
}

// fill stores in each struct of the list what was pulled for its fields. What has no field is left out, since a pattern such as
// [*] finds more than a program knows of.
func (l *treeList) fill() error {
	for len(l.todo) > 0 {
		last := len(l.todo) - 1
		t := l.todo[last]
		l.todo = l.todo[:last]
		for name, cell := range t.from {
			if err := l.fillField(t.dst, name, cell); err != nil {
				l.todo = nil
				return err
			}
		}
	}
	return nil
}

func (l *treeList) fillField(dst reflect.Value, name string, cell any) error {
	f, err := meet(targetsOf(dst.Type()), name)
	if f == nil {
		return err
	}
	if err := f.set(dst.FieldByIndex(f.index), cell, l); err != nil {
		return misfitCell("attribute "+name, cell, f.place(), err)
	}
	return nil
}
