package db_test

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/datolite/datolite/db"
)

// A package of one's own makes kinds of errors that callers can tell apart, as those of this library.
func ExampleNewKind() {
	errQuota := db.NewKind("", db.Busy, "over the quota")
	err := fmt.Errorf("loading: %w", errQuota)
	fmt.Println(errors.Is(err, errQuota), db.CategoryOf(err))
	// Output: true busy
}

func ExampleCodeOf() {
	fmt.Println(db.CodeOf(db.ErrWrongType))
	fmt.Printf("%q\n", db.CodeOf(fs.ErrNotExist))
	// Output:
	// db.error/wrong-type-for-attribute
	// ""
}

func ExampleLookup() {
	snap, _, _ := people()
	ada := must(snap.Entity(ctx, db.Lookup("person/name", "Ada")))
	fmt.Println(ada.Get("person/born"))
	_, err := snap.EntID(ctx, db.Lookup("person/name", "Eve"))
	fmt.Println(errors.Is(err, db.ErrNotAnEntity))
	// Output:
	// 1815
	// true
}
