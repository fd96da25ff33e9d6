// Package edn reads and writes EDN, the notation of queries, transactions and definitions.
//
// A text is read into a Node, which has a kind, a place (line and column), and a value or elements. Node.Plain turns it into plain Go
// values. String prints either in one canonical form: equal values give equal text, and Read gives the value back. Keyword and
// Symbol are names, Decimal is an exact decimal number, UUID, URI and Char are what Go has no type for.
//
//	n, err := edn.Read(`[:find ?name :where [?p :person/name ?name]]`)
//	fmt.Println(n.Kind == edn.Vector, n.Items[3].Pos, edn.String(n.Items[3])) // true 1:21 [?p :person/name ?name]
//
// Beside the tags #inst and #uuid of EDN, the reader knows #uri "…", #bytes "base64" and #float 1.5; any other gives a node of kind
// Tagged. 'form is read as (quote form). Ratios, namespaced maps, metadata and regular expressions are errors.
//
// Every error is an *Error, which tells the place; errors.Is tells ErrSyntax from ErrLimit. Limits bound depth, size and number
// length, and the reader does not recurse, so that a hostile text costs no more than its length.
//
// Strings and names of a Node share memory with the text, so that a small one that is kept keeps all of the text; strings.Clone
// separates them. What a Node or a Decimal points to must not be changed.
package edn
