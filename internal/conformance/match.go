package conformance

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
)

// A labeller tells the label of an entity.
type labeller func(db.ID) string

// match reports whether a value is what the tagged form expects.
func (l labeller) match(want, got any) bool {
	switch want := want.(type) {
	case nil:
		return got == nil
	case bool, string:
		return want == got
	case json.Number:
		return isInt(got, want.String())
	case []any:
		if ref, ok := got.(db.LookupRef); ok {
			got = []any{db.Keyword(ref.Attr), ref.Value}
		}
		items, ok := list(got)
		return ok && l.matchAll(want, items)
	case map[string]any:
		for tag, body := range want {
			return l.matchTagged(tag, body, got)
		}
	}
	return false
}

func (l labeller) matchAll(want, got []any) bool {
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if !l.match(want[i], got[i]) {
			return false
		}
	}
	return true
}

func (l labeller) matchTagged(tag string, body, got any) bool {
	switch tag {
	case "s":
		items, ok := list(got)
		return ok && l.matchSet(body.([]any), items)
	case "bag":
		items, ok := list(got)
		return ok && len(items) == len(body.([]any)) && l.matchBag(body.([]any), items)
	case "m":
		return l.matchMap(body.([]any), got)
	case "e":
		id, ok := entityOf(got)
		return ok && l(id) == body
	case "n":
		return isInt(got, body.(string))
	}
	return matchScalar(tag, body, got)
}

func matchScalar(tag string, body, got any) bool {
	switch tag {
	case "d":
		f, ok := got.(float64)
		return ok && sameFloat(body, f)
	case "f":
		f, ok := got.(float32)
		return ok && sameFloat(body, float64(f))
	case "num":
		return sameNumber(body.(json.Number), got)
	case "dec":
		d, ok := got.(db.Decimal)
		return ok && sameDecimal(body.(string), d)
	case "k":
		k, ok := got.(db.Keyword)
		return ok && string(k) == body
	case "sym":
		s, ok := got.(db.Symbol)
		return ok && string(s) == body
	case "uri":
		u, ok := got.(db.URI)
		return ok && string(u) == body
	case "uuid":
		u, ok := got.(db.UUID)
		return ok && u.String() == body
	case "inst":
		t, ok := got.(time.Time)
		return ok && t.UTC().Format("2006-01-02T15:04:05.000Z") == body
	case "bytes":
		b, ok := got.([]byte)
		return ok && base64.StdEncoding.EncodeToString(b) == body
	}
	return false
}

// matchBag pairs every expected element with another one of those there are.
func (l labeller) matchBag(want, got []any) bool {
	used := make([]bool, len(got))
	for _, w := range want {
		if !l.take(w, got, used) {
			return false
		}
	}
	return true
}

func (l labeller) take(want any, got []any, used []bool) bool {
	for i, g := range got {
		if !used[i] && l.match(want, g) {
			used[i] = true
			return true
		}
	}
	return false
}

// matchSet is matchBag, with every element of either side met by one of the other.
func (l labeller) matchSet(want, got []any) bool {
	met := make([]bool, len(got))
	for _, w := range want {
		found := false
		for i, g := range got {
			if (!met[i] || !found) && l.match(w, g) {
				met[i], found = true, true
			}
		}
		if !found {
			return false
		}
	}
	for _, m := range met {
		if !m {
			return false
		}
	}
	return true
}

// matchMap compares a pulled map, whose keys are texts.
func (l labeller) matchMap(want []any, got any) bool {
	m, ok := got.(map[string]any)
	if !ok || len(m) != len(want) {
		return false
	}
	for _, entry := range want {
		pair := entry.([]any)
		value, there := m[keyText(pair[0])]
		if !there || !l.match(pair[1], value) {
			return false
		}
	}
	return true
}

func keyText(key any) string {
	if tagged, ok := key.(map[string]any); ok {
		for _, body := range tagged {
			return fmt.Sprint(body)
		}
	}
	return fmt.Sprint(key)
}

// list returns the elements of a list, tuple or row.
func list(x any) ([]any, bool) {
	switch x := x.(type) {
	case []any:
		return x, true
	case db.Tuple:
		return x, true
	case [][]any:
		out := make([]any, len(x))
		for i, row := range x {
			out[i] = row
		}
		return out, true
	case []map[string]any:
		out := make([]any, len(x))
		for i, m := range x {
			if m != nil {
				out[i] = m
			}
		}
		return out, true
	}
	return nil, false
}

func entityOf(x any) (db.ID, bool) {
	switch x := x.(type) {
	case db.ID:
		return x, true
	case int64:
		return db.ID(x), true
	}
	return 0, false
}

func isInt(x any, digits string) bool {
	switch x := x.(type) {
	case int64:
		return strconv.FormatInt(x, 10) == digits
	case *big.Int:
		return x.String() == digits
	}
	return false
}

func sameFloat(want any, got float64) bool {
	switch want {
	case "NaN":
		return got != got
	case "Inf":
		return math.IsInf(got, 1)
	case "-Inf":
		return math.IsInf(got, -1)
	}
	f, err := want.(json.Number).Float64()
	return err == nil && (f == got || float32(f) == float32(got) && float64(float32(got)) == got)
}

func sameNumber(want json.Number, got any) bool {
	w, err := want.Float64()
	var g float64
	switch x := got.(type) {
	case int64:
		g = float64(x)
	case float64:
		g = x
	case float32:
		g = float64(x)
	case *big.Int:
		g, _ = new(big.Float).SetInt(x).Float64()
	case db.Decimal:
		g, _ = strconv.ParseFloat(x.String(), 64)
	default:
		return false
	}
	return err == nil && math.Abs(w-g) <= 1e-9*math.Max(math.Abs(w), math.Abs(g))
}

func sameDecimal(text string, d db.Decimal) bool {
	want, err := edn.ParseDecimal(text)
	return err == nil && want.Scale == d.Scale && want.Cmp(d) == 0
}
