package query

// An idSet tells of the ids from the least to the greatest of some which were added. It has a byte for each, which takes less than half the time that
// a bit does; several may add ids beside each other, as long as none adds what another one does.
type idSet struct {
	least uint64
	in    []uint8 // 1 for those that were added
}

// idsApart is how many times more ids than it is made for may lie in the reach of an idSet.
const idsApart = 16

// newIDSet returns an empty set for ids that ascend, in memory that it returns too; no set where they lie too far apart.
func newIDSet(ids []uint64, room []uint8) (*idSet, []uint8) {
	if len(ids) == 0 {
		return nil, room
	}
	reach := ids[len(ids)-1] - ids[0]
	if reach >= idsApart*uint64(len(ids))+64 {
		return nil, room
	}
	n := int(reach + 1)
	if cap(room) < n {
		room = make([]uint8, n)
	} else {
		room = room[:n]
		clear(room)
	}
	return &idSet{ids[0], room}, room
}

// add adds those of some ids that lie in the set's reach.
func (s *idSet) add(ids []uint64) {
	least, in := s.least, s.in
	for _, id := range ids {
		if d := id - least; d < uint64(len(in)) {
			in[d] = 1
		}
	}
}

// addAll adds the ids of a set of the same reach.
func (s *idSet) addAll(other *idSet) {
	for d, is := range other.in {
		s.in[d] |= is
	}
}

// rows appends the places of those of some ids in the set's reach that are in it.
func (s *idSet) rows(ids []uint64, to []int32) []int32 {
	n := len(to)
	for i, id := range ids {
		to = to[:n+1]
		to[n] = int32(i)
		n += int(s.in[id-s.least])
	}
	return to[:n]
}
