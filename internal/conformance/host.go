package conformance

import (
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/query"
)

// host returns the fixed functions that cases call by name.
func host() []db.Named {
	return []db.Named{
		query.Func("conf/twice", func(x int64) int64 { return 2 * x }),
		query.Func("conf/pair", func(x int64) []int64 { return []int64{x, x + 1} }),
		query.Func("conf/upto", upto),
		query.Func("conf/none", func(any) any { return nil }),
		query.Func("conf/big?", func(x int64) bool { return x > 100 }),
		query.Func("conf/spread", func(xs []int64) int64 { return slices.Max(xs) - slices.Min(xs) }),
	}
}

func upto(x int64) []int64 {
	out := []int64{}
	for i := range x {
		out = append(out, i)
	}
	return out
}

// later are the conf functions that are not built: transaction functions and predicates by name.
var later = map[string]string{
	"conf/inc": "named transaction functions", "conf/add-two": "named transaction functions", "conf/copy": "named transaction functions",
	"conf/create": "named transaction functions", "conf/nothing": "named transaction functions", "conf/fail": "named transaction functions",
	"conf/conflict": "named transaction functions", "conf/boom": "named transaction functions", "conf/scalar": "named transaction functions",
	"conf/positive?": "attribute predicates", "conf/short?": "attribute predicates", "conf/truthy?": "attribute predicates",
	"conf/balanced?": "entity predicates", "conf/single?": "entity predicates",
}
