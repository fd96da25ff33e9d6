package edn

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// string reads a string; one without escapes shares memory with the text.
func (r *reader) string(pos Pos) error {
	rest := r.text[r.off+1:]
	end := strings.IndexByte(rest, '"')
	if end < 0 {
		return malformed(pos, "the string is never closed")
	}
	if strings.IndexByte(rest[:end], '\\') < 0 {
		r.off += end + 2
		return r.scalar(pos, rest[:end])
	}
	r.off++
	s, err := r.escaped(pos)
	if err != nil {
		return err
	}
	return r.scalar(pos, s)
}

// escaped reads the rest of a string that has escapes, its end quote included.
func (r *reader) escaped(pos Pos) (string, error) {
	var b []byte
	for start := r.off; r.off < len(r.text); {
		switch r.text[r.off] {
		case '"':
			b = append(b, r.text[start:r.off]...)
			r.off++
			return string(b), nil
		case '\\':
			b = append(b, r.text[start:r.off]...)
			c, err := r.escape()
			if err != nil {
				return "", err
			}
			b = utf8.AppendRune(b, c)
			start = r.off
		default:
			r.off++
		}
	}
	return "", malformed(pos, "the string is never closed")
}

const (
	escapeLetters = `ntr\"bf`
	escapeMeaning = "\n\t\r\\\"\b\f"
)

// escape reads one escape of a string, from its backslash on. Two \u that form a surrogate pair are one character.
func (r *reader) escape() (rune, error) {
	rest := r.text[r.off+1:]
	if strings.HasPrefix(rest, "u") {
		c, n := unicodeEscape(rest)
		if n == 0 {
			return 0, malformed(r.place(r.off), `\u needs four hex digits of a character`)
		}
		r.off += 1 + n
		return c, nil
	}
	c, n := utf8.DecodeRuneInString(rest)
	i := strings.IndexRune(escapeLetters, c)
	switch {
	case n == 0:
		return 0, malformed(r.place(r.off), "the string is never closed")
	case i < 0:
		return 0, malformed(r.place(r.off), `unknown escape \%c in a string`, c)
	}
	r.off += 2
	return rune(escapeMeaning[i]), nil
}

// unicodeEscape reads uXXXX, or uXXXX\uXXXX for a surrogate pair, at the begin of s. It returns n = 0 if no character stands there.
func unicodeEscape(s string) (c rune, n int) {
	c, ok := hex4(s)
	switch {
	case !ok:
		return 0, 0
	case !utf16.IsSurrogate(c):
		return c, 5
	case !strings.HasPrefix(s[5:], `\`):
		return 0, 0
	}
	low, _ := hex4(s[6:])
	if c = utf16.DecodeRune(c, low); c == utf8.RuneError {
		return 0, 0
	}
	return c, 11
}

// hex4 reads uXXXX at the begin of s.
func hex4(s string) (rune, bool) {
	if len(s) < 5 || s[0] != 'u' {
		return 0, false
	}
	c, err := strconv.ParseUint(s[1:5], 16, 16)
	return rune(c), err == nil
}

// charNames are the characters that are written by name.
var charNames = map[string]Char{
	"newline": '\n', "space": ' ', "tab": '\t', "return": '\r', "formfeed": '\f', "backspace": '\b',
}

// char reads a character: a backslash and the character, its name or uXXXX.
func (r *reader) char(pos Pos) error {
	r.off++
	_, n := utf8.DecodeRuneInString(r.text[r.off:])
	if n == 0 || class[r.text[r.off]]&space != 0 && r.text[r.off] != ',' {
		return malformed(pos, `\ needs a character after it`)
	}
	start := r.off
	r.off += n
	r.token()
	c, ok := charOf(r.text[start:r.off], n)
	if !ok {
		return malformed(pos, `unknown character \%s`, clip(r.text[start:r.off]))
	}
	return r.scalar(pos, c)
}

// charOf returns the character that s, whose first character has n bytes, stands for.
func charOf(s string, n int) (Char, bool) {
	if len(s) == n {
		c, _ := utf8.DecodeRuneInString(s)
		return Char(c), true
	}
	if c, ok := charNames[s]; ok {
		return c, true
	}
	c, ok := hex4(s)
	return Char(c), ok && len(s) == 5 && !utf16.IsSurrogate(c)
}
