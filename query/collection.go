package query

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

// collectionFunctions make collections and read them. A vector or list is a tuple; sets and maps are objects.
var collectionFunctions = map[string]builtin{
	"tuple": {1, -1, vector}, "vector": {0, -1, vector}, "list": {0, -1, vector},
	"untuple": {1, 1, untuple}, "vec": {1, 1, ofElements(func(elems []index.Value) []index.Value { return elems })},
	"set": {1, 1, setFrom}, "hash-set": {0, -1, func(o *objects, args []index.Value) (index.Value, error) { return o.setOf(args), nil }},
	"hash-map": {0, -1, hashMap},
	"range":    {1, 3, rangeOf},
	"count":    {1, 1, length}, "empty?": {1, 1, isEmpty},
	"get": {2, 3, get}, "contains?": {2, 2, contains}, "nth": {2, 3, nth},
	"in": {2, 2, among(true)}, "not-in": {2, 2, among(false)},
	"first": {1, 1, elementAt(func(int) int { return 0 })}, "second": {1, 1, elementAt(func(int) int { return 1 })},
	"last":     {1, 1, elementAt(func(n int) int { return n - 1 })},
	"rest":     {1, 1, ofElements(func(elems []index.Value) []index.Value { return elems[min(1, len(elems)):] })},
	"reverse":  {1, 1, ofElements(reversed)},
	"sort":     {1, 1, ofElements(sorted)},
	"distinct": {1, 1, ofElements(distinct)},
	"keys":     {1, 1, halves(0)}, "vals": {1, 1, halves(1)},
}

func vector(_ *objects, args []index.Value) (index.Value, error) { return index.NewTuple(args...), nil }

func untuple(o *objects, args []index.Value) (index.Value, error) {
	if args[0].Kind() != index.KindTuple {
		return index.Value{}, fmt.Errorf("%s is no tuple", o.text(args[0]))
	}
	return args[0], nil
}

// all returns the elements of a collection; nil has none, a string is no collection.
func (o *objects) all(coll index.Value) ([]index.Value, error) {
	elems, ok, err := o.elements(coll)
	if !ok && !coll.IsNil() && err == nil {
		err = fmt.Errorf("%s is no collection", o.text(coll))
	}
	return elems, err
}

// ofElements makes a builtin of a function of the elements of a collection, which it must not change.
func ofElements(f func([]index.Value) []index.Value) func(*objects, []index.Value) (index.Value, error) {
	return func(o *objects, args []index.Value) (index.Value, error) {
		elems, err := o.all(args[0])
		if err != nil {
			return args[0], err
		}
		return index.NewTuple(f(elems)...), nil
	}
}

func reversed(elems []index.Value) []index.Value {
	out := slices.Clone(elems)
	slices.Reverse(out)
	return out
}

func sorted(elems []index.Value) []index.Value {
	out := slices.Clone(elems)
	slices.SortStableFunc(out, index.Compare)
	return out
}

// elementAt makes a builtin that returns an element, nil where there is none.
func elementAt(at func(n int) int) func(*objects, []index.Value) (index.Value, error) {
	return func(o *objects, args []index.Value) (index.Value, error) {
		elems, err := o.all(args[0])
		if i := at(len(elems)); err == nil && i >= 0 && i < len(elems) {
			return elems[i], nil
		}
		return index.Value{}, err
	}
}

// halves makes a builtin of the keys (0) or values (1) of a map.
func halves(half int) func(*objects, []index.Value) (index.Value, error) {
	return func(o *objects, args []index.Value) (index.Value, error) {
		elems, err := o.all(args[0])
		if err == nil && (!o.isMap(args[0]) && len(elems) > 0) {
			err = fmt.Errorf("%s is no map", o.text(args[0]))
		}
		if err != nil {
			return args[0], err
		}
		out := make([]index.Value, len(elems))
		for i, e := range elems {
			out[i] = e.Tuple()[half]
		}
		return index.NewTuple(out...), nil
	}
}

func (o *objects) isSet(v index.Value) bool {
	_, set := o.plain(v).(edn.SetValue)
	return set
}

// isMap reports whether a value is a collection of keys and values.
func (o *objects) isMap(v index.Value) bool {
	if !isHandle(v) || o.isSet(v) {
		return false
	}
	_, ok, err := o.elements(v)
	return ok && err == nil
}

// setOf returns the set of some values.
func (o *objects) setOf(elems []index.Value) index.Value {
	elems = distinct(elems)
	set := make(edn.SetValue, len(elems))
	for i, e := range elems {
		set[i] = o.plain(e)
	}
	return o.keep(edn.String(set), set)
}

