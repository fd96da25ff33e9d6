package edn

import "unicode/utf8"

// Limits bound what Read accepts. A zero field means its default.
type Limits struct {
	Depth    int // nested forms; 256, and 1,000 at most
	Bytes    int // of the text; 256 MiB
	Elements int // forms in the text; 16 million
	Digits   int // of one number; 8,192
}

// maxDepth is how deep forms may nest in texts that are read and in values that are printed.
const maxDepth = 1000

// withDefaults returns the first of l, its zero fields replaced by the defaults.
func withDefaults(l []Limits) Limits {
	var given Limits
	if len(l) > 0 {
		given = l[0]
	}
	or := func(n, otherwise int) int {
		if n > 0 {
			return n
		}
		return otherwise
	}
	return Limits{
		Depth:    min(or(given.Depth, 256), maxDepth),
		Bytes:    or(given.Bytes, 256<<20),
		Elements: or(given.Elements, 16_000_000),
		Digits:   or(given.Digits, 8192),
	}
}

// Read reads the one form that text holds; more text behind it is an error. Errors are *Error with line and column.
// Strings and names of the node share memory with text.
func Read(text string, l ...Limits) (Node, error) {
	nodes, err := ReadAll(text, l...)
	switch {
	case err != nil:
		return Node{}, err
	case len(nodes) == 0:
		return Node{}, malformed(Pos{1, 1}, "the text holds no form")
	case len(nodes) > 1:
		return Node{}, malformed(nodes[1].Pos, "more text after the form")
	}
	return nodes[0], nil
}

// ReadAll reads all forms that text holds; there may be none.
func ReadAll(text string, l ...Limits) ([]Node, error) {
	r := reader{text: text, at: Pos{1, 1}, limits: withDefaults(l)}
	r.done = make([]Node, 0, min(len(text)/8, 32)) // a short text needs no more
	r.open = make([]opened, 0, 8)
	if len(text) > r.limits.Bytes {
		return nil, tooMuch(r.at, "a text of %d bytes; the limit is %d", len(text), r.limits.Bytes)
	}
	if !utf8.ValidString(text) {
		return nil, malformed(r.place(firstInvalid(text)), "invalid UTF-8")
	}
	for r.skipSpace(); r.off < len(text); r.skipSpace() {
		if err := r.step(); err != nil {
			return nil, err
		}
	}
	if len(r.open) > 0 {
		return nil, r.unfinished()
	}
	return r.done, nil
}

// firstInvalid returns the offset of the first byte of text that is no UTF-8.
func firstInvalid(text string) int {
	for i, c := range text {
		if c == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(text[i:]); n == 1 {
				return i
			}
		}
	}
	return len(text)
}

// A reader goes through its text once. Forms that have begun and not ended are open; finished forms wait in done until the
// form around them ends. Both are stacks, so that no depth of the text becomes depth of Go calls.
type reader struct {
	text    string
	off     int // of the next byte
	mark    int // an offset not behind off, whose place is at
	at      Pos
	limits  Limits
	count   int // forms so far
	open    []opened
	done    []Node
	digests digests // of collections that are keys or elements of sets
}

// An opened is a form that has begun: a collection, or a prefix (quote, tag, discard) that waits for one form.
type opened struct {
	what byte // one of ( [ { S ' # _
	pos  Pos
	tag  Symbol
	base int // where its finished elements begin in done
}

// place returns line and column of an offset, which must not lie behind the last one asked for.
func (r *reader) place(off int) Pos {
	for ; r.mark < off; r.mark++ {
		switch c := r.text[r.mark]; {
		case c == '\n':
			r.at = Pos{r.at.Line + 1, 1}
		case utf8.RuneStart(c):
			r.at.Col++
		}
	}
	return r.at
}

// skipSpace moves over white space, commas and comments.
func (r *reader) skipSpace() {
	for r.off < len(r.text) {
		switch c := r.text[r.off]; {
		case class[c]&space != 0:
			r.off++
		case c == ';':
			for r.off < len(r.text) && r.text[r.off] != '\n' {
				r.off++
			}
		default:
			return
		}
	}
}

