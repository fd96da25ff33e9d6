package db

// Stats are counts of what a database holds.
type Stats struct {
	T       T   // the basis
	Seq     int // the newest record of the log
	Datoms  int // assertions and retractions, history included, those of the bootstrap not
	Records int // of the log that this process replayed or wrote
	Bytes   int // of those records
}

// Stats returns counts of what the database holds.
func (c *Conn) Stats() Stats {
	h := c.head.Load()
	return Stats{T: h.snap.T(), Seq: h.seq, Datoms: h.datoms, Records: h.seq, Bytes: h.bytes}
}
