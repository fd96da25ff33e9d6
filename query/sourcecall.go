package query

import (
	"fmt"
	"strings"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// sourceFunctions are the functions that read a source, and those that are known by name and not built.
var sourceFunctions map[string]func(*run, *callClause) (evaluator, error)

func init() {
	sourceFunctions = map[string]func(*run, *callClause) (evaluator, error){
		"get-else": getElse, "get-some": getSome, "missing?": missing,
		"q": nested, "tx-ids": txIDs, "tx-data": txData, "fulltext": notBuilt("fulltext"),
	}
}

// readers are the functions whose results are values of the source.
var readers = []string{"get-else", "get-some", "missing?"}

func notBuilt(feature string) func(*run, *callClause) (evaluator, error) {
	return func(_ *run, c *callClause) (evaluator, error) {
		err := &db.FeatureError{Feature: feature}
		return nil, errorAt(c.pos, err, "%v", err)
	}
}

// reading returns the database that the first argument of a call names.
func (r *run) reading(c *callClause, min, max int) (db.Reader, error) {
	if len(c.args) < min || max >= 0 && len(c.args) > max {
		return nil, errorAt(c.pos, ErrFunction, "%s takes %s, of which the first is a source such as $", c.name, builtin{min: min, max: max}.arity())
	}
	if c.args[0].kind != sourceTerm {
		return nil, errorAt(c.args[0].pos, ErrFunction, "the first argument of %s is a source such as $", c.name)
	}
	s := r.sources[c.args[0].name]
	if s == nil || s.db == nil {
		return nil, errorAt(c.args[0].pos, ErrSource, "%s is no database", c.args[0].name)
	}
	return s.db, c.oneSource()
}

// oneSource returns an error where an argument other than the first is a source.
func (c *callClause) oneSource() error {
	for _, t := range c.args[1:] {
		if t.kind == sourceTerm {
			return errorAt(t.pos, ErrFunction, "%s takes one source", c.name)
		}
	}
	return nil
}

// attributeArg checks an attribute that a call names by a constant, before anything is read.
func (r *run) attributeArg(from db.Reader, t term, single bool) error {
	if t.kind != constantTerm {
		return nil
	}
	if k, ok := t.c.(db.Keyword); ok && strings.HasPrefix(k.Name(), "_") {
		_, _, err := r.direction(from, k)
		return errorAtIf(t, err)
	}
	id, err := r.attributeConstant(from, t.c)
	if err == nil && single {
		_, err = r.single(from, id)
	}
	return errorAtIf(t, err)
}

func errorAtIf(t term, err error) error {
	if err == nil {
		return nil
	}
	return errorAt(t.pos, err, "%v", err)
}

// getElse is (get-else $ e a default): the value of an attribute of cardinality one, or the default.
func getElse(r *run, c *callClause) (evaluator, error) {
	from, err := r.reading(c, 4, 4)
	if err != nil {
		return nil, err
	}
	if t := c.args[3]; t.kind == constantTerm && t.c == nil {
		return nil, errorAt(t.pos, ErrCall, "the default of get-else cannot be nil")
	}
	if err := r.attributeArg(from, c.args[2], true); err != nil {
		return nil, err
	}
	return func(args []index.Value) (index.Value, error) {
		if args[2].IsNil() {
			return args[2], fmt.Errorf("the default of get-else cannot be nil")
		}
		a, err := r.single(from, args[1])
		if err != nil {
			return args[2], err
		}
		v, ok, err := r.firstValue(from, args[0], a)
		if !ok {
			v = args[2]
		}
		return v, err
	}, nil
}

// single returns the attribute that an argument names, which must have cardinality one.
func (r *run) single(from db.Reader, v index.Value) (db.ID, error) {
	id, err := r.attribute(from, v)
	if err != nil {
		return 0, err
	}
	if a, _ := from.Schema().Attribute(id.Ref()); a.Many {
		return 0, &reason{ErrCall, a.Ident.String() + " has many values"}
	}
	return id.Ref(), nil
}

// firstValue returns the first value of an attribute that a source shows of an entity.
func (r *run) firstValue(from db.Reader, e index.Value, a db.ID) (index.Value, bool, error) {
	id, err := r.entity(from, e)
	if err != nil || id.Kind() != index.KindLong {
		return index.Value{}, false, err
	}
	return r.firstOf(from, index.EAVT, index.Fact{E: id.Ref(), A: a})
}

// firstOf returns the value of the first datom of a prefix of two components.
func (r *run) firstOf(from db.Reader, o index.Order, key index.Fact) (index.Value, bool, error) {
	cursor, err := from.Scan(r.ctx, o, index.Prefix(2, key))
	if err != nil {
		return index.Value{}, false, err
	}
	b, err := cursor.Next()
	if b == nil || err != nil {
		return index.Value{}, false, err
	}
	return b.V.At(0), true, nil
}

// getSome is (get-some $ e a …): the id of the first attribute that the entity has, and its value.
func getSome(r *run, c *callClause) (evaluator, error) {
	from, err := r.reading(c, 3, -1)
	if err != nil {
		return nil, err
	}
	for _, t := range c.args[2:] {
		if err := r.attributeArg(from, t, true); err != nil {
			return nil, err
		}
	}
	return func(args []index.Value) (index.Value, error) {
		for _, arg := range args[1:] {
			a, err := r.single(from, arg)
			if err != nil {
				return arg, err
			}
			if v, ok, err := r.firstValue(from, args[0], a); ok || err != nil {
				return index.NewTuple(index.Ref(a), v), err
			}
		}
		return index.Value{}, nil
	}, nil
}

// missing is (missing? $ e a): whether the entity has no value of the attribute, which may be reverse.
func missing(r *run, c *callClause) (evaluator, error) {
	from, err := r.reading(c, 3, 3)
	if err != nil {
		return nil, err
	}
	if err := r.attributeArg(from, c.args[2], false); err != nil {
		return nil, err
	}
	return func(args []index.Value) (index.Value, error) {
		a, reverse, err := r.direction(from, r.objects.plain(args[1]))
		if err != nil {
			return args[1], err
		}
		id, err := r.entity(from, args[0])
		if err != nil || id.Kind() != index.KindLong {
			return index.Bool(true), err
		}
		ok := false
		if reverse {
			_, ok, err = r.firstOf(from, index.VAET, index.Fact{V: id, A: a})
		} else {
			_, ok, err = r.firstOf(from, index.EAVT, index.Fact{E: id.Ref(), A: a})
		}
		return index.Bool(!ok), err
	}, nil
}

// direction returns the attribute that a name means, and whether it is written in reverse.
func (r *run) direction(from db.Reader, name any) (db.ID, bool, error) {
	v, err := r.objects.value(name)
	if err != nil {
		return 0, false, err
	}
	a, err := r.attribute(from, v)
	k, ok := name.(db.Keyword)
	if err == nil || !ok || !strings.HasPrefix(k.Name(), "_") {
		return a.Ref(), false, err
	}
	forward := strings.TrimPrefix(k.Namespace()+"/"+k.Name()[1:], "/")
	v, _ = index.Keyword(db.Keyword(forward))
	if a, err = r.attribute(from, v); err == nil && !from.Schema().IsRef(a.Ref()) {
		err = &reason{ErrCall, ":" + forward + " is no reference"}
	}
	return a.Ref(), true, err
}
