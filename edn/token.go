package edn

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The classes of ASCII characters; a character of no class cannot stand outside of strings.
const (
	space  = 1 << iota // between forms
	inName             // in names and numbers
	digit
)

var class = func() (c [256]uint8) {
	for _, b := range []byte(" \t\n\v\f\r,") {
		c[b] = space
	}
	for b := byte('!'); b <= '~'; b++ {
		if !strings.ContainsRune("\"(),;@[\\]^`{}~", rune(b)) {
			c[b] = inName
		}
	}
	for b := byte('0'); b <= '9'; b++ {
		c[b] |= digit
	}
	return c
}()

// token takes the name or number that begins at off; it is empty where no such character stands there.
func (r *reader) token() string {
	start := r.off
	for r.off < len(r.text) {
		c := r.text[r.off]
		if class[c]&inName != 0 {
			r.off++
			continue
		}
		if c < utf8.RuneSelf {
			break
		}
		p, n := utf8.DecodeRuneInString(r.text[r.off:])
		if !unicode.IsPrint(p) {
			break
		}
		r.off += n
	}
	return r.text[start:r.off]
}

// symbol reads a symbol, nil, true or false.
func (r *reader) symbol(pos Pos) error {
	switch s := r.token(); s {
	case "":
		return r.unexpected(pos)
	case "nil":
		return r.finish(Node{Kind: Nil, Pos: pos})
	case "true":
		return r.scalar(pos, true)
	case "false":
		return r.scalar(pos, false)
	default:
		if why := badSymbol(s); why != "" {
			return malformed(pos, "symbol %s %s", clip(s), why)
		}
		return r.scalar(pos, Symbol(s))
	}
}

// unexpected is the error of a character that can begin no form.
func (r *reader) unexpected(pos Pos) error {
	c, _ := utf8.DecodeRuneInString(r.text[r.off:])
	if c < ' ' || !unicode.IsPrint(c) {
		return malformed(pos, "unexpected character %U", c)
	}
	return malformed(pos, "unexpected %c", c)
}

func (r *reader) keyword(pos Pos) error {
	s := r.token()
	if why := badKeyword(s[1:]); why != "" {
		return malformed(pos, "keyword %s %s", clip(s), why)
	}
	return r.scalar(pos, Keyword(s[1:]))
}

// badKeyword tells what is wrong with a keyword, given without its first colon; "" if nothing is.
func badKeyword(s string) string {
	switch {
	case s == "":
		return "has no name"
	case s[0] == ':':
		return "begins with two colons"
	}
	return badName(s)
}

// badSymbol tells what is wrong with a symbol; "" if nothing is.
func badSymbol(s string) string {
	if s == "/" {
		return ""
	}
	if ns, name := split(s); ns != "" && class[name[0]]&digit != 0 {
		return "has a name that begins with a digit"
	}
	if unsigned := strings.TrimLeft(s, "+-"); len(unsigned) > 1 && unsigned[0] == '.' && class[unsigned[1]]&digit != 0 {
		return "begins like a number; a number needs a digit before its point"
	}
	return badName(s)
}

// badName tells what is wrong with the parts of a name; "" if nothing is. The name / may stand in a namespace, as in clojure.core//.
func badName(s string) string {
	ns, name := split(s)
	switch {
	case s[0] == '/':
		return "has no namespace before its slash"
	case ns == "" && name[len(name)-1] == '/':
		return "has no name after its slash"
	case name != "/" && strings.IndexByte(name, '/') >= 0:
		return "has more than one slash"
	case s[len(s)-1] == ':' || strings.HasSuffix(ns, ":"):
		return "has a part that ends in a colon"
	case strings.Contains(s, "::"):
		return "has two colons side by side"
	}
	return ""
}
