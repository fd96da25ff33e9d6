package index

// A Datom is an event: the transaction Tx asserted (Added) or retracted that entity E has value V for attribute A.
type Datom struct {
	E     ID
	A     ID
	V     Value
	Tx    ID
	Added bool
}

// A Fact is an interval: entity E has value V for attribute A from the transaction Tx until the transaction End, in which it
// holds no longer. End is zero while the fact holds.
type Fact struct {
	E   ID
	A   ID
	V   Value
	Tx  ID
	End ID
}

// Open reports whether the fact still holds.
func (f Fact) Open() bool { return f.End == 0 }
