package query

import (
	"fmt"
	"maps"
	"slices"
	"strings"

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

// builtins are the functions by name. Those of clojure.string go by their full names, and by the short ones where clojure.core has none
// of that name.
var builtins map[string]builtin

func init() {
	builtins = map[string]builtin{
		"ground": {1, 1, same}, "identity": {1, 1, same},
		"not": {1, 1, predicate(func(v index.Value) bool { return !truthy(v) })},
		"and": {0, -1, and}, "or": {0, -1, or},
		"name": {1, 1, nameOf}, "namespace": {1, 1, namespaceOf}, "keyword": {1, 2, keyword}, "symbol": {1, 2, symbolOf},
	}
	for _, more := range []map[string]builtin{comparisons, arithmetic, conversions, typeTests, collectionFunctions, textFunctions, instantFunctions} {
		maps.Copy(builtins, more)
	}
	for name, b := range stringFunctions {
		builtins["clojure.string/"+name] = b
		if _, taken := builtins[name]; !taken {
			builtins[name] = b
		}
	}
}

// unknownFunction returns the text that tells of a name that nothing has, and which one was meant.
func unknownFunction(name string) string {
	if strings.HasPrefix(name, ".") {
		if known := javaMethods[name[1:]]; known != "" {
			return fmt.Sprintf("%s is a method of Java: write %s", name, known)
		}
		return fmt.Sprintf("%s is a method of Java, which is not there; query.Func gives functions of Go a name", name)
	}
	if name == "fn" || name == "fn*" {
		return "a function cannot be written in a query; query.Func gives functions of Go a name"
	}
	known := slices.AppendSeq(slices.Collect(maps.Keys(builtins)), maps.Keys(sourceFunctions))
	return fmt.Sprintf("unknown function %s%s", name, didYouMean(name, known, ""))
}

// javaMethods are methods that users of Datomic call, and what does the same here.
var javaMethods = map[string]string{
	"startsWith": "starts-with?", "endsWith": "ends-with?", "contains": "includes?", "isEmpty": "empty?", "isBlank": "blank?",
	"toLowerCase": "lower-case", "toUpperCase": "upper-case", "trim": "trim", "length": "count", "size": "count", "substring": "subs",
	"equals": "=", "compareTo": "compare", "matches": "re-matches", "getTime": "inst-ms", "toString": "str", "get": "get",
	"getName": "name", "getNamespace": "namespace", "indexOf": "index-of", "before": "<", "after": ">",
}

func same(_ *objects, args []index.Value) (index.Value, error) { return args[0], nil }

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
