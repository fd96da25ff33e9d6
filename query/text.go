package query

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

// textFunctions are those of clojure.core that read or make strings, and like of SQL.
var textFunctions = map[string]builtin{
	"str": {0, -1, concatenated}, "subs": {2, 3, subs},
	"re-pattern": {1, 1, rePattern}, "re-find": {2, 2, reFind}, "re-matches": {2, 2, reMatches}, "re-seq": {2, 2, reSeq},
	"like": {2, 3, like(true)}, "not-like": {2, 3, like(false)},
}

// stringFunctions are those of clojure.string.
var stringFunctions = map[string]builtin{
	"starts-with?": {2, 2, textTest(strings.HasPrefix)},
	"ends-with?":   {2, 2, textTest(strings.HasSuffix)},
	"includes?":    {2, 2, textTest(strings.Contains)},
	"blank?":       {1, 1, blank},
	"lower-case":   {1, 1, textMap(strings.ToLower)},
	"upper-case":   {1, 1, textMap(strings.ToUpper)},
	"capitalize":   {1, 1, textMap(capitalized)},
	"trim":         {1, 1, textMap(strings.TrimSpace)},
	"triml":        {1, 1, textMap(func(s string) string { return strings.TrimLeftFunc(s, unicode.IsSpace) })},
	"trimr":        {1, 1, textMap(func(s string) string { return strings.TrimRightFunc(s, unicode.IsSpace) })},
	"trim-newline": {1, 1, textMap(func(s string) string { return strings.TrimRight(s, "\r\n") })},
	"reverse":      {1, 1, textMap(func(s string) string { return string(reversedRunes(s)) })},
	"index-of":     {2, 2, indexIn(strings.Index)}, "last-index-of": {2, 2, indexIn(strings.LastIndex)},
	"join":    {1, 2, join},
	"split":   {2, 3, split},
	"replace": {3, 3, replace(-1)}, "replace-first": {3, 3, replace(1)},
}

// concatenated returns the texts of its arguments one behind the other; nil is empty.
func concatenated(o *objects, args []index.Value) (index.Value, error) {
	var b strings.Builder
	for _, v := range args {
		b.WriteString(o.bare(v))
	}
	return index.String(b.String())
}

// bare returns a value as str does: a string without quotes, a number without the letter of its type, nil empty.
func (o *objects) bare(v index.Value) string {
	switch v.Kind() {
	case index.KindNil:
		return ""
	case index.KindString, index.KindURI:
		return v.Text()
	case index.KindBigInt:
		return v.BigInt().String()
	case index.KindDecimal:
		return strings.TrimSuffix(v.String(), "M")
	case index.KindUUID:
		return v.Any().(edn.UUID).String()
	case index.KindInstant:
		return strings.Trim(strings.TrimPrefix(v.String(), "#inst "), `"`)
	}
	if re, ok := o.plain(v).(*regexp.Regexp); ok {
		return re.String()
	}
	return edn.String(o.plain(v))
}

func subs(_ *objects, args []index.Value) (index.Value, error) {
	if args[0].Kind() != index.KindString {
		return index.Value{}, fmt.Errorf("subs takes a string")
	}
	text := []rune(args[0].Text())
	from, to := args[1].Long(), int64(len(text))
	if len(args) == 3 {
		to = args[2].Long()
	}
	if args[1].Kind() != index.KindLong || args[len(args)-1].Kind() != index.KindLong || from < 0 || from > to || to > int64(len(text)) {
		return index.Value{}, fmt.Errorf("subs from %d to %d of %d characters", from, to, len(text))
	}
	return index.String(string(text[from:to]))
}

// allText returns an error unless all arguments are strings.
func allText(o *objects, args []index.Value) error {
	for _, v := range args {
		if v.Kind() != index.KindString {
			return fmt.Errorf("%s is no string", o.text(v))
		}
	}
	return nil
}

func textTest(test func(s, t string) bool) func(*objects, []index.Value) (index.Value, error) {
	return func(o *objects, args []index.Value) (index.Value, error) {
		if err := allText(o, args); err != nil {
			return index.Value{}, err
		}
		return index.Bool(test(args[0].Text(), args[1].Text())), nil
	}
}

func textMap(f func(string) string) func(*objects, []index.Value) (index.Value, error) {
	return func(o *objects, args []index.Value) (index.Value, error) {
		if err := allText(o, args); err != nil {
			return index.Value{}, err
		}
		return index.String(f(args[0].Text()))
	}
}

func blank(o *objects, args []index.Value) (index.Value, error) {
	if args[0].IsNil() {
		return index.Bool(true), nil
	}
	if err := allText(o, args); err != nil {
		return index.Value{}, err
	}
	return index.Bool(strings.TrimSpace(args[0].Text()) == ""), nil
}

// capitalized returns a text with its first letter in upper case and the others in lower case.
func capitalized(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return strings.ToUpper(s[:n]) + strings.ToLower(s[n:])
}

func reversedRunes(s string) []rune {
	rs := []rune(s)
	for i, j := 0, len(rs)-1; i < j; i, j = i+1, j-1 {
		rs[i], rs[j] = rs[j], rs[i]
	}
	return rs
}

// indexIn makes a builtin that returns at which character a part begins, nil where it does not occur.
func indexIn(find func(s, part string) int) func(*objects, []index.Value) (index.Value, error) {
	return func(o *objects, args []index.Value) (index.Value, error) {
		if err := allText(o, args); err != nil {
			return index.Value{}, err
		}
		i := find(args[0].Text(), args[1].Text())
		if i < 0 {
			return index.Value{}, nil
		}
		return index.Long(int64(utf8.RuneCountInString(args[0].Text()[:i]))), nil
	}
}

// join is (join coll) or (join separator coll).
func join(o *objects, args []index.Value) (index.Value, error) {
	elems, err := o.all(args[len(args)-1])
	if err != nil {
		return index.Value{}, err
	}
	separator := ""
	if len(args) == 2 {
		separator = o.bare(args[0])
	}
	parts := make([]string, len(elems))
	for i, e := range elems {
		parts[i] = o.bare(e)
	}
	return index.String(strings.Join(parts, separator))
}
