package query

import (
	"strings"

	"github.com/datolite/datolite/index"
)

// typeTests tell what a value is.
var typeTests = map[string]builtin{
	"nil?":     test(index.Value.IsNil),
	"some?":    test(func(v index.Value) bool { return !v.IsNil() }),
	"true?":    test(func(v index.Value) bool { return v == index.Bool(true) }),
	"false?":   test(func(v index.Value) bool { return v == index.Bool(false) }),
	"boolean?": ofKind(index.KindBool), "string?": ofKind(index.KindString), "keyword?": ofKind(index.KindKeyword),
	"uuid?": ofKind(index.KindUUID), "inst?": ofKind(index.KindInstant), "uri?": ofKind(index.KindURI), "bytes?": ofKind(index.KindBytes),
	"symbol?": test(isSymbol), "ident?": test(isIdent),
	"simple-keyword?":    test(func(v index.Value) bool { return v.Kind() == index.KindKeyword && isSimple(v) }),
	"qualified-keyword?": test(func(v index.Value) bool { return v.Kind() == index.KindKeyword && !isSimple(v) }),
	"simple-ident?":      test(func(v index.Value) bool { return isIdent(v) && isSimple(v) }),
	"qualified-ident?":   test(func(v index.Value) bool { return isIdent(v) && !isSimple(v) }),
	"number?":            test(func(v index.Value) bool { return v.Kind().Number() }),
	"integer?":           test(isInteger), "int?": ofKind(index.KindLong),
	"pos-int?": test(func(v index.Value) bool { return v.Kind() == index.KindLong && v.Long() > 0 }),
	"nat-int?": test(func(v index.Value) bool { return v.Kind() == index.KindLong && v.Long() >= 0 }),
	"neg-int?": test(func(v index.Value) bool { return v.Kind() == index.KindLong && v.Long() < 0 }),
	"float?":   test(isFloating), "double?": ofKind(index.KindDouble), "decimal?": ofKind(index.KindDecimal),
	"rational?": test(func(v index.Value) bool { return v.Kind().Number() && !isFloating(v) }),
	"vector?":   ofKind(index.KindTuple), "sequential?": ofKind(index.KindTuple), "list?": ofKind(index.KindTuple),
	"map?":  {1, 1, func(o *objects, args []index.Value) (index.Value, error) { return index.Bool(o.isMap(args[0])), nil }},
	"set?":  {1, 1, func(o *objects, args []index.Value) (index.Value, error) { return index.Bool(o.isSet(args[0])), nil }},
	"coll?": {1, 1, isCollection},
}

// test makes a builtin of a test of one value.
func test(f func(index.Value) bool) builtin { return builtin{1, 1, predicate(f)} }

func ofKind(k index.Kind) builtin {
	return test(func(v index.Value) bool { return v.Kind() == k })
}

func isSymbol(v index.Value) bool { return v.Kind() == index.KindSymbol && !isHandle(v) }

func isIdent(v index.Value) bool { return v.Kind() == index.KindKeyword || isSymbol(v) }

func isSimple(v index.Value) bool { return !strings.Contains(v.Text(), "/") }

func isInteger(v index.Value) bool { return v.Kind() == index.KindLong || v.Kind() == index.KindBigInt }

func isCollection(o *objects, args []index.Value) (index.Value, error) {
	_, ok, err := o.elements(args[0])
	return index.Bool(ok), err
}
