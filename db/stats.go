package db

// Stats are counts of what a database holds.
type Stats struct {
	T       T   // the basis
	Seq     int // the newest record of the log
	Datoms  int // assertions and retractions, history included, those of the bootstrap not
	Indexed T   // the newest transaction in the index; 0 for none
	Tail    int // facts in memory that are not in the index: assertions, ends of others, and what every database begins with
	Records int // of the log
	Bytes   int // of those records
}

// Stats returns counts of what the database holds.
func (c *Conn) Stats() Stats {
	h := c.head.Load()
	s := Stats{T: h.snap.T(), Seq: h.seq, Datoms: h.datoms, Tail: h.snap.levels.Tail(), Records: h.seq, Bytes: h.bytes}
	if stored := h.snap.levels.Stored(); len(stored) > 0 {
		s.Indexed = stored[0].Newest().T()
	}
	return s
}
