package provenance

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"time"

	"github.com/datolite/datolite/edn"
)

// The tags of canonical values. They are part of every identity, and never change their meaning.
const (
	canonNil     = 'n'
	canonBool    = 'b'
	canonInt     = 'i' // any integer, by value
	canonDouble  = 'd' // IEEE bits, one NaN, no −0
	canonFloat   = 'f'
	canonDecimal = 'm'
	canonString  = 's'
	canonKeyword = 'k'
	canonSymbol  = 'y'
	canonInstant = 't' // milliseconds since 1970, UTC
	canonUUID    = 'u'
	canonURI     = 'r'
	canonBytes   = 'x'
	canonList    = 'l' // lists and vectors
	canonMap     = 'p' // entries sorted by encoded key
	canonSet     = 'e' // elements sorted by their encoding
)

// An unencodable tells what has no canonical form, and why.
type unencodable struct {
	form edn.Node
	path string // to it, each step behind a point
	text string
}

func (u *unencodable) Error() string { return u.text }

// canon appends the canonical encoding of a form: typed, every part with its length before it, so that different values have
// different encodings. What has no canonical form is an *unencodable, never a weaker encoding: it would make different things equal.
func canon(b []byte, n edn.Node) ([]byte, error) {
	switch n.Kind {
	case edn.Nil:
		return frame(b, canonNil, nil), nil
	case edn.Scalar:
		b, err := canonScalar(b, n.Value)
		if err != nil {
			err = &unencodable{form: n, text: err.Error()}
		}
		return b, err
	case edn.List, edn.Vector:
		return canonItems(b, canonList, n.Items, 1)
	case edn.Set:
		return canonItems(b, canonSet, n.Items, 1)
	case edn.Map:
		return canonItems(b, canonMap, n.Items, 2)
	}
	return nil, &unencodable{form: n, text: "#" + string(n.Tag) + " has no canonical form"}
}

// An encoding is that of an element, or of an entry, by the key that it begins with.
type encoding struct {
	key, whole []byte
	form       edn.Node
}

// canonItems appends groups of forms, single elements or entries: those of a list in their order, others sorted by what they encode to.
func canonItems(b []byte, tag byte, items []edn.Node, group int) ([]byte, error) {
	encoded := make([]encoding, 0, len(items)/group)
	for i := 0; i < len(items); i += group {
		e := encoding{form: items[i]}
		var err error
		if e.key, err = canon(nil, items[i]); err == nil && group == 2 {
			e.whole, err = canon(slices.Clip(e.key), items[i+1])
		} else {
			e.whole = e.key
		}
		if err != nil {
			return nil, below(err, items, i, group)
		}
		encoded = append(encoded, e)
	}
	if tag != canonList {
		slices.SortStableFunc(encoded, func(a, b encoding) int { return bytes.Compare(a.key, b.key) })
		if err := twice(encoded); err != nil {
			return nil, err
		}
	}
	var body []byte
	for _, e := range encoded {
		body = append(body, e.whole...)
	}
	return frame(b, tag, body), nil
}

// below puts before the path of an error the step to the element or entry at i.
func below(err error, items []edn.Node, i, group int) error {
	if group == 2 {
		return under(err, nameOf(items[i]))
	}
	return under(err, fmt.Sprint(i))
}

// under puts a step before the path of an error.
func under(err error, step string) error {
	if u, ok := err.(*unencodable); ok {
		u.path = "." + step + u.path
	}
	return err
}

// search asks of a form, and of all forms in it, what is wrong, and returns the first error with the path to it.
func search(n edn.Node, wrong func(edn.Node) error) error {
	if err := wrong(n); err != nil {
		return err
	}
	group := 1
	if n.Kind == edn.Map {
		group = 2
	}
	for i, item := range n.Items {
		if err := search(item, wrong); err != nil {
			return below(err, n.Items, i-i%group, group)
		}
	}
	return nil
}

// twice tells of two elements or keys that are equal, though perhaps written in different ways.
func twice(sorted []encoding) error {
	for i := 1; i < len(sorted); i++ {
		if bytes.Equal(sorted[i-1].key, sorted[i].key) {
			return &unencodable{form: sorted[i].form, text: edn.String(sorted[i].form) + " stands here twice"}
		}
	}
	return nil
}

// plain returns the form that stands for all that encode alike: vectors for lists, longs for integers that are written as big ones, no −0.
func plain(n edn.Node) edn.Node {
	if n.Kind == edn.List {
		n.Kind = edn.Vector
	}
	switch v := n.Value.(type) {
	case *big.Int:
		if v.IsInt64() {
			n.Value = v.Int64()
		}
	case float64:
		n.Value = math.Float64frombits(doubleBits(v))
	case float32:
		n.Value = float32(math.Float64frombits(doubleBits(float64(v))))
	}
	items := make([]edn.Node, len(n.Items))
	for i, item := range n.Items {
		items[i] = plain(item)
	}
	n.Items = items
	return n
}

func canonScalar(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case bool:
		if v {
			return frame(b, canonBool, []byte{1}), nil
		}
		return frame(b, canonBool, []byte{0}), nil
	case int64:
		return canonBig(b, canonInt, big.NewInt(v)), nil
	case *big.Int:
		return canonBig(b, canonInt, v), nil
	case float64:
		return frame(b, canonDouble, binary.BigEndian.AppendUint64(nil, doubleBits(v))), nil
	case float32:
		return frame(b, canonFloat, binary.BigEndian.AppendUint64(nil, doubleBits(float64(v)))), nil
	case edn.Decimal:
		return frame(b, canonDecimal, []byte(v.String())), nil
	case time.Time:
		return canonInstantOf(b, v)
	case edn.UUID:
		return frame(b, canonUUID, v[:]), nil
	case []byte:
		return frame(b, canonBytes, v), nil
	}
	return canonText(b, v)
}

func canonText(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		return frame(b, canonString, []byte(v)), nil
	case edn.Keyword:
		return frame(b, canonKeyword, []byte(v)), nil
	case edn.Symbol:
		return frame(b, canonSymbol, []byte(v)), nil
	case edn.URI:
		return frame(b, canonURI, []byte(v)), nil
	}
	return nil, fmt.Errorf("%s has no canonical form", edn.String(v))
}

var errFineInstant = errors.New("an instant finer than a millisecond has no canonical form")

func canonInstantOf(b []byte, t time.Time) ([]byte, error) {
	if t.Nanosecond()%int(time.Millisecond) != 0 {
		return nil, errFineInstant
	}
	return frame(b, canonInstant, binary.BigEndian.AppendUint64(nil, uint64(t.UnixMilli()))), nil
}

func canonBig(b []byte, tag byte, n *big.Int) []byte {
	return frame(b, tag, append([]byte{byte(n.Sign() + 1)}, n.Bytes()...))
}

func doubleBits(f float64) uint64 {
	if f != f {
		return math.Float64bits(math.NaN())
	}
	if f == 0 {
		return 0
	}
	return math.Float64bits(f)
}

func frame(b []byte, tag byte, body []byte) []byte {
	b = append(b, tag)
	b = binary.AppendUvarint(b, uint64(len(body)))
	return append(b, body...)
}
