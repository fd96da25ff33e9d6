package index

// Compare orders values as every index does, and returns −1, 0 or 1; it returns 0 only for values that are ==. Kinds sort in the
// order of their constants; numbers of different kinds sort by value, and by kind where they are equal; decimals sort by
// value, then scale; text and bytes sort by byte, keywords and symbols without a namespace first, then by namespace, then by
// name; tuples sort element by element, nil first, a prefix before its extensions.
func Compare(a, b Value) int { panic("not built") }

// CompareNumbers orders two numbers of any kinds by value alone, as the comparisons of a query do.
func CompareNumbers(a, b Value) int { panic("not built") }
