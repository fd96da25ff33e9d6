package query

// An idSet is bits for the ids from the least to the greatest of some, each set once it was added.
type idSet struct {
	least uint64
	bits  []uint64
}

// idsApart is how many times more ids than it is made for may lie in the reach of an idSet.
const idsApart = 64

// newIDSet returns an empty set for ids that ascend, in memory that it returns too; no set where they lie too far apart.
func newIDSet(ids, room []uint64) (*idSet, []uint64) {
	if len(ids) == 0 {
		return nil, room
	}
	reach := ids[len(ids)-1] - ids[0]
	if reach >= idsApart*uint64(len(ids))+64 {
		return nil, room
	}
	n := int(reach/64 + 1)
	if cap(room) < n {
		room = make([]uint64, n)
	}
	room = room[:n]
	clear(room)
	return &idSet{ids[0], room}, room
}

// add adds those of some ids, best in ascending order, that lie in the set's reach.
func (s *idSet) add(ids []uint64) {
	at, word := uint64(0), uint64(0)
	for _, id := range ids {
		d := id - s.least
		if d/64 != at {
			if at < uint64(len(s.bits)) {
				s.bits[at] |= word
			}
			at, word = d/64, 0
		}
		word |= 1 << (d % 64)
	}
	if at < uint64(len(s.bits)) {
		s.bits[at] |= word
	}
}

// rows appends the places of those of some ids in the set's reach that are in it.
func (s *idSet) rows(ids []uint64, to []int32) []int32 {
	n := len(to)
	for i, id := range ids {
		d := id - s.least
		to = to[:n+1]
		to[n] = int32(i)
		n += int(s.bits[d/64] >> (d % 64) & 1)
	}
	return to[:n]
}
