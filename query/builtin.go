package query

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

// A builtin is a function that every query can call. Its number of arguments is from min to max; max −1 is any.
type builtin struct {
	min, max int
	eval     func(o *objects, args []index.Value) (index.Value, error)
}

func (b builtin) arity() string {
	switch {
	case b.min == b.max:
		return plural(b.min, "argument")
	case b.max < 0:
		return plural(b.min, "argument") + " or more"
	}
	return fmt.Sprintf("%d to %d arguments", b.min, b.max)
}

// builtinName returns the name under which a function is listed: those of clojure.core can be written in full.
func builtinName(name string) string { return strings.TrimPrefix(name, "clojure.core/") }

// functionNames returns the names of all functions that are there.
func (r *run) functionNames() []string {
	return slices.AppendSeq(slices.Collect(maps.Keys(builtins)), maps.Keys(sourceFunctions))
}

var builtins map[string]builtin

func init() {
	builtins = map[string]builtin{
		"ground": {1, 1, first}, "identity": {1, 1, first},
		"tuple": {1, -1, vector}, "vector": {0, -1, vector}, "list": {0, -1, vector},
		"untuple": {1, 1, untuple},
		"count":   {1, 1, length}, "get": {2, 3, get}, "contains?": {2, 2, contains},
		"str": {0, -1, concatenated}, "subs": {2, 3, subs},
		"name": {1, 1, nameOf}, "namespace": {1, 1, namespaceOf}, "keyword": {1, 2, keyword}, "symbol": {1, 2, symbolOf},
		"not": {1, 1, predicate(func(v index.Value) bool { return !truthy(v) })},
		"and": {0, -1, and}, "or": {0, -1, or},
		"nil?": {1, 1, predicate(index.Value.IsNil)}, "some?": {1, 1, predicate(func(v index.Value) bool { return !v.IsNil() })},
		"true?":    {1, 1, predicate(func(v index.Value) bool { return v == index.Bool(true) })},
		"false?":   {1, 1, predicate(func(v index.Value) bool { return v == index.Bool(false) })},
		"string?":  {1, 1, ofKind(index.KindString)},
		"keyword?": {1, 1, ofKind(index.KindKeyword)},
		"boolean?": {1, 1, ofKind(index.KindBool)},
		"uuid?":    {1, 1, ofKind(index.KindUUID)}, "inst?": {1, 1, ofKind(index.KindInstant)},
		"symbol?":  {1, 1, predicate(func(v index.Value) bool { return v.Kind() == index.KindSymbol && !isHandle(v) })},
		"number?":  {1, 1, predicate(func(v index.Value) bool { return v.Kind().Number() })},
		"integer?": {1, 1, predicate(isInteger)}, "int?": {1, 1, ofKind(index.KindLong)},
		"double?": {1, 1, ofKind(index.KindDouble)}, "decimal?": {1, 1, ofKind(index.KindDecimal)},
		"re-matches": {2, 2, matching(true)}, "re-find": {2, 2, matching(false)}, "re-pattern": {1, 1, first},
		"clojure.string/starts-with?": {2, 2, textTest(strings.HasPrefix)},
		"clojure.string/ends-with?":   {2, 2, textTest(strings.HasSuffix)},
		"clojure.string/includes?":    {2, 2, textTest(strings.Contains)},
		"clojure.string/blank?":       {1, 1, blank},
		"clojure.string/lower-case":   {1, 1, textMap(strings.ToLower)},
		"clojure.string/upper-case":   {1, 1, textMap(strings.ToUpper)},
		"clojure.string/trim":         {1, 1, textMap(strings.TrimSpace)},
	}
	maps.Copy(builtins, comparisons)
	maps.Copy(builtins, arithmetic)
}

func first(_ *objects, args []index.Value) (index.Value, error) { return args[0], nil }

func vector(_ *objects, args []index.Value) (index.Value, error) { return index.NewTuple(args...), nil }

func untuple(o *objects, args []index.Value) (index.Value, error) {
	if args[0].Kind() != index.KindTuple {
		return index.Value{}, fmt.Errorf("%s is no tuple", o.text(args[0]))
	}
	return args[0], nil
}

func length(o *objects, args []index.Value) (index.Value, error) {
	if args[0].Kind() == index.KindString {
		return index.Long(int64(utf8.RuneCountInString(args[0].Text()))), nil
	}
	elems, ok, err := o.elements(args[0])
	if !ok && !args[0].IsNil() && err == nil {
		err = fmt.Errorf("%s has no length", o.text(args[0]))
	}
	return index.Long(int64(len(elems))), err
}

// get returns what a map, set or vector has at a key, or the third argument.
func get(o *objects, args []index.Value) (index.Value, error) {
	var other index.Value
	if len(args) == 3 {
		other = args[2]
	}
	v, ok, err := o.member(args[0], args[1])
	if !ok {
		v = other
	}
	return v, err
}

func contains(o *objects, args []index.Value) (index.Value, error) {
	_, ok, err := o.member(args[0], args[1])
	return index.Bool(ok), err
}

