package db_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/datolite/datolite/db"
)

func ExampleSchema_Named() {
	snap, _, _ := people()
	name, ok := snap.Schema().Named("person/name")
	fmt.Println(ok, name.Ident, name.Type, name.Unique == db.UniqueIdentity, name.Indexed)
	fmt.Println(snap.Schema().Nearest("person/nmae"))
	// Output:
	// true :person/name string true true
	// :person/name
}

func ExampleSchema_Attributes() {
	snap, _, _ := people()
	for _, a := range snap.Schema().Attributes() {
		if a.Ident.Namespace() == "person" {
			fmt.Println(a.ID, a.Ident, a.Type)
		}
	}
	// Output:
	// 1000 :person/name string
	// 1001 :person/born long
}

func ExampleSchema_Ident() {
	snap, _, _ := people()
	fmt.Println(snap.Schema().Ident(10))
	fmt.Println(snap.Schema().EntID("db/ident"))
	// Output:
	// :db/ident true
	// 10 true
}

func ExampleAttribute_Value() {
	snap, _, _ := people()
	born, _ := snap.Schema().Named("person/born")
	fmt.Println(born.Value(int32(1815)))
	_, err := born.Value("1815")
	fmt.Println(err)
	fmt.Println(errors.Is(err, db.ErrWrongType))
	// Output:
	// 1815 <nil>
	// :person/born takes a long, not "1815"
	// true
}

func ExampleCategoryOf() {
	snap, _, _ := people()
	_, err := snap.EntID(ctx, db.Lookup("person/name", "Eve"))
	fmt.Println(db.CodeOf(err), db.CategoryOf(err))
	fmt.Println(db.CategoryOf(context.Canceled))
	// Output:
	// db.error/not-an-entity incorrect
	// interrupted
}

func ExampleTypeOf() {
	t, ok := db.TypeOf(db.TypeLong.ID())
	fmt.Println(t, ok)
	// Output: long true
}
