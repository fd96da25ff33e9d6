package db

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/storage"
)

func TestCodeAndCategory(t *testing.T) {
	for _, c := range []struct {
		err      error
		code     string
		category Category
	}{
		{nil, "", ""},
		{errors.New("x"), "", Fault},
		{fmt.Errorf("x: %w", &EntityError{}), "db.error/not-an-entity", Incorrect},
		{&AttributeError{Err: ErrNotIndexed}, "db.error/attribute-not-indexed", Incorrect},
		{&ValueError{Err: ErrNil}, "db.error/nil-value", Incorrect},
		{ErrNotBuilt, "", Unsupported},
		{fmt.Errorf("%w: %w", ErrUnknownOutcome, context.Canceled), "", Unavailable},
		{context.DeadlineExceeded, "", Interrupted},
		{&storage.Error{Err: storage.ErrLocked}, "", Unavailable},
		{&storage.Error{Err: errors.New("disk")}, "", Unavailable},
		{storage.ErrFormat, "", Unsupported},
		{&storage.Error{Err: storage.ErrForbidden}, "", Forbidden},
		{&edn.Error{Kind: edn.ErrSyntax}, "", Incorrect},
	} {
		if CodeOf(c.err) != c.code || CategoryOf(c.err) != c.category {
			t.Errorf("%T: %q, %q", c.err, CodeOf(c.err), CategoryOf(c.err))
		}
	}
}

// The texts are part of what is promised: a person who knows nothing of this package can act on them.
func TestErrorTexts(t *testing.T) {
	m := people(t)
	s := m.snap
	born, _ := s.Schema().Named("person/born")
	_, wrong := born.Value("1815")
	_, empty := born.Value(nil)
	_, long := born.Value(strings.Repeat("x", 200))
	name, _ := s.Schema().Named("person/name")
	_, utf8 := name.Value("\xff")
	pair := &Attribute{Ident: "pair", Type: TypeTuple, TupleTypes: []ValueType{TypeLong, TypeRef}}
	_, tuple := pair.Value([]any{1})
	row := &Attribute{Ident: "row", Type: TypeTuple, TupleType: TypeLong}
	_, slots := row.Value(Tuple{int64(1)})
	entID := func(e any) error { _, err := s.EntID(context.Background(), e); return err }
	_, indexed := s.Count(context.Background(), AVET, "person/note")
	for _, c := range []struct {
		err  error
		want string
	}{
		{wrong, `:person/born takes a long, not "1815"`},
		{empty, `:person/born takes a long, not nil`},
		{long, `:person/born takes a long, not "` + strings.Repeat("x", 79) + `…`},
		{utf8, ":person/name takes a string of valid UTF-8, not \"\ufffd\""},
		{tuple, `:pair takes a tuple [long ref], not [1]`},
		{slots, `:row takes a tuple of 2 to 8 of long, not [1]`},
		{entID(Keyword("the/bbo")), `no entity has the ident :the/bbo (did you mean :the/bob?)`},
		{entID(Keyword("zzzzzzzzzz")), `no entity has the ident :zzzzzzzzzz`},
		{entID(Lookup("person/name", "Eve")), `no entity has the key [:person/name "Eve"]`},
		{entID(Lookup(":person/nmae", "Eve")), `unknown attribute :person/nmae (did you mean :person/name?)`},
		{entID(Lookup("person/born", 1815)), `:person/born: attribute of a lookup ref is not unique`},
		{entID(":the/bob"), `the string ":the/bob" names no entity: write db.Keyword or db.Lookup`},
		{entID(1.5), `a float64 names no entity: write db.ID, db.Keyword or db.Lookup`},
		{entID(nil), `nil names no entity`},
		{indexed, `:person/note: attribute is not indexed`},
	} {
		if c.err == nil || c.err.Error() != c.want {
			t.Errorf("%v, want %s", c.err, c.want)
		}
	}
}
