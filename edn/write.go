package edn

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// String returns v in canonical form: what Read turns back into an equal value, the same text for equal values, with the
// elements of sets and the entries of maps sorted by their text. v is a Node or a plain value as Node.Plain yields, nested
// map[string]any and Go integers of any width included; any other type is printed in angle brackets and cannot be read, and so is
// what contains itself or nests more than 1,000 deep. Names are printed as they are; bytes of strings that are no UTF-8 as U+FFFD.
func String(v any) string { return string(Append(nil, v)) }

// Append appends the text that String returns to b.
func Append(b []byte, v any) []byte {
	w := writer{out: b}
	for w.value(v); len(w.open) > 0; {
		top := &w.open[len(w.open)-1]
		if top.next == top.size() {
			w.end(top)
			continue
		}
		w.separate(top)
		top.next++
		w.child(top, top.next-1)
	}
	return w.out
}

// maxText bounds what one value may print, since a small value that shares its parts can be of any length.
const maxText = 1 << 30

// A writer prints values into out. Collections that have begun and not ended are open, so that no depth of a value becomes depth
// of Go calls.
type writer struct {
	out  []byte
	open []printing
}

// A printing is a collection whose first next elements are printed. Exactly one of nodes, values and entries holds them.
type printing struct {
	kind    Kind
	self    any // tells the collection from others; nil if it is empty
	nodes   []Node
	values  []any
	entries []MapEntry // its keys and values count as elements in turn
	next    int
	parts   []int // where the elements of a set and the entries of a map begin in out
}

func (p *printing) size() int { return len(p.nodes) + len(p.values) + 2*len(p.entries) }

// child prints element i of p.
func (w *writer) child(p *printing, i int) {
	switch {
	case p.nodes != nil:
		w.node(&p.nodes[i])
	case p.values != nil:
		w.value(p.values[i])
	case i%2 == 0:
		w.value(p.entries[i/2].Key)
	default:
		w.value(p.entries[i/2].Value)
	}
}

// separate prints what stands before the next element of p.
func (w *writer) separate(p *printing) {
	switch {
	case p.kind == Set, p.kind == Map && p.next%2 == 0:
		p.parts = append(p.parts, len(w.out))
	case p.kind == Map, p.next > 0:
		w.out = append(w.out, ' ')
	}
}

var openings = [...]string{List: "(", Vector: "[", Map: "{", Set: "#{"}

// begin opens a collection.
func (w *writer) begin(p printing) {
	switch {
	case len(w.open) >= maxDepth:
		w.out = append(w.out, "<too deep>"...)
		return
	case len(w.out) > maxText:
		w.out = append(w.out, "<too long>"...)
		return
	case p.self != nil && slices.ContainsFunc(w.open, func(o printing) bool { return o.self == p.self }):
		w.out = append(w.out, "<cycle>"...)
		return
	}
	if p.kind != Tagged {
		w.out = append(w.out, openings[p.kind]...)
	}
	w.open = append(w.open, p)
}

// end closes the innermost collection, which is p.
func (w *writer) end(p *printing) {
	switch p.kind {
	case List:
		w.out = append(w.out, ')')
	case Vector:
		w.out = append(w.out, ']')
	case Set:
		w.sort(p.parts, " ")
	case Map:
		w.sort(p.parts, ", ")
	}
	w.open = w.open[:len(w.open)-1]
}

// sort orders the texts that begin at parts and reach to the end, drops those that are there twice, and closes with a brace.
func (w *writer) sort(parts []int, separator string) {
	if len(parts) > 1 {
		texts := make([][]byte, len(parts))
		tail := bytes.Clone(w.out[parts[0]:])
		for i, start := range parts {
			end := len(w.out)
			if i+1 < len(parts) {
				end = parts[i+1]
			}
			texts[i] = tail[start-parts[0] : end-parts[0]]
		}
		slices.SortFunc(texts, bytes.Compare)
		texts = slices.CompactFunc(texts, bytes.Equal)
		w.out = w.out[:parts[0]]
		for i, text := range texts {
			if i > 0 {
				w.out = append(w.out, separator...)
			}
			w.out = append(w.out, text...)
		}
	}
	w.out = append(w.out, '}')
}

// node prints a scalar node, or begins any other.
func (w *writer) node(n *Node) {
	switch n.Kind {
	case Nil:
		w.out = append(w.out, "nil"...)
	case Scalar:
		w.value(n.Value)
	case Tagged:
		w.tag(n.Tag)
		w.begin(printing{kind: Tagged, nodes: n.Items, self: first(n.Items)})
	case List, Vector, Map, Set:
		w.begin(printing{kind: n.Kind, nodes: n.Items, self: first(n.Items)})
	default:
		w.out = fmt.Appendf(w.out, "<kind %d>", n.Kind)
	}
}

// tag prints a tag and the space behind it.
func (w *writer) tag(name Symbol) {
	w.out = append(w.out, '#')
	w.out = append(w.out, name...)
	w.out = append(w.out, ' ')
}

