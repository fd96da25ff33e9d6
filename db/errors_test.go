package db

import (
	"context"
	"errors"
	"fmt"
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
		{&edn.Error{Kind: edn.ErrSyntax}, "", Incorrect},
	} {
		if CodeOf(c.err) != c.code || CategoryOf(c.err) != c.category {
			t.Errorf("%T: %q, %q", c.err, CodeOf(c.err), CategoryOf(c.err))
		}
	}
}
