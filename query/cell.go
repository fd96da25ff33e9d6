package query

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"sync"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// A setter stores a cell in a place of one Go type. It fails with errMismatch where a cell of that type never fits, and with
// another error where this cell does not. A nil cell makes the place zero. A struct is only put on the list: trees are filled
// level by level, so that they may be of any depth.
type setter func(dst reflect.Value, cell any, l *treeList) error

var errMismatch = errors.New("type mismatch")

var setters sync.Map // reflect.Type → setter

// setterFor returns the setter of a Go type. It is made once.
func setterFor(t reflect.Type) setter {
	if s, ok := setters.Load(t); ok {
		return s.(setter)
	}
	s := orZero(newSetter(t))
	setters.Store(t, s)
	return s
}

func orZero(set setter) setter {
	return func(dst reflect.Value, cell any, l *treeList) error {
		if cell == nil {
			dst.SetZero()
			return nil
		}
		return set(dst, cell, l)
	}
}

func newSetter(t reflect.Type) setter {
	if set, ok := exactSetters[t]; ok {
		return set
	}
	switch t.Kind() {
	case reflect.Interface:
		return setInterface
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return setInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return setUint
	case reflect.Float64:
		return setFloat64
	case reflect.Float32:
		return setFloat32
	case reflect.String:
		return setString
	case reflect.Bool:
		return setBool
	case reflect.Array:
		return setArray
	case reflect.Slice:
		return sliceSetter(t)
	case reflect.Pointer:
		return pointerSetter(t)
	case reflect.Struct:
		return setStruct
	case reflect.Map:
		return setSame
	}
	return func(reflect.Value, any, *treeList) error { return errMismatch }
}

// exactSetters are those of types that are not what their kind is.
var exactSetters = map[reflect.Type]setter{
	reflect.TypeFor[db.ID]():      setID,
	reflect.TypeFor[db.T]():       setT,
	reflect.TypeFor[db.Keyword](): setKeyword,
	reflect.TypeFor[db.Symbol]():  setSame,
	reflect.TypeFor[db.URI]():     setSame,
	reflect.TypeFor[db.UUID]():    setSame,
	reflect.TypeFor[db.Decimal](): setSame,
	reflect.TypeFor[db.Tuple]():   setSame,
	reflect.TypeFor[time.Time]():  setSame,
	reflect.TypeFor[*big.Int]():   setBigInt,
}

// setSame takes a cell of exactly the place's type.
func setSame(dst reflect.Value, cell any, _ *treeList) error {
	v := reflect.ValueOf(cell)
	if v.Type() != dst.Type() {
		return errMismatch
	}
	dst.Set(v)
	return nil
}

func setInterface(dst reflect.Value, cell any, _ *treeList) error {
	v := reflect.ValueOf(cell)
	if !v.Type().AssignableTo(dst.Type()) {
		return errMismatch
	}
	dst.Set(v)
	return nil
}

// setID takes an entity, or what a pull says of one that it only names.
func setID(dst reflect.Value, cell any, _ *treeList) error {
	switch c := cell.(type) {
	case db.ID:
		dst.SetInt(int64(c))
		return nil
	case map[string]any:
		if id, ok := c["db/id"].(db.ID); ok {
			dst.SetInt(int64(id))
			return nil
		}
	}
	return errMismatch
}

// setT takes a transaction.
func setT(dst reflect.Value, cell any, _ *treeList) error {
	var id db.ID
	if err := setID(reflect.ValueOf(&id).Elem(), cell, nil); err != nil {
		return err
	}
	if id != index.TxID(id.T()) {
		return fmt.Errorf("%d is not a transaction", id)
	}
	dst.SetInt(int64(id.T()))
	return nil
}

// setKeyword takes a keyword, or the ident of an entity that a pull only names.
func setKeyword(dst reflect.Value, cell any, _ *treeList) error {
	if m, ok := cell.(map[string]any); ok {
		cell = m["db/ident"]
	}
	k, ok := cell.(db.Keyword)
	if !ok {
		return errMismatch
	}
	dst.SetString(string(k))
	return nil
}