func setFrom(o *objects, args []index.Value) (index.Value, error) {
	elems, err := o.all(args[0])
	if err != nil {
		return args[0], err
	}
	return o.setOf(elems), nil
}

// hashMap returns the map of keys and values that follow each other.
func hashMap(o *objects, args []index.Value) (index.Value, error) {
	if len(args)%2 != 0 {
		return index.Value{}, fmt.Errorf("the key %s has no value", o.text(args[len(args)-1]))
	}
	at := map[index.Value]int{}
	var m edn.MapValue
	for i := 0; i < len(args); i += 2 {
		k, known := at[args[i]]
		if !known {
			k = len(m)
			at[args[i]] = k
			m = append(m, edn.MapEntry{Key: o.plain(args[i])})
		}
		m[k].Value = o.plain(args[i+1])
	}
	return o.keep(edn.String(m), m), nil
}

// maxRange is how many numbers a range may have.
const maxRange = 1 << 20

// rangeOf is (range end), (range start end) or (range start end step): integers from the start, before the end.
func rangeOf(o *objects, args []index.Value) (index.Value, error) {
	for _, v := range args {
		if v.Kind() != index.KindLong {
			return v, fmt.Errorf("%s is no integer", o.text(v))
		}
	}
	start, end, step := int64(0), args[0].Long(), int64(1)
	if len(args) > 1 {
		start, end = args[0].Long(), args[1].Long()
	}
	if len(args) > 2 {
		step = args[2].Long()
	}
	if step == 0 {
		return args[2], fmt.Errorf("a range with the step 0 has no end")
	}
	n := rangeLength(start, end, step)
	if n > maxRange {
		return args[0], fmt.Errorf("the range has more than %d numbers", maxRange)
	}
	out := make([]index.Value, n)
	for i := range out {
		out[i] = index.Long(start + int64(i)*step)
	}
	return index.NewTuple(out...), nil
}

// rangeLength returns how many numbers there are from start in steps, before end.
func rangeLength(start, end, step int64) uint64 {
	switch {
	case step > 0 && start < end:
		return (uint64(end)-uint64(start)-1)/uint64(step) + 1
	case step < 0 && start > end:
		return (uint64(start)-uint64(end)-1)/-uint64(step) + 1
	}
	return 0
}

func length(o *objects, args []index.Value) (index.Value, error) {
	if args[0].Kind() == index.KindString {
		return index.Long(int64(utf8.RuneCountInString(args[0].Text()))), nil
	}
	elems, err := o.all(args[0])
	if err != nil {
		err = fmt.Errorf("%s has no length", o.text(args[0]))
	}
	return index.Long(int64(len(elems))), err
}

func isEmpty(o *objects, args []index.Value) (index.Value, error) {
	n, err := length(o, args)
	return index.Bool(n.Long() == 0), err
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

// nth returns the element of a vector at an index, or the third argument.
func nth(o *objects, args []index.Value) (index.Value, error) {
	elems, err := o.all(args[0])
	i := args[1].Long()
	switch {
	case err != nil:
		return args[0], err
	case args[1].Kind() != index.KindLong:
		return args[1], fmt.Errorf("%s is no integer", o.text(args[1]))
	case i >= 0 && i < int64(len(elems)):
		return elems[i], nil
	case len(args) == 3:
		return args[2], nil
	}
	return args[1], fmt.Errorf("there is no element %d of %d", i, len(elems))
}

func contains(o *objects, args []index.Value) (index.Value, error) {
	if args[0].Kind() == index.KindString {
		return args[0], fmt.Errorf("contains? asks a collection for a key; includes? asks a string for a part")
	}
	_, ok, err := o.member(args[0], args[1])
	return index.Bool(ok), err
}

// among makes in or not-in: whether a value is an element of a collection, or a key of a map.
func among(want bool) func(*objects, []index.Value) (index.Value, error) {
	return func(o *objects, args []index.Value) (index.Value, error) {
		elems, err := o.all(args[1])
		if err != nil {
			return args[1], err
		}
		has := slices.Contains(elems, args[0])
		if o.isMap(args[1]) {
			_, has, err = o.member(args[1], args[0])
		}
		return index.Bool(has == want), err
	}
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
	set := o.isSet(coll)
	for _, e := range elems {
		if set {
			if e == key {
				return e, true, nil
			}
			continue
		}
		if pair := e.Tuple(); o.sameKey(pair[0], key) {
			return pair[1], true, nil
		}
	}
	return index.Value{}, false, nil
}

// sameKey reports whether a key of a map is meant: Go maps have texts where EDN has keywords.
func (o *objects) sameKey(have, want index.Value) bool {
	return have == want || have.Kind() == index.KindString && want.Kind() == index.KindKeyword && have.Text() == want.Text()
}
