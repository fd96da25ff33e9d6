package edn

// String returns v in canonical form: what Read turns back into an equal value, the same text for equal values, with the
// elements of sets and the entries of maps sorted by their text. v is a Node or a plain value as Node.Plain yields, nested
// map[string]any and Go integers of any width included; any other type is printed in angle brackets and cannot be read.
func String(v any) string { panic("not built") }

// Append appends the text that String returns to b.
func Append(b []byte, v any) []byte { panic("not built") }
