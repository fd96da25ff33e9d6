package query

import (
	"fmt"
	"iter"
	"reflect"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

// A source is what patterns are matched against: a database or rows.
type source struct {
	db   db.Reader
	rows [][]index.Value
}

// isRows reports whether a source is rows; a source that there is not is none.
func (r *run) isRows(name string) bool {
	s := r.sources[name]
	return s != nil && s.db == nil
}

// bind gives the inputs to their places in :in, and returns what they bind as groups.
func (r *run) bind(first db.Reader, in []any) ([]*relation, error) {
	var groups []*relation
	for i, place := range r.q.inputs {
		var x any
		switch {
		case place.kind == sourceInput && place.name == "$" && first != nil:
			x = first
		case len(in) == 0:
			return nil, r.tooFew(i, first)
		default:
			x, in = in[0], in[1:]
		}
		g, err := r.take(place, x)
		if err != nil {
			return nil, err
		}
		if g != nil {
			groups = append(groups, g)
		}
	}
	if first != nil && r.sources["$"] == nil {
		r.host = append(r.host, first.Snapshot())
	}
	if len(in) > 0 {
		return nil, errorAt(r.q.inPos, ErrInputs, "%s more than :in has places", plural(len(in), "input"))
	}
	return r.together(groups)
}

func (r *run) tooFew(i int, first db.Reader) error {
	place := r.q.inputs[i]
	name := place.name
	if place.kind == bindingInput {
		name = fmt.Sprintf("place %d", i+1)
	}
	if place.kind == sourceInput && first == nil {
		return errorAt(place.pos, ErrTooFew, "there is no database for %s", name)
	}
	return errorAt(place.pos, ErrTooFew, "too few inputs: nothing for %s of :in", name)
}

// together joins groups that share variables, and puts those of one row into one.
func (r *run) together(groups []*relation) ([]*relation, error) {
	c := &conj{run: r}
	single := unit()
	for _, g := range groups {
		var err error
		if g.n == 1 && !g.set().meets(single.set()) {
			single, err = r.cross(g, single)
		} else {
			err = c.absorb(g)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(single.vars) > 0 {
		if err := c.absorb(single); err != nil {
			return nil, err
		}
	}
	return c.groups, nil
}

// take gives an input to its place; what it binds comes back as a relation.
func (r *run) take(place input, x any) (*relation, error) {
	switch place.kind {
	case sourceInput:
		s, err := r.source(place, x)
		r.sources[place.name] = s
		return nil, err
	case rulesInput:
		return nil, r.takeRules(place, x)
	case patternInput:
		p, err := r.takePattern(x)
		if r.patterns == nil {
			r.patterns = map[string]*pattern{}
		}
		r.patterns[place.name] = p
		return nil, err
	}
	return r.takeBinding(place, x)
}

func (r *run) takeRules(place input, x any) error {
	var text string
	switch x := x.(type) {
	case string:
		text = x
	case Rules:
		text = string(x)
	default:
		return errorAt(place.pos, ErrInputs, "the input for %% is the text of rules, not %T", x)
	}
	var err error
	r.tables = map[string]*answers{}
	r.rules, err = parseRules(text)
	return err
}

// takePattern reads the pattern of a pull, which is text or a plain value.
func (r *run) takePattern(x any) (*pattern, error) {
	text, ok := x.(string)
	if !ok {
		text = edn.String(x)
	}
	p, err := textPattern(text)
	return p, inPattern(err)
}

// inPattern marks the place of an error as one in the text of a pattern.
func inPattern(err error) error { return within("pattern ", err) }

func (r *run) takeBinding(place input, x any) (*relation, error) {
	b := &place.binding
	if isNil(x) {
		return nil, errorAt(place.pos, ErrInputs, "an input is nil")
	}
	r.noteIDs(b, reflect.ValueOf(x))
	if b.kind == scalarBinding {
		v, err := r.inputValue(place, x)
		if err != nil {
			return nil, err
		}
		out := &relation{vars: []variable{b.v}, cols: make([]index.Vector, 1), n: 1, unique: true}
		out.cols[0].Append(v)
		return out, r.fits(1, out.width())
	}
	m := newBinder(r.objects, b, ErrInputs)
	out := newRelation(m.vars)
	if b.kind == collectionBinding {
		if xs, sequence, err := r.streamed(x); sequence || err != nil {
			x = xs
			if err != nil {
				return nil, err
			}
		}
	}
	add := func() error {
		out.add(m.row)
		return firstError(r.tick(out.n), r.fits(out.n, out.width()))
	}
	if xs := reflect.ValueOf(x); b.kind == collectionBinding && xs.Kind() == reflect.Slice && !isScalar(x) {
		for i := range xs.Len() {
			v, err := r.inputValue(place, xs.Index(i).Interface())
			if err != nil {
				return nil, err
			}
			if err := m.bind(&b.items[0], v, add); err != nil {
				return nil, err
			}
		}
		return r.distinct(out)
	}
	v, err := r.inputValue(place, x)
	if err != nil {
		return nil, err
	}
	if err := m.bind(b, v, add); err != nil {
		return nil, err
	}
	return r.distinct(out)
}

// noteIDs notes which variables get IDs: in an answer they are IDs then, and not integers.
func (r *run) noteIDs(b *bindForm, x reflect.Value) {
	for x.Kind() == reflect.Interface {
		x = x.Elem()
	}
	switch {
	case b.kind == scalarBinding && x.IsValid() && isID(x.Type()):
		r.ids.add(b.v)
	case b.kind == scalarBinding:
		r.others.add(b.v)
	case b.kind == tupleBinding && reflect.Indirect(x).Kind() == reflect.Struct:
		items := b.items
		for _, f := range structFields(reflect.Indirect(x)) {
			if len(items) > 0 {
				r.noteIDs(&items[0], f)
				items = items[1:]
			}
		}
	case x.Kind() != reflect.Slice:
	case b.kind == tupleBinding:
		for i := range min(len(b.items), x.Len()) {
			r.noteIDs(&b.items[i], x.Index(i))
		}
	case b.kind == collectionBinding:
		for i := range x.Len() {
			r.noteIDs(&b.items[0], x.Index(i))
		}
	}
}

// isID reports whether a Go type is that of entities.
func isID(t reflect.Type) bool { return t == reflect.TypeFor[db.ID]() || t == reflect.TypeFor[db.T]() }

// inputValue returns an input as a value; a struct is the tuple of its fields.
func (r *run) inputValue(place input, x any) (index.Value, error) {
	if s := reflect.Indirect(reflect.ValueOf(x)); s.Kind() == reflect.Struct && !isScalar(x) && place.binding.kind != scalarBinding {
		return r.fields(place.pos, s)
	}
	v, err := r.objects.value(x)
	if err != nil {
		return v, errorAt(place.pos, ErrInputs, "an input cannot be used: %v", err)
	}
	return v, nil
}

// fields returns the fields of a struct as a tuple.
func (r *run) fields(pos edn.Pos, s reflect.Value) (index.Value, error) {
	t, err := r.objects.fields(s)
	if err != nil {
		err = errorAt(pos, ErrInputs, "%v", err)
	}
	return t, err
}

// fields returns the exported fields of a struct as a tuple.
func (o *objects) fields(s reflect.Value) (index.Value, error) {
	var out []index.Value
	for name, f := range structFields(s) {
		v, err := o.value(f.Interface())
		if err != nil {
			return v, fmt.Errorf("the field %s cannot be used: %w", name, err)
		}
		out = append(out, v)
	}
	return index.NewTuple(out...), nil
}

// structFields yields the exported fields of a struct with their names; those of a struct that is embedded in it count as its own.
func structFields(s reflect.Value) iter.Seq2[string, reflect.Value] {
	return func(yield func(string, reflect.Value) bool) {
		for i := range s.NumField() {
			f := s.Type().Field(i)
			switch {
			case f.Anonymous && f.Type.Kind() == reflect.Struct && exactSetters[f.Type] == nil:
				for name, inner := range structFields(s.Field(i)) {
					if !yield(name, inner) {
						return
					}
				}
			case f.IsExported() && !yield(f.Name, s.Field(i)):
				return
			}
		}
	}
}

// isScalar reports whether a Go value is one value of a database though it is made of several.
func isScalar(x any) bool {
	switch x.(type) {
	case []byte, edn.Tuple, edn.Decimal, edn.UUID, db.LookupRef, db.When, edn.Tag, edn.MapValue:
		return true
	}
	v, err := index.Of(x)
	return err == nil && v.Kind() != index.KindTuple
}

// isNoReader reports whether there is no database to ask.
func isNoReader(r db.Reader) bool {
	switch r := r.(type) {
	case *db.Snapshot:
		return r == nil
	case *db.View:
		return r == nil
	}
	return true
}

func isNil(x any) bool {
	if x == nil {
		return true
	}
	v := reflect.ValueOf(x)
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Func, reflect.Interface:
		return v.IsNil()
	}
	return false
}
