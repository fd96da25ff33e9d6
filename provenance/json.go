package provenance

import (
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/datolite/datolite/edn"
)

// ParseJSON reads a definition from JSON, as ParseEDN does from EDN: an object of the same shape, with "format": "pipeline/v1". An output is
// named by "node.output", or by ["node", "output"] where it holds a point. The same definition has the same identities as in EDN:
//
//   - a key of an object is a keyword where it can be written as one, and else a string; so are the types of ports. Other strings are strings.
//   - a number without point and exponent is an integer of any size; any other, 1.0 too, is a double, and must be in the range of one.
//
// A key that stands twice in an object, and text that is no UTF-8, are errors.
func ParseJSON(text []byte) (*Definition, error) {
	root, problem := readJSON(string(text))
	if problem != nil {
		return nil, Problems{*problem}
	}
	return read(inJSON, root)
}

// The limits of JSON are those of EDN.
const (
	maxDepth    = 256
	maxText     = 256 << 20
	maxElements = 16_000_000
	maxDigits   = 8192
)

// A jsonReader reads one JSON text. Its methods panic with a *Problem where the text is no longer JSON, and readJSON recovers.
type jsonReader struct {
	text     string
	at       int
	elements int
	counted  int // up to where pos has counted, and what it has come to
	pos      edn.Pos
}

// readJSON returns the form of a JSON text.
func readJSON(text string) (root edn.Node, wrong *Problem) {
	r := &jsonReader{text: text, pos: edn.Pos{Line: 1, Col: 1}}
	defer func() {
		p := recover()
		if problem, ok := p.(*Problem); ok {
			wrong = problem
		} else if p != nil {
			panic(p)
		}
	}()
	if len(text) > maxText {
		r.fail(0, "the text is longer than %d bytes", maxText)
	}
	if i := firstInvalid(text); i >= 0 {
		r.fail(i, "the text is not valid UTF-8")
	}
	root = r.value(0)
	if r.space(); r.at < len(text) {
		r.fail(r.at, "more text after the definition")
	}
	return root, nil
}

// firstInvalid returns where a text is no longer UTF-8, and −1 where it does not.
func firstInvalid(text string) int {
	if utf8.ValidString(text) {
		return -1
	}
	for i, c := range text {
		if c != utf8.RuneError {
			continue
		}
		if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
			return i
		}
	}
	return -1
}

// fail ends reading with what is wrong at a place.
func (r *jsonReader) fail(at int, format string, args ...any) {
	panic(problemIn(r.place(at), format, args...))
}

// place returns line and column of a place, which counts from the last one that was asked for.
func (r *jsonReader) place(at int) edn.Pos {
	if at < r.counted {
		r.counted, r.pos = 0, edn.Pos{Line: 1, Col: 1}
	}
	for _, c := range r.text[r.counted:at] {
		r.pos.Col++
		if c == '\n' {
			r.pos = edn.Pos{Line: r.pos.Line + 1, Col: 1}
		}
	}
	r.counted = at
	return r.pos
}

func (r *jsonReader) space() {
	for r.at < len(r.text) && strings.IndexByte(" \t\r\n", r.text[r.at]) >= 0 {
		r.at++
	}
}

// next goes past white space and returns the byte there, 0 at the end.
func (r *jsonReader) next() byte {
	if r.space(); r.at < len(r.text) {
		return r.text[r.at]
	}
	return 0
}

// value reads one value that lies in as many others as depth says.
func (r *jsonReader) value(depth int) edn.Node {
	c := r.next()
	n := edn.Node{Kind: edn.Scalar, Pos: r.place(r.at)}
	if r.elements++; depth > maxDepth || r.elements > maxElements {
		r.fail(r.at, "more than %d values, or %d in each other", maxElements, maxDepth)
	}
	switch {
	case c == '{':
		n.Kind, n.Items = edn.Map, r.object(depth)
	case c == '[':
		n.Kind, n.Items = edn.Vector, r.array(depth)
	case c == '"':
		n.Value = r.str()
	case c == '-' || '0' <= c && c <= '9':
		n.Value = r.number()
	default:
		n.Kind, n.Value = r.word()
	}
	return n
}

