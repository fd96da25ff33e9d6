package query

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/datolite/datolite/index"
)

// Regular expressions are those of Go's package regexp, in the syntax of RE2. A pattern is a string, or what re-pattern makes of one.

var patterns memo[*regexp.Regexp]

// compiled returns a regular expression. What was compiled lately is kept.
func compiled(text string) (*regexp.Regexp, error) {
	if re, ok := patterns.get(text); ok {
		return re, nil
	}
	re, err := regexp.Compile(text)
	if err == nil {
		patterns.put(text, re)
	}
	return re, err
}

// pattern returns the regular expression that a value is; a whole one matches a whole text only.
func (o *objects) regexp(v index.Value, whole bool) (*regexp.Regexp, error) {
	text := v.Text()
	if re, ok := o.plain(v).(*regexp.Regexp); ok {
		text = re.String()
	} else if v.Kind() != index.KindString {
		return nil, fmt.Errorf("%s is no regular expression: that is a string", o.text(v))
	}
	if whole {
		text = `\A(?:` + text + `)\z`
	}
	return compiled(text)
}

func rePattern(o *objects, args []index.Value) (index.Value, error) {
	re, err := o.regexp(args[0], false)
	if err != nil {
		return args[0], err
	}
	return o.keep("pattern "+re.String(), re), nil
}

func reFind(o *objects, args []index.Value) (index.Value, error) { return o.match(args, false) }

func reMatches(o *objects, args []index.Value) (index.Value, error) { return o.match(args, true) }

// match returns the first match of a pattern in a text, nil where there is none.
func (o *objects) match(args []index.Value, whole bool) (index.Value, error) {
	re, err := o.regexp(args[0], whole)
	if err == nil {
		err = allText(o, args[1:])
	}
	if err != nil {
		return index.Value{}, err
	}
	return o.matched(re.FindStringSubmatch(args[1].Text()))
}

// matched returns a match as a string, or where the pattern has groups as a tuple of the match and its groups.
func (o *objects) matched(m []string) (index.Value, error) {
	if len(m) == 0 {
		return index.Value{}, nil
	}
	if len(m) == 1 {
		return index.String(m[0])
	}
	parts := make([]any, len(m))
	for i, g := range m {
		parts[i] = g
	}
	return o.tuple(parts)
}

// reSeq returns all matches of a pattern in a text, nil where there is none.
func reSeq(o *objects, args []index.Value) (index.Value, error) {
	re, err := o.regexp(args[0], false)
	if err == nil {
		err = allText(o, args[1:])
	}
	if err != nil {
		return index.Value{}, err
	}
	var out []index.Value
	for _, m := range re.FindAllStringSubmatch(args[1].Text(), -1) {
		v, err := o.matched(m)
		if err != nil {
			return v, err
		}
		out = append(out, v)
	}
	if out == nil {
		return index.Value{}, nil
	}
	return index.NewTuple(out...), nil
}

// split is (split text pattern) or (split text pattern limit): the parts between the matches, without empty ones at the end.
func split(o *objects, args []index.Value) (index.Value, error) {
	re, err := o.regexp(args[1], false)
	if err == nil {
		err = allText(o, args[:1])
	}
	limit := -1
	if err == nil && len(args) == 3 {
		if limit, err = howMany(args[2]); limit == 0 {
			limit = -1
		}
	}
	if err != nil {
		return index.Value{}, err
	}
	parts := re.Split(args[0].Text(), limit)
	for limit < 0 && len(parts) > 1 && parts[len(parts)-1] == "" {
		parts = parts[:len(parts)-1]
	}
	out := make([]any, len(parts))
	for i, part := range parts {
		out[i] = part
	}
	return o.tuple(out)
}

// replace makes replace (−1) or replace-first (1): the text with each match replaced. A string is found as it is; of a pattern, $1 in the
// replacement is the first group.
func replace(n int) func(*objects, []index.Value) (index.Value, error) {
	return func(o *objects, args []index.Value) (index.Value, error) {
		re, isPattern := o.plain(args[1]).(*regexp.Regexp)
		if !isPattern {
			if err := allText(o, args); err != nil {
				return index.Value{}, err
			}
			return index.String(strings.Replace(args[0].Text(), args[1].Text(), args[2].Text(), n))
		}
		if err := allText(o, []index.Value{args[0], args[2]}); err != nil {
			return index.Value{}, err
		}
		return index.String(replaced(re, args[0].Text(), args[2].Text(), n))
	}
}

// replaced returns a text with n matches of a pattern replaced, all where n is negative.
func replaced(re *regexp.Regexp, text, with string, n int) string {
	var b []byte
	from := 0
	for _, m := range re.FindAllStringSubmatchIndex(text, n) {
		b = append(b, text[from:m[0]]...)
		b = re.ExpandString(b, groupNames.ReplaceAllString(with, "$${$1}"), text, m)
		from = m[1]
	}
	return string(append(b, text[from:]...))
}

// groupNames finds $1 in a replacement, which ends with its digits even where letters follow.
var groupNames = regexp.MustCompile(`\$(\d+)`)

// like makes like or not-like: whether a text matches a pattern of SQL, in which % is any text and _ any character. What stands behind
// an escape character, ! unless a third argument names another, is meant as it is.
func like(want bool) func(*objects, []index.Value) (index.Value, error) {
	return func(o *objects, args []index.Value) (index.Value, error) {
		if err := allText(o, args); err != nil {
			return index.Value{}, err
		}
		escape := "!"
		if len(args) == 3 {
			escape = args[2].Text()
		}
		if len([]rune(escape)) != 1 {
			return index.Value{}, fmt.Errorf("the escape of like is one character, not %q", escape)
		}
		re, err := likePattern(args[1].Text(), []rune(escape)[0])
		if err != nil {
			return index.Value{}, err
		}
		return index.Bool(re.MatchString(args[0].Text()) == want), nil
	}
}

func likePattern(text string, escape rune) (*regexp.Regexp, error) {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	escaped := false
	for _, c := range text {
		switch {
		case escaped:
			b.WriteString(regexp.QuoteMeta(string(c)))
			escaped = false
		case c == escape:
			escaped = true
		case c == '%':
			b.WriteString(".*")
		case c == '_':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	if escaped {
		return nil, fmt.Errorf("the pattern %q ends with its escape", text)
	}
	return compiled(b.String() + `\z`)
}
