package query

import (
	"fmt"
	"time"

	"github.com/datolite/datolite/index"
)

// instantFunctions are the parts of an instant, in UTC, and its milliseconds since 1970.
var instantFunctions = map[string]builtin{
	"inst-ms":      {1, 1, part(func(t time.Time) int64 { return t.UnixMilli() })},
	"inst/year":    {1, 1, part(func(t time.Time) int64 { return int64(t.Year()) })},
	"inst/month":   {1, 1, part(func(t time.Time) int64 { return int64(t.Month()) })},
	"inst/day":     {1, 1, part(func(t time.Time) int64 { return int64(t.Day()) })},
	"inst/hour":    {1, 1, part(func(t time.Time) int64 { return int64(t.Hour()) })},
	"inst/minute":  {1, 1, part(func(t time.Time) int64 { return int64(t.Minute()) })},
	"inst/second":  {1, 1, part(func(t time.Time) int64 { return int64(t.Second()) })},
	"inst/milli":   {1, 1, part(func(t time.Time) int64 { return t.UnixMilli() - t.Truncate(time.Second).UnixMilli() })},
	"inst/weekday": {1, 1, part(func(t time.Time) int64 { return int64(t.Weekday()+6)%7 + 1 })},
	"inst/yearday": {1, 1, part(func(t time.Time) int64 { return int64(t.YearDay()) })},
}

// part makes a builtin of a number that an instant has. The days of a week are numbered from Monday, 1.
func part(of func(time.Time) int64) func(*objects, []index.Value) (index.Value, error) {
	return func(o *objects, args []index.Value) (index.Value, error) {
		if args[0].Kind() != index.KindInstant {
			return args[0], fmt.Errorf("%s is no instant", o.text(args[0]))
		}
		return index.Long(of(args[0].Instant())), nil
	}
}
