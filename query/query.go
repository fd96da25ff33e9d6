package query

import (
	"github.com/datolite/datolite/db"
)

// Rules is the text of a rule set, as the input for % of a query.
type Rules string

// Func returns a Go function for queries to call by name. The types of its parameters and results say what it takes; a bool makes
// it a predicate too, an error as second result aborts the query. It must be pure.
func Func(name string, f any) db.Named { panic("not built") }
