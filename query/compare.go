package query

import (
	"fmt"

	"github.com/datolite/datolite/index"
)

var comparisons = map[string]builtin{
	"=":    {1, -1, equal},
	"!=":   {1, -1, unequal},
	"not=": {1, -1, unequal},
	"==":   {1, -1, chain(func(c int) bool { return c == 0 }, true)},
	"<":    {1, -1, chain(func(c int) bool { return c < 0 }, false)},
	"<=":   {1, -1, chain(func(c int) bool { return c <= 0 }, false)},
	">":    {1, -1, chain(func(c int) bool { return c > 0 }, false)},
	">=":   {1, -1, chain(func(c int) bool { return c >= 0 }, false)},
	"compare": {2, 2, func(o *objects, args []index.Value) (index.Value, error) {
		c, err := o.compare(args[0], args[1], false)
		return index.Long(int64(c)), err
	}},
}

// equal is the equality of the database: of one kind and value.
func equal(_ *objects, args []index.Value) (index.Value, error) {
	for _, v := range args[1:] {
		if v != args[0] {
			return index.Bool(false), nil
		}
	}
	return index.Bool(true), nil
}

func unequal(o *objects, args []index.Value) (index.Value, error) {
	v, err := equal(o, args)
	return index.Bool(!v.Bool()), err
}

// chain makes a comparison of each argument with the next. Numbers of all kinds compare by value, all else with its own kind
// only; nil is never less, greater or equal.
func chain(holds func(c int) bool, numbers bool) func(*objects, []index.Value) (index.Value, error) {
	return func(o *objects, args []index.Value) (index.Value, error) {
		for i := range args[1:] {
			if args[i].IsNil() || args[i+1].IsNil() {
				return index.Bool(false), nil
			}
			c, err := o.compare(args[i], args[i+1], numbers)
			if err != nil || !holds(c) {
				return index.Bool(false), err
			}
		}
		return index.Bool(true), nil
	}
}

// compare orders two values of one family, or two numbers where numbers is set.
func (o *objects) compare(a, b index.Value, numbers bool) (int, error) {
	switch {
	case a.IsNil() || b.IsNil():
		return index.Compare(a, b), nil
	case a.Kind().Number() && b.Kind().Number():
		return index.CompareNumbers(a, b), nil
	case numbers || a.Kind() != b.Kind() || isHandle(a) || isHandle(b):
		return 0, fmt.Errorf("%s and %s cannot be compared", o.text(a), o.text(b))
	}
	return index.Compare(a, b), nil
}
