package db

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

// String returns the keyword's name: "string", "bigdec", "ref" …
func (t ValueType) String() string { panic("not built") }

// ID returns the entity of the type, such as that of :db.type/string.
func (t ValueType) ID() ID { panic("not built") }

// Unique says whether a value of an attribute names one entity.
type Unique uint8

// What an attribute's uniqueness can be.
const (
	NotUnique      Unique = iota
	UniqueValue           // a second holder is refused
	UniqueIdentity        // a tempid with the value becomes the holder
)

// An Attribute is what a schema says of one attribute. It must not be changed.
type Attribute struct {
	ID         ID
	Ident      Keyword
	Type       ValueType
	Many       bool // a set of values, not one
	Unique     Unique
	Component  bool // a reference to a part, which lives and dies with the whole
	Indexed    bool // in AVET; so unless :db/index is false
	NoHistory  bool
	Acyclic    bool        // declared, not checked
	TupleAttrs []ID        // of a composite tuple, which the database keeps
	TupleTypes []ValueType // of a heterogeneous tuple, slot by slot
	TupleType  ValueType   // of a homogeneous tuple; zero for other attributes
}

// A Schema is what a database knows of its attributes and of the names of its entities. It is a value: that of its snapshot.
type Schema struct{ _ int }

// Attribute returns the attribute with the id.
func (s *Schema) Attribute(id ID) (*Attribute, bool) { panic("not built") }

// Named returns the attribute of a name, with or without colon; an earlier name of a renamed attribute works too.
func (s *Schema) Named(name string) (*Attribute, bool) { panic("not built") }

// Nearest returns the attribute's name that is most like an unknown one, and "" where none is near.
func (s *Schema) Nearest(name string) string { panic("not built") }

// Attributes returns all attributes in the order of their ids, those of the bootstrap included.
func (s *Schema) Attributes() []*Attribute { panic("not built") }

// EntID returns the entity that an ident names.
func (s *Schema) EntID(ident Keyword) (ID, bool) { panic("not built") }

// Ident returns the current ident of an entity.
func (s *Schema) Ident(id ID) (Keyword, bool) { panic("not built") }

// Indexed reports whether the facts of an attribute are in AVET.
func (s *Schema) Indexed(a ID) bool { panic("not built") }

// IsRef reports whether an attribute is a reference.
func (s *Schema) IsRef(a ID) bool { panic("not built") }