// member returns what a collection has at a key: a vector at an index, a set its element, a map the value.
func (o *objects) member(coll, key index.Value) (index.Value, bool, error) {
	elems, ok, err := o.elements(coll)
	if !ok || err != nil {
		return index.Value{}, false, err
	}
	if !isHandle(coll) {
		i := key.Long()
		if key.Kind() != index.KindLong || i < 0 || i >= int64(len(elems)) {
			return index.Value{}, false, nil
		}
		return elems[i], true, nil
	}
	_, set := o.plain(coll).(edn.SetValue)
	for _, e := range elems {
		if set && e == key {
			return e, true, nil
		}
		if pair := e.Tuple(); !set && o.sameKey(pair[0], key) {
			return pair[1], true, nil
		}
	}
	return index.Value{}, false, nil
}

// sameKey reports whether a key of a map is meant: Go maps have texts where EDN has keywords.
func (o *objects) sameKey(have, want index.Value) bool {
	return have == want || have.Kind() == index.KindString && want.Kind() == index.KindKeyword && have.Text() == want.Text()
}

// concatenated returns the texts of its arguments one behind the other; nil is empty.
func concatenated(o *objects, args []index.Value) (index.Value, error) {
	var b strings.Builder
	for _, v := range args {
		switch v.Kind() {
		case index.KindNil:
		case index.KindString, index.KindURI:
			b.WriteString(v.Text())
		case index.KindBigInt:
			b.WriteString(v.BigInt().String())
		case index.KindDecimal:
			b.WriteString(strings.TrimSuffix(v.String(), "M"))
		default:
			b.WriteString(edn.String(o.plain(v)))
		}
	}
	return index.String(b.String())
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

func nameOf(o *objects, args []index.Value) (index.Value, error) {
	switch v := args[0]; v.Kind() {
	case index.KindKeyword:
		return index.String(edn.Keyword(v.Text()).Name())
	case index.KindSymbol:
		return index.String(edn.Symbol(v.Text()).Name())
	case index.KindString:
		return v, nil
	}
	return index.Value{}, fmt.Errorf("%s has no name", o.text(args[0]))
}

func namespaceOf(o *objects, args []index.Value) (index.Value, error) {
	ns := ""
	switch v := args[0]; v.Kind() {
	case index.KindKeyword:
		ns = edn.Keyword(v.Text()).Namespace()
	case index.KindSymbol:
		ns = edn.Symbol(v.Text()).Namespace()
	default:
		return index.Value{}, fmt.Errorf("%s has no namespace", o.text(args[0]))
	}
	if ns == "" {
		return index.Value{}, nil
	}
	return index.String(ns)
}

func keyword(o *objects, args []index.Value) (index.Value, error) {
	name, err := joinedName(o, args)
	if err != nil {
		return index.Value{}, err
	}
	return index.Keyword(edn.Keyword(name))
}

func symbolOf(o *objects, args []index.Value) (index.Value, error) {
	name, err := joinedName(o, args)
	if err != nil {
		return index.Value{}, err
	}
	return index.Symbol(edn.Symbol(name))
}

// joinedName returns the name that a name, or a namespace and a name, make.
func joinedName(o *objects, args []index.Value) (string, error) {
	text := ""
	for i, v := range args {
		switch v.Kind() {
		case index.KindKeyword, index.KindString, index.KindSymbol:
			text += strings.Repeat("/", i) + v.Text()
		default:
			return "", fmt.Errorf("%s is no name", o.text(v))
		}
	}
	return text, nil
}

func and(_ *objects, args []index.Value) (index.Value, error) {
	out := index.Bool(true)
	for _, v := range args {
		if out = v; !truthy(v) {
			break
		}
	}
	return out, nil
}

func or(_ *objects, args []index.Value) (index.Value, error) {
	var out index.Value
	for _, v := range args {
		if out = v; truthy(v) {
			break
		}
	}
	return out, nil
}

// predicate makes a builtin of a test of one value.
func predicate(test func(index.Value) bool) func(*objects, []index.Value) (index.Value, error) {
	return func(_ *objects, args []index.Value) (index.Value, error) { return index.Bool(test(args[0])), nil }
}

func ofKind(k index.Kind) func(*objects, []index.Value) (index.Value, error) {
	return predicate(func(v index.Value) bool { return v.Kind() == k })
}

func isInteger(v index.Value) bool { return v.Kind() == index.KindLong || v.Kind() == index.KindBigInt }

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

// matching returns re-matches (whole) or re-find: the match, or a tuple of the match and its groups, or nil.
func matching(whole bool) func(*objects, []index.Value) (index.Value, error) {
	return func(o *objects, args []index.Value) (index.Value, error) {
		if err := allText(o, args); err != nil {
			return index.Value{}, err
		}
		text := args[0].Text()
		if whole {
			text = `\A(?:` + text + `)\z`
		}
		re, err := regexp.Compile(text)
		if err != nil {
			return index.Value{}, err
		}
		m := re.FindStringSubmatch(args[1].Text())
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
}
