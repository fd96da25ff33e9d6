// Package query asks a database: rows by Datalog, trees by pull. It reads any db.Reader, a snapshot or a view of one, and knows
// nothing of writing.
//
// A query is a text. It says which columns it wants, and what must be so of the variables behind them; the order of its clauses
// does not change the answer.
//
//	[:find ?name ?born
//	 :where [?p :person/name ?name] [?p :person/born ?born] [(< ?born 1900)]]
//
// All returns the rows of a query as Go values, One the only row, Each one after the other. What a row becomes is the type that
// they are asked for: a struct whose fields are named like the columns, a scalar, a slice of cells, a map.
//
//	type Person struct {
//		Name string
//		Born int
//	}
//	people, err := query.All[Person](ctx, snap, `[:find ?name ?born :where [?p :person/name ?name] [?p :person/born ?born]]`)
//
// Text is for constants; values come beside it, in the order of :in, where $ is the reader.
//
//	id, err := query.One[db.ID](ctx, snap, `[:find ?p . :in $ ?name :where [?p :person/name ?name]]`, "Ada")
//
// A Prepared is a query that was read once: MustPrepare makes one for a package variable. Rows is the answer of Run, for columns that are
// not known when compiling. Rules is the text of named and recursive clauses, an input for %. Func makes a function of Go callable
// from a query.
//
// Pull returns what is known of one entity, as a tree: into a struct by its tags, which are those that tx.Structs writes by, or
// into a map by a pattern.
//
//	ada, err := query.Pull[Person](ctx, snap, db.Lookup("person/name", "Ada"))
//	m, err := query.Pull[map[string]any](ctx, snap, id, `[:person/name {:person/friend [:person/name]}]`)
//
// A Plan tells how a query is answered: Explain makes it without running the query, Analyze runs it and measures each Step. A Budget bounds what a
// query may use, and its context how long it may take.
//
// PullAll returns the trees of many entities, and PullIndex yields those of a stretch of an attribute's index, from either end.
//
// An Error tells the line and column of what is wrong in a text, and unwraps to the kind of the error; an attribute that does not exist is
// an error, never an empty answer.
//
// docs/query.md has the whole language, with an example of everything.
//
// Caveats. The rows of a query are a set: two rows that are equal are one, unless :with keeps them apart; so (sum ?x) without :with adds
// different numbers only. Rows have no order but that of :order-by. An aggregate of nothing is no row, not 0. Pull reads at most
// 1,000 values of an attribute by a pattern, unless :limit says otherwise; by the tags of a struct it reads all. A history view can be queried,
// and not be pulled from.
package query