// word reads true, false or null.
func (r *jsonReader) word() (edn.Kind, any) {
	rest := r.text[r.at:]
	word := rest[:len(rest)-len(strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"))]
	at := r.at
	r.at += len(word)
	switch word {
	case "true", "false":
		return edn.Scalar, word == "true"
	case "null":
		return edn.Nil, nil
	}
	r.unexpected(at, word, "a value")
	return edn.Nil, nil
}

// unexpected tells of what stands in the place of something.
func (r *jsonReader) unexpected(at int, word, wanted string) {
	c, _ := utf8.DecodeRuneInString(r.text[at:])
	switch {
	case at == len(r.text):
		r.fail(at, "the text ends where %s should be", wanted)
	case len(word) > 1 && len(word) < 40:
		r.fail(at, "%s stands where %s should be", word, wanted)
	}
	r.fail(at, "%q stands where %s should be", c, wanted)
}

// expect goes past one of the bytes of a set and returns it.
func (r *jsonReader) expect(set, wanted string) byte {
	c := r.next()
	if c == 0 || strings.IndexByte(set, c) < 0 {
		r.unexpected(r.at, "", wanted)
	}
	r.at++
	return c
}

func (r *jsonReader) array(depth int) (items []edn.Node) {
	if r.at++; r.next() == ']' {
		r.at++
		return nil
	}
	for {
		items = append(items, r.value(depth+1))
		if r.expect(",]", "a comma or ]") == ']' {
			return items
		}
	}
}

func (r *jsonReader) object(depth int) (items []edn.Node) {
	first := map[string]edn.Pos{}
	if r.at++; r.next() == '}' {
		r.at++
		return nil
	}
	for {
		if r.next() != '"' {
			r.unexpected(r.at, "", "a key")
		}
		pos := r.place(r.at)
		name := r.str()
		if was, again := first[name]; again {
			panic(problemIn(pos, "the key %s stands here twice, first at %v", strconv.Quote(name), was))
		}
		first[name] = pos
		key := nameForm(name)
		key.Pos = pos
		r.expect(":", "a colon")
		items = append(items, key, r.value(depth+1))
		if r.expect(",}", "a comma or }") == '}' {
			return items
		}
	}
}

// number reads a number as JSON has it: an integer is an int64 or a *big.Int, anything else a float64.
func (r *jsonReader) number() any {
	from := r.at
	r.skip("-", 1)
	if r.skip("0", 1) == 0 && r.skip("123456789", 1)+r.skip("0123456789", maxDigits) == 0 {
		r.unexpected(r.at, "", "a digit")
	}
	exact := true
	if r.skip(".", 1) == 1 {
		exact = false
		r.digits()
	}
	if r.skip("eE", 1) == 1 {
		exact = false
		r.skip("+-", 1)
		r.digits()
	}
	text := r.text[from:r.at]
	if len(text) > maxDigits {
		r.fail(from, "the number is longer than %d digits", maxDigits)
	}
	if exact {
		return integer(text)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		r.fail(from, "the number %s is beyond the range of a double", text)
	}
	return f
}

func (r *jsonReader) digits() {
	if r.skip("0123456789", maxDigits) == 0 {
		r.unexpected(r.at, "", "a digit")
	}
}

// skip goes past bytes of a set, at most so many, and returns how many there were.
func (r *jsonReader) skip(set string, most int) (n int) {
	for n < most && r.at < len(r.text) && strings.IndexByte(set, r.text[r.at]) >= 0 {
		r.at++
		n++
	}
	return n
}

func integer(text string) any {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	n, _ := new(big.Int).SetString(text, 10)
	return n
}

// str reads a string.
func (r *jsonReader) str() string {
	from := r.at
	r.at++
	var out []byte
	for {
		plain := strings.IndexAny(r.text[r.at:], `"\`)
		if plain < 0 {
			r.fail(from, "the string is never closed")
		}
		if i := strings.IndexFunc(r.text[r.at:r.at+plain], func(c rune) bool { return c < ' ' }); i >= 0 {
			r.fail(r.at+i, "the character %q is written as an escape in a string", r.text[r.at+i])
		}
		part := r.text[r.at : r.at+plain]
		r.at += plain + 1
		if r.text[r.at-1] == '"' {
			if out == nil {
				return part
			}
			return string(append(out, part...))
		}
		out = append(slices.Grow(out, len(part)+utf8.UTFMax), part...)
		out = utf8.AppendRune(out, r.escape())
	}
}

// escapes are what stands behind a backslash, and what it means.
const (
	escapes = `"\/bfnrt`
	escaped = "\"\\/\b\f\n\r\t"
)

// escape reads what stands behind a backslash.
func (r *jsonReader) escape() rune {
	at := r.at - 1
	if r.at == len(r.text) {
		r.fail(at, "the string is never closed")
	}
	c := r.text[r.at]
	r.at++
	if i := strings.IndexByte(escapes, c); i >= 0 {
		return rune(escaped[i])
	}
	if c != 'u' {
		c, _ := utf8.DecodeRuneInString(r.text[r.at-1:])
		r.fail(at, "there is no escape \\%c", c)
	}
	u := r.hex(at)
	if !utf16.IsSurrogate(u) {
		return u
	}
	if strings.HasPrefix(r.text[r.at:], `\u`) {
		r.at += 2
		if whole := utf16.DecodeRune(u, r.hex(at)); whole != utf8.RuneError {
			return whole
		}
	}
	r.fail(at, "half of a surrogate pair is no character")
	return 0
}

// hex reads four hex digits.
func (r *jsonReader) hex(at int) rune {
	if len(r.text) < r.at+4 {
		r.fail(at, "\\u takes four hex digits")
	}
	n, err := strconv.ParseUint(r.text[r.at:r.at+4], 16, 16)
	if err != nil {
		r.fail(at, "\\u takes four hex digits")
	}
	r.at += 4
	return rune(n)
}
