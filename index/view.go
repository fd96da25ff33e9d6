package index

// A View says which facts are seen, and how. The zero View with a Basis sees what holds at the basis.
type View struct {
	Basis   ID   // transactions after it are not seen, and what they ended still holds
	AsOf    ID   // as Basis; the smaller of the two counts; zero is no bound
	Since   ID   // facts asserted in it or before it are not seen; zero is no bound
	History bool // all events: each fact appears once for its assertion and once for its end, each tested by its own transaction
	Without *IDSet
	Keep    func(Datom) bool // what is seen, of that which all of the above lets through; nil is everything
}

// An IDSet is a set of entity ids, kept as a bitmap. The zero IDSet is empty. It may be read by many goroutines once it is
// no longer changed.
type IDSet struct {
	n     int
	pages map[ID]*[64]uint64 // 4,096 ids a page
}

// Add puts the id into the set.
func (s *IDSet) Add(id ID) { panic("not built") }

// Has reports whether the id is in the set. A nil set is empty.
func (s *IDSet) Has(id ID) bool { panic("not built") }

// Len returns how many ids the set holds.
func (s *IDSet) Len() int { panic("not built") }
