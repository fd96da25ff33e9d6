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
