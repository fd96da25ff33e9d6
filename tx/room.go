package tx

import "sync"

// A room is memory for what a transaction comes to on its way, which nobody keeps: the next one uses it again.
type room struct {
	claims  []claim
	changes []change
}

// rooms are rooms that are not in use, and hold on to nothing.
var rooms = sync.Pool{New: func() any { return new(room) }}

// mostRoom is for how many claims a room is kept.
const mostRoom = 1 << 18

// forClaims returns room for n claims.
func (r *room) forClaims(n int) []claim {
	if r == nil || cap(r.claims) < n {
		return make([]claim, 0, n)
	}
	return r.claims[:0]
}

// forChanges returns room for n changes.
func (r *room) forChanges(n int) []change {
	if r == nil || cap(r.changes) < n {
		return make([]change, 0, n)
	}
	return r.changes[:0]
}

// leave gives the room back, with what was made in it.
func (r *room) leave(claims []claim, changes []change) {
	if cap(claims)+cap(changes) > mostRoom {
		return
	}
	clear(claims)
	clear(changes)
	r.claims, r.changes = claims, changes
	rooms.Put(r)
}