// step reads one token, which begins at off.
func (r *reader) step() error {
	pos := r.place(r.off)
	switch c := r.text[r.off]; {
	case c == '(' || c == '[' || c == '{' || c == '\'':
		return r.push(opened{what: c, pos: pos}, 1)
	case c == ')' || c == ']' || c == '}':
		return r.shut(pos, c)
	case c == ':':
		return r.keyword(pos)
	case c == '"':
		return r.string(pos)
	case c == '\\':
		return r.char(pos)
	case c == '#':
		return r.dispatch(pos)
	case r.numberAhead():
		return r.number(pos)
	}
	return r.symbol(pos)
}

// push opens a form whose first n bytes are its opening.
func (r *reader) push(o opened, n int) error {
	if len(r.open) == r.limits.Depth {
		return tooMuch(o.pos, "more than %d nested forms", r.limits.Depth)
	}
	r.off += n
	o.base = len(r.done)
	r.open = append(r.open, o)
	return nil
}

// shut closes the innermost open form with the bracket c.
func (r *reader) shut(pos Pos, c byte) error {
	if len(r.open) == 0 {
		return malformed(pos, "unexpected %c", c)
	}
	top := r.open[len(r.open)-1]
	switch {
	case top.prefix():
		return r.unfinished()
	case c != top.closer():
		return malformed(pos, "%c cannot close the %s of %s", c, top.opening(), top.pos)
	}
	n := Node{Kind: top.kind(), Pos: top.pos, Items: r.take(top)}
	if err := r.checkUnique(n); err != nil {
		return err
	}
	r.off++
	return r.finish(n)
}

// take removes the finished elements of o, the innermost open form, and o itself.
func (r *reader) take(o opened) []Node {
	var items []Node
	if len(r.done) > o.base {
		items = append(make([]Node, 0, len(r.done)-o.base), r.done[o.base:]...)
	}
	r.done = r.done[:o.base]
	r.open = r.open[:len(r.open)-1]
	return items
}

// finish adds a finished form, and finishes the prefixes that waited for it.
func (r *reader) finish(n Node) error {
	if r.count++; r.count > r.limits.Elements {
		return tooMuch(n.Pos, "more than %d forms", r.limits.Elements)
	}
	for len(r.open) > 0 && r.open[len(r.open)-1].prefix() {
		top := r.open[len(r.open)-1]
		r.open = r.open[:len(r.open)-1]
		switch top.what {
		case '_':
			return nil
		case '\'':
			n = Node{Kind: List, Pos: top.pos, Items: []Node{{Kind: Scalar, Pos: top.pos, Value: Symbol("quote")}, n}}
		case '#':
			tagged, err := tag(top, n, r.text[:r.off])
			if err != nil {
				return err
			}
			n = tagged
		}
	}
	r.done = append(r.done, n)
	return nil
}

// scalar finishes a form without elements.
func (r *reader) scalar(pos Pos, v any) error {
	return r.finish(Node{Kind: Scalar, Pos: pos, Value: v})
}

// unfinished tells which form is open where it should not be.
func (r *reader) unfinished() error {
	top := r.open[len(r.open)-1]
	if top.prefix() {
		return malformed(top.pos, "%s needs a form after it", top.opening())
	}
	return malformed(top.pos, "%s is never closed", top.opening())
}

func (o opened) prefix() bool { return o.what == '\'' || o.what == '#' || o.what == '_' }

// opening returns how the form begins.
func (o opened) opening() string {
	switch o.what {
	case 'S':
		return "#{"
	case '_':
		return "#_"
	case '#':
		return "#" + string(o.tag)
	}
	return string(rune(o.what))
}

func (o opened) closer() byte {
	switch o.what {
	case '(':
		return ')'
	case '[':
		return ']'
	}
	return '}'
}

func (o opened) kind() Kind {
	switch o.what {
	case '(':
		return List
	case '[':
		return Vector
	case '{':
		return Map
	}
	return Set
}
