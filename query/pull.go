package query

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/internal/tag"
)

// Pull returns the tree of one entity (a db.ID, db.Keyword or db.Lookup). An entity of which nothing matches is ErrNoRow.
//
// Where T is a struct, its tags say what to read: a field that is a struct is read as a tree too, of any depth; a field db.ID
// names an entity. Without a pattern T must be a struct, or a pointer to one. An entity that contains itself is read once along a path:
// below that it has no more than its db/id.
//
// A pattern such as [:person/name {:person/friend [*]}] says what to read by itself. T may then be map[string]any, which is
// keyed by the names as written, without their colon; a reference that the pattern does not go into is a map of db/id and, where the
// entity has one, db/ident; an attribute that has many values, or is reversed, is a []any of at most 1,000, unless :limit says otherwise. In a T that
// is a struct, what was found meets fields as columns do, see All, and the rest is left out.
func Pull[T any](ctx context.Context, r db.Reader, e any, pattern ...string) (T, error) {
	var out T
	p, err := pullPattern(reflect.TypeFor[T](), pattern)
	if err != nil {
		return out, err
	}
	w, err := newPull(ctx, r, p)
	if err != nil {
		return out, err
	}
	id, err := w.named(e)
	if err != nil {
		return out, err
	}
	m, err := w.pull(id, nil)
	if err != nil {
		return out, err
	}
	if m == nil {
		return out, fmt.Errorf("query: pull: %w: nothing is known of %v", ErrNoRow, e)
	}
	return out, treeSetter[T]()(&out, m)
}

// PullAll returns the trees of many entities, each a db.ID, db.Keyword or db.Lookup, as Pull does: one for each, in their order, so that an
// entity given twice comes twice. Where nothing of an entity matches, its place holds the zero T: nil where T is a map or a pointer.
func PullAll[T, E any](ctx context.Context, r db.Reader, entities []E, pattern ...string) ([]T, error) {
	p, err := pullPattern(reflect.TypeFor[T](), pattern)
	if err != nil {
		return nil, err
	}
	w, err := newPull(ctx, r, p)
	if err != nil {
		return nil, err
	}
	out, set := make([]T, 0, len(entities)), treeSetter[T]()
	for some := range slices.Chunk(entities, rootsAtOnce) {
		trees, err := pullNamed(w, some)
		for _, m := range trees {
			out = append(out, *new(T))
			if err == nil {
				err = set(&out[len(out)-1], m)
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// pullNamed pulls entities by what names them.
func pullNamed[E any](w *pullWalk, entities []E) ([]map[string]any, error) {
	ids := make([]db.ID, len(entities))
	for i, e := range entities {
		var err error
		if ids[i], err = w.named(e); err != nil {
			return nil, err
		}
	}
	return w.pullAll(ids, nil)
}

// treeSetter returns what stores trees in places of type T, which is a struct, a map[string]any, or a pointer to one; it leaves a place as it
// is where there is no tree.
func treeSetter[T any]() func(dst *T, m map[string]any) error {
	set, list := setterFor(reflect.TypeFor[T]()), &treeList{}
	return func(dst *T, m map[string]any) error {
		if m == nil {
			return nil
		}
		if err := set(reflect.ValueOf(dst).Elem(), m, list); err != nil {
			return err
		}
		return list.fill()
	}
}

// pullPattern returns the pattern of a text, or that of a Go type where there is no text.
func pullPattern(t reflect.Type, texts []string) (*pattern, error) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case len(texts) > 1:
		return nil, misfit("Pull takes one pattern, not %d", len(texts))
	case !isStruct(t) && t != reflect.TypeFor[map[string]any]():
		return nil, misfit("Pull returns a struct or a map[string]any, not %s", typeName(t))
	case len(texts) == 0 && !isStruct(t):
		return nil, misfit("Pull of a %s needs a pattern", typeName(t))
	case len(texts) == 0:
		return typePattern(t)
	}
	return textPattern(texts[0])
}

var parsedPatterns memo[*pattern]

// textPattern returns the pattern of a text. What was read lately is kept.
func textPattern(text string) (*pattern, error) {
	if p, ok := parsedPatterns.get(text); ok {
		return p, nil
	}
	n, err := readForm(text)
	if err != nil {
		return nil, err
	}
	p, err := parsePattern(n)
	if err == nil {
		parsedPatterns.put(text, p)
	}
	return p, err
}

// named returns the entity that something names, and noEntity where that could name one.
func (w *pullWalk) named(e any) (db.ID, error) {
	id, err := w.r.EntID(w.ctx, e)
	if errors.Is(err, db.ErrNotAnEntity) && isName(e) {
		return noEntity, nil
	}
	if err != nil {
		return 0, fmt.Errorf("query: pull: %w", err)
	}
	return id, nil
}

// isName reports whether e can name an entity, though it may name none.
func isName(e any) bool {
	switch e.(type) {
	case db.Keyword, db.LookupRef:
		return true
	}
	return false
}

type typeReading struct {
	p   *pattern
	err error
}

var typePatterns sync.Map // reflect.Type → typeReading

// typePattern returns the pattern of a struct's tags. It is made once.
func typePattern(t reflect.Type) (*pattern, error) {
	if made, ok := typePatterns.Load(t); ok {
		return made.(typeReading).p, made.(typeReading).err
	}
	p, err := readType(t)
	typePatterns.Store(t, typeReading{p, err})
	return p, err
}

// readType makes the patterns of a type and of those that it holds, each once: where types hold each other, so do the patterns.
func readType(t reflect.Type) (*pattern, error) {
	made := map[reflect.Type]*pattern{t: {typed: true}}
	for todo := []reflect.Type{t}; len(todo) > 0; todo = todo[1:] {
		s, err := tag.Of(todo[0])
		if err != nil {
			return nil, misfit("%v", err)
		}
		p := made[todo[0]]
		p.id = s.ID != nil
		for _, f := range s.Fields {
			sub := f.Elem
			if f.Type != "ref" || sub.Kind() != reflect.Struct {
				sub = nil
			} else if made[sub] == nil {
				made[sub] = &pattern{typed: true}
				todo = append(todo, sub)
			}
			p.specs = append(p.specs, fieldSpec(f, made[sub]))
		}
	}
	return made[t], nil
}

// fieldSpec says what a pull reads for a field. All values are read, so that what was written is what is read.
func fieldSpec(f *tag.Field, sub *pattern) *spec {
	return &spec{name: f.Name(), attr: f.Attr, reverse: f.Reverse, key: f.Name(), limit: unlimited, sub: sub, field: f}
}