// setInt takes an integer that the type can hold.
func setInt(dst reflect.Value, cell any, _ *treeList) error {
	switch c := cell.(type) {
	case int64:
		if dst.OverflowInt(c) {
			return outOfRange(c, dst)
		}
		dst.SetInt(c)
		return nil
	case *big.Int: // one that is no long
		return outOfRange(c, dst)
	}
	return errMismatch
}

func setUint(dst reflect.Value, cell any, _ *treeList) error {
	switch c := cell.(type) {
	case int64:
		if c < 0 || dst.OverflowUint(uint64(c)) {
			return outOfRange(c, dst)
		}
		dst.SetUint(uint64(c))
		return nil
	case *big.Int:
		if !c.IsUint64() || dst.OverflowUint(c.Uint64()) {
			return outOfRange(c, dst)
		}
		dst.SetUint(c.Uint64())
		return nil
	}
	return errMismatch
}

func outOfRange(n any, dst reflect.Value) error {
	return fmt.Errorf("%v is out of the range of %s", n, dst.Type())
}

// setBigInt takes every integer: a big one that fits a long comes as a long.
func setBigInt(dst reflect.Value, cell any, _ *treeList) error {
	switch c := cell.(type) {
	case int64:
		dst.Set(reflect.ValueOf(big.NewInt(c)))
		return nil
	case *big.Int:
		dst.Set(reflect.ValueOf(c))
		return nil
	}
	return errMismatch
}

// setFloat64 takes floating-point numbers only: a long may have more digits than a float64.
func setFloat64(dst reflect.Value, cell any, _ *treeList) error {
	switch c := cell.(type) {
	case float64:
		dst.SetFloat(c)
		return nil
	case float32:
		dst.SetFloat(float64(c))
		return nil
	}
	return errMismatch
}

func setFloat32(dst reflect.Value, cell any, _ *treeList) error {
	c, ok := cell.(float32)
	if !ok {
		return errMismatch
	}
	dst.SetFloat(float64(c))
	return nil
}

func setString(dst reflect.Value, cell any, _ *treeList) error {
	s, ok := cell.(string)
	if !ok {
		return errMismatch
	}
	dst.SetString(s)
	return nil
}

func setBool(dst reflect.Value, cell any, _ *treeList) error {
	b, ok := cell.(bool)
	if !ok {
		return errMismatch
	}
	dst.SetBool(b)
	return nil
}

// setArray takes a UUID.
func setArray(dst reflect.Value, cell any, _ *treeList) error {
	v := reflect.ValueOf(cell)
	if v.Type() != reflect.TypeFor[db.UUID]() || !v.CanConvert(dst.Type()) {
		return errMismatch
	}
	dst.Set(v.Convert(dst.Type()))
	return nil
}

// sliceSetter takes bytes, tuples, sets and what a pull found of an attribute that has many values.
func sliceSetter(t reflect.Type) setter {
	if t.Elem().Kind() == reflect.Uint8 {
		return setBytes
	}
	return func(dst reflect.Value, cell any, l *treeList) error {
		var cells []any
		switch c := cell.(type) {
		case []any:
			cells = c
		case db.Tuple:
			cells = c
		default:
			return errMismatch
		}
		out := reflect.MakeSlice(t, len(cells), len(cells))
		set := setterFor(t.Elem())
		for i, c := range cells {
			if err := set(out.Index(i), c, l); err != nil {
				return err
			}
		}
		dst.Set(out)
		return nil
	}
}

func setBytes(dst reflect.Value, cell any, _ *treeList) error {
	b, ok := cell.([]byte)
	if !ok {
		return errMismatch
	}
	dst.SetBytes(b)
	return nil
}

func pointerSetter(t reflect.Type) setter {
	return func(dst reflect.Value, cell any, l *treeList) error {
		p := reflect.New(t.Elem())
		if err := setterFor(t.Elem())(p.Elem(), cell, l); err != nil {
			return err
		}
		dst.Set(p)
		return nil
	}
}