// value prints a scalar, or begins a collection.
func (w *writer) value(v any) {
	switch x := v.(type) {
	case Node:
		w.node(&x)
	case []any:
		w.begin(printing{kind: Vector, values: x, self: first(x)})
	case Tuple:
		w.begin(printing{kind: Vector, values: x, self: first(x)})
	case ListValue:
		w.begin(printing{kind: List, values: x, self: first(x)})
	case SetValue:
		w.begin(printing{kind: Set, values: x, self: first(x)})
	case MapValue:
		w.begin(printing{kind: Map, entries: x, self: first(x)})
	case map[string]any:
		w.begin(printing{kind: Map, entries: entries(x), self: reflect.ValueOf(x).UnsafePointer()})
	case Tag:
		w.tag(x.Tag)
		w.begin(printing{kind: Tagged, values: []any{x.Value}})
	default:
		w.out = appendScalar(w.out, v)
	}
}

// first returns the address of the first element, which tells slices apart: one that begins where an open one does contains itself.
func first[T any](s []T) any {
	if len(s) == 0 {
		return nil
	}
	return &s[0]
}

func entries(m map[string]any) []MapEntry {
	list := make([]MapEntry, 0, len(m))
	for k, v := range m {
		list = append(list, MapEntry{k, v})
	}
	return list
}

func appendScalar(b []byte, v any) []byte {
	switch x := v.(type) {
	case nil:
		return append(b, "nil"...)
	case bool:
		return strconv.AppendBool(b, x)
	case string:
		return appendString(b, x)
	case Keyword:
		return append(append(b, ':'), x...)
	case Symbol:
		return append(b, x...)
	case int64:
		return strconv.AppendInt(b, x, 10)
	case float64:
		return appendFloat(b, x, 64)
	case float32:
		return appendFloat(append(b, "#float "...), float64(x), 32)
	case Decimal:
		return append(append(b, x.String()...), 'M')
	case Char:
		return appendChar(b, x)
	case time.Time:
		return append(appendInstant(append(b, `#inst "`...), x), '"')
	case UUID:
		return append(append(append(b, `#uuid "`...), x.String()...), '"')
	case URI:
		return appendString(append(b, "#uri "...), string(x))
	case []byte:
		return append(base64.StdEncoding.AppendEncode(append(b, `#bytes "`...), x), '"')
	}
	return appendOther(b, v)
}

// appendOther prints Go integers of any width, and any other type in angle brackets.
func appendOther(b []byte, v any) []byte {
	switch x := v.(type) {
	case *big.Int:
		if x == nil {
			return append(b, "nil"...)
		}
		return append(x.Append(b, 10), 'N')
	case int, int8, int16, int32:
		return strconv.AppendInt(b, reflect.ValueOf(x).Int(), 10)
	case uint, uint8, uint16, uint32, uint64:
		n := reflect.ValueOf(x).Uint()
		if b = strconv.AppendUint(b, n, 10); n > math.MaxInt64 {
			b = append(b, 'N')
		}
		return b
	}
	if k := reflect.TypeOf(v).Kind(); reflect.Bool <= k && k <= reflect.Complex128 || k == reflect.String {
		return fmt.Appendf(b, "<%T %v>", v, v)
	}
	return fmt.Appendf(b, "<%T>", v)
}

// appendFloat prints a number that always has a point, so that it is read as a float.
func appendFloat(b []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, "##NaN"...)
	case math.IsInf(f, 1):
		return append(b, "##Inf"...)
	case math.IsInf(f, -1):
		return append(b, "##-Inf"...)
	}
	if m := math.Abs(f); m != 0 && (m < 1e-6 || m >= 1e21) {
		return appendExponent(b, f, bits)
	}
	start := len(b)
	if b = strconv.AppendFloat(b, f, 'f', -1, bits); bytes.IndexByte(b[start:], '.') < 0 {
		b = append(b, ".0"...)
	}
	return b
}

// appendExponent prints f as 1.0E+21.
func appendExponent(b []byte, f float64, bits int) []byte {
	text := strconv.AppendFloat(nil, f, 'E', -1, bits)
	if bytes.IndexByte(text, '.') < 0 {
		text = bytes.Replace(text, []byte("E"), []byte(".0E"), 1)
	}
	return append(b, text...)
}

func appendString(b []byte, s string) []byte {
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	b = append(b, '"')
	start := 0
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c == 0x7f {
			b = appendEscape(append(b, s[start:i]...), c)
			start = i + 1
		}
	}
	return append(append(b, s[start:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	if i := strings.IndexByte(escapeMeaning, c); i >= 0 {
		return append(b, '\\', escapeLetters[i])
	}
	return fmt.Appendf(b, `\u%04x`, c)
}

func appendChar(b []byte, c Char) []byte {
	b = append(b, '\\')
	for name, named := range charNames {
		if c == named {
			return append(b, name...)
		}
	}
	if r := rune(c); unicode.IsPrint(r) || r > 0xffff || !utf8.ValidRune(r) {
		return utf8.AppendRune(b, r)
	}
	return fmt.Appendf(b, "u%04x", c)
}
