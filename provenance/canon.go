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

// canon appends the canonical encoding of a form: typed, every part with its length before it, so that different values have
// different encodings. What has no canonical form is an error, never a weaker encoding: it would make different things equal.
func canon(b []byte, n edn.Node) ([]byte, error) {
	switch n.Kind {
	case edn.Nil:
		return frame(b, canonNil, nil), nil
	case edn.Scalar:
		return canonScalar(b, n.Value)
	case edn.List, edn.Vector:
		return canonItems(b, canonList, n.Items, 1, false)
	case edn.Set:
		return canonItems(b, canonSet, n.Items, 1, true)
	case edn.Map:
		return canonItems(b, canonMap, n.Items, 2, true)
	}
	return nil, fmt.Errorf("#%s has no canonical form", n.Tag)
}

// canonItems appends groups of forms, single elements or entries, in their order or sorted by what they encode to.
func canonItems(b []byte, tag byte, items []edn.Node, group int, sorted bool) ([]byte, error) {
	encoded := make([][]byte, 0, len(items)/group)
	for i := 0; i < len(items); i += group {
		var e []byte
		var err error
		for _, item := range items[i : i+group] {
			if e, err = canon(e, item); err != nil {
				return nil, err
			}
		}
		encoded = append(encoded, e)
	}
	if sorted {
		slices.SortFunc(encoded, bytes.Compare)
	}
	return frame(b, tag, slices.Concat(encoded...)), nil
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
	return nil, fmt.Errorf("%T has no canonical form", v)
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
