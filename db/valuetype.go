package db

import "github.com/datolite/datolite/index"

// A ValueType is the :db/valueType of an attribute.
type ValueType uint8

// The value types.
const (
	TypeString ValueType = iota + 1
	TypeBoolean
	TypeLong
	TypeBigInt
	TypeFloat
	TypeDouble
	TypeDecimal
	TypeInstant
	TypeUUID
	TypeKeyword
	TypeSymbol
	TypeURI
	TypeRef
	TypeBytes
	TypeTuple
)

// valueTypes tells of each type its name, its entity, and the kind that its values have.
var valueTypes = [...]struct {
	name string
	id   ID
	kind index.Kind
}{
	TypeString:  {"string", 23, index.KindString},
	TypeBoolean: {"boolean", 24, index.KindBool},
	TypeLong:    {"long", 22, index.KindLong},
	TypeBigInt:  {"bigint", 60, index.KindBigInt},
	TypeFloat:   {"float", 58, index.KindFloat},
	TypeDouble:  {"double", 57, index.KindDouble},
	TypeDecimal: {"bigdec", 61, index.KindDecimal},
	TypeInstant: {"instant", 25, index.KindInstant},
	TypeUUID:    {"uuid", 56, index.KindUUID},
	TypeKeyword: {"keyword", 21, index.KindKeyword},
	TypeSymbol:  {"symbol", 64, index.KindSymbol},
	TypeURI:     {"uri", 59, index.KindURI},
	TypeRef:     {"ref", 20, index.KindLong},
	TypeBytes:   {"bytes", 27, index.KindBytes},
	TypeTuple:   {"tuple", 63, index.KindTuple},
}

// String returns the keyword's name: "string", "bigdec", "ref" …; "" for no type.
func (t ValueType) String() string {
	if int(t) >= len(valueTypes) {
		return ""
	}
	return valueTypes[t].name
}

// ID returns the entity of the type, such as that of :db.type/string.
func (t ValueType) ID() ID {
	if int(t) >= len(valueTypes) {
		return 0
	}
	return valueTypes[t].id
}

// TypeOf returns the value type whose entity is id; false where there is none.
func TypeOf(id ID) (ValueType, bool) {
	for t := TypeString; t <= TypeTuple; t++ {
		if valueTypes[t].id == id {
			return t, true
		}
	}
	return 0, false
}

// typeNamed returns the value type of a keyword such as :db.type/string.
func typeNamed(k Keyword) (ValueType, bool) {
	for t := TypeString; t <= TypeTuple; t++ {
		if k == "db.type/"+Keyword(valueTypes[t].name) {
			return t, true
		}
	}
	return 0, false
}
