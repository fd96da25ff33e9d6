package query

// Rules is the text of a rule set, as the input for % of a query.
type Rules string
