package edn

import (
	"encoding/base64"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// dispatch reads what begins with #.
func (r *reader) dispatch(pos Pos) error {
	rest := r.text[r.off+1:]
	switch {
	case strings.HasPrefix(rest, "{"):
		return r.push(opened{what: 'S', pos: pos}, 2)
	case strings.HasPrefix(rest, "_"):
		return r.push(opened{what: '_', pos: pos}, 2)
	case strings.HasPrefix(rest, "#"):
		return r.symbolic(pos)
	}
	if strings.HasPrefix(rest, `"`) {
		return malformed(pos, `#" begins no form; a regular expression is written as a string`)
	}
	first, n := utf8.DecodeRuneInString(rest)
	if !unicode.IsLetter(first) {
		return malformed(pos, "#%s begins no form; a tag begins with a letter", rest[:n])
	}
	r.off++
	name := r.token()
	if why := badSymbol(name); why != "" {
		return malformed(pos, "tag #%s %s", clip(name), why)
	}
	return r.push(opened{what: '#', pos: pos, tag: Symbol(name)}, 0)
}

// symbolic reads ##Inf, ##-Inf or ##NaN.
func (r *reader) symbolic(pos Pos) error {
	r.off += 2
	switch s := r.token(); s {
	case "Inf":
		return r.scalar(pos, math.Inf(1))
	case "-Inf":
		return r.scalar(pos, math.Inf(-1))
	case "NaN":
		return r.scalar(pos, math.NaN())
	default:
		return malformed(pos, "unknown ##%s; there are ##Inf, ##-Inf and ##NaN", clip(s))
	}
}

// tag returns the form n behind the tag o: a scalar for the tags that the reader knows. before is the text up to the end of n.
func tag(o opened, n Node, before string) (Node, error) {
	read, known := tagReaders[o.tag]
	if o.tag == "float" {
		v, ok := float32Of(n, before)
		if !ok {
			return Node{}, malformed(n.Pos, "#float needs a number in the range of a float")
		}
		return Node{Kind: Scalar, Pos: o.pos, Value: v}, nil
	}
	if !known {
		return Node{Kind: Tagged, Pos: o.pos, Tag: o.tag, Items: []Node{n}}, nil
	}
	s, ok := n.Value.(string)
	if !ok {
		return Node{}, malformed(n.Pos, "#%s needs a string", o.tag)
	}
	v, why := read(s)
	if why != "" {
		return Node{}, malformed(n.Pos, "#%s %s: %s", o.tag, strconv.Quote(clip(s)), why)
	}
	return Node{Kind: Scalar, Pos: o.pos, Value: v}, nil
}

// tagReaders turn the string behind a tag into a value, or tell what is wrong with it.
var tagReaders = map[Symbol]func(s string) (v any, why string){
	"inst": func(s string) (any, string) {
		t, ok := parseInstant(s)
		if !ok {
			return nil, "an instant is written 2006-01-02T15:04:05.000Z, or a prefix of this"
		}
		return t, ""
	},
	"uuid": func(s string) (any, string) {
		u, err := ParseUUID(s)
		if err != nil {
			return nil, err.Error()
		}
		return u, ""
	},
	"uri": func(s string) (any, string) { return URI(s), "" },
	"bytes": func(s string) (any, string) {
		b, err := base64.StdEncoding.Strict().DecodeString(s)
		if err != nil {
			return nil, "bytes are written in base64, padded with ="
		}
		return b, ""
	},
}

// float32Of returns the number n as the nearest float32. It is read again from its text, at the end of before: a float64 in
// between would round twice.
func float32Of(n Node, before string) (float32, bool) {
	switch x := n.Value.(type) {
	case float64:
		if math.IsInf(x, 0) || math.IsNaN(x) {
			return float32(x), true
		}
	case int64, *big.Int:
	default:
		return 0, false
	}
	start := len(before)
	for start > 0 && class[before[start-1]]&inName != 0 {
		start--
	}
	f, err := strconv.ParseFloat(strings.TrimSuffix(before[start:], "N"), 32)
	return float32(f), err == nil
}
