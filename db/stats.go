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
	Pinned  int // indexes older than the newest that snapshots of this process read
	Older   int // bytes that such older ones alone need, about, as the last Collect of the Conn found it; 0 before
	Garbage int // bytes that it found that nobody needs, about, and deleted unless it was a DryRun
}

// Stats returns counts of what the database holds.
func (c *Conn) Stats() Stats {
	h := c.head.Load()
	s := Stats{T: h.snap.T(), Seq: h.seq, Datoms: h.datoms, Tail: h.snap.levels.Tail(), Records: h.seq, Bytes: h.bytes}
	if stored := h.snap.levels.Stored(); len(stored) > 0 {
		s.Indexed = stored[0].Newest().T()
	}
	s.Pinned = len(pinned(c.log.dbid, seqOfJob(h.root)))
	if last := c.collected.Load(); last != nil {
		s.Older, s.Garbage = last.Pinned, last.Bytes
	}
	return s
}
