package tx

import (
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// A record is a map in Go data with what makes it quick to read: keys that it shares with other maps, and its plain values as they will
// be stored. It means what its forms mean.
type record struct {
	*shape
	values []db.Value // by key: a text, boolean, integer or double; nil where another form stands
	others []form     // by key, null where nothing is said; none where all are values
}

// A shape is the keys that maps have in common, as forms.
type shape struct{ keys []form }

// forms returns the keys and values of the record.
func (r *record) forms() []form {
	forms := make([]form, 0, 2*len(r.keys))
	for i, key := range r.keys {
		if f := r.form(i); f.kind != null {
			forms = append(forms, key, f)
		}
	}
	return forms
}

// form returns what stands under the i-th key, null for nothing.
func (r *record) form(i int) form {
	switch {
	case !r.values[i].IsNil():
		return form{kind: atom, val: r.values[i].Any()}
	case r.others != nil:
		return r.others[i]
	}
	return form{}
}

// size returns how many claims the record comes to, about.
func (r *record) size() int {
	n := len(r.keys)
	for i := range r.others {
		n += len(r.others[i].forms())
	}
	return n
}

// set says a form under the i-th key.
func (r *record) set(i int, f form) {
	if r.others == nil {
		r.others = make([]form, len(r.keys))
	}
	r.others[i] = f
}

// A recorder makes records, many of which share their memory.
type recorder struct {
	last    *shape // of the last map
	records []record
	values  []db.Value
	n       int // how many maps there were
}

// mostAtOnce is for how many records a recorder makes room at once.
const mostAtOnce = 256

// record returns an empty record.
func (m *recorder) record(s *shape) *record {
	n := len(s.keys)
	if len(m.records) == 0 {
		m.records = make([]record, min(m.n, mostAtOnce))
	}
	if len(m.values) < n {
		m.values = make([]db.Value, n*min(m.n, mostAtOnce))
	}
	r := &m.records[0]
	r.shape, r.values = s, m.values[:n:n]
	m.records, m.values = m.records[1:], m.values[n:]
	return r
}

// mapped returns the form of a map, its keys in order: a Go map has none, and data must mean the same each time. The first one is not worth
// a record.
func (m *recorder) mapped(x Map) (form, error) {
	if m.n++; m.n == 1 {
		return fromMap(x, 0)
	}
	if m.last == nil || !m.last.fits(x) {
		m.last = shapeOf(x)
	}
	r := m.record(m.last)
	for i := range r.keys {
		k := r.keys[i].val.(string)
		if v, ok := plainOf(x[k]); ok {
			r.values[i] = v
			continue
		}
		f, err := fromGo(x[k], 1)
		switch {
		case err != nil:
			return form{}, within(k, err)
		case f.kind == null:
			return fromMap(x, 0) // in a record it would say nothing
		}
		r.set(i, f)
	}
	return form{kind: mapping, val: r}, nil
}

// fits reports whether a map has these keys and no others.
func (s *shape) fits(x Map) bool {
	if len(x) != len(s.keys) {
		return false
	}
	for i := range s.keys {
		if _, ok := x[s.keys[i].val.(string)]; !ok {
			return false
		}
	}
	return true
}

func shapeOf(x Map) *shape {
	names := make([]string, 0, len(x))
	for k := range x {
		names = append(names, k)
	}
	slices.Sort(names)
	s := &shape{make([]form, len(names))}
	for i, k := range names {
		s.keys[i] = form{kind: atom, val: k}
	}
	return s
}

// plainOf returns a Go value as it will be stored, if it is a text, boolean, integer or double that can be.
func plainOf(x any) (db.Value, bool) {
	switch x := x.(type) {
	case string:
		v, err := index.String(x)
		return v, err == nil
	case bool:
		return index.Bool(x), true
	case int:
		return index.Long(int64(x)), true
	case int64:
		return index.Long(x), true
	case float64:
		v, err := index.Double(x)
		return v, err == nil && x != 0 // which may be −0, and is then stored as another
	}
	return db.Value{}, false
}

// recorded claims what a record says.
func (x *expansion) recorded(e node, r *record) error {
	read := x.reading(r.shape)
	for i := range r.keys {
		v := r.values[i]
		if a := read.attrs[i]; a != nil && takes(a, v.Kind()) && len(v.Text()) <= maxValue {
			x.claim(claim{e: e, a: a, v: v})
			continue
		}
		if f := r.form(i); f.kind != null && i != read.id {
			if err := x.entry(e, r.keys[i], f); err != nil {
				return err
			}
		}
	}
	return nil
}

// takes reports whether a value of a kind that a record has is one of an attribute as it is.
func takes(a *db.Attribute, k index.Kind) bool {
	switch a.Type {
	case db.TypeString:
		return k == index.KindString
	case db.TypeLong:
		return k == index.KindLong
	case db.TypeBoolean:
		return k == index.KindBool
	case db.TypeDouble:
		return k == index.KindDouble
	}
	return false
}

// A reading is what the keys of a shape are in a database.
type reading struct {
	of    *shape
	attrs []*db.Attribute // nil for what is no attribute of the entity, and for :db/id
	id    int             // the place of :db/id, or -1
}

// reading returns what keys are.
func (x *expansion) reading(s *shape) *reading {
	if x.read.of == s {
		return &x.read
	}
	r, ok := x.reads[s]
	if ok {
		return r
	}
	r = &reading{of: s, attrs: make([]*db.Attribute, len(s.keys)), id: -1}
	for i, key := range s.keys {
		if x.isID(key) {
			r.id = i
		} else if _, reverse := reversed(key); !reverse {
			r.attrs[i], _ = x.attribute(key)
		}
	}
	if x.read.of == nil {
		x.read = *r
		return r
	}
	if x.reads == nil {
		x.reads = map[*shape]*reading{}
	}
	x.reads[s] = r
	return r
}
