// Package tag reads what the tags of a struct say of a database, such as `datom:"person/name,identity"`. One reading serves
// schema, writing and pull.
//
// A tag is the name of an attribute, then options. The name db/id stands for the entity itself; a name such as person/_friend
// for those that refer to it. A field without a tag, or with the tag "-", is nobody's; the fields of an embedded struct count
// as the fields of the struct around it, and one embedded by a pointer is an error. What a field may hold is told by its Go type:
// see Field.Type.
package tag
