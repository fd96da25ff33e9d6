package history

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// A world is a database with peers and clients that is as it should be, but for one bug. It makes a history: in each step one
// client submits what it will do, has it done, or is answered, so that acts overlap.
type world struct {
	History
	rng     *rand.Rand
	bug     bug
	at      int // the newest moment
	log     []Entry
	peers   [3]int // the place in the log that each has come to
	clients [6]*task
	values  int // the last that was written
	bugs    int // how often the bug struck
}

// A task is what a client does. It begins, is done, and is answered.
type task struct {
	peer int
	tx   *Tx
	read *Read
	done bool
}

// A bug is what a world does wrong; the zero bug is none.
type bug struct {
	kind    Kind
	odds    int                                    // it strikes once in so many times
	commit  func(w *world, tx *Tx, e *Entry)       // changes an entry before it is in the log
	told    func(w *world, tx *Tx)                 // changes what a client was told
	shown   func(w *world, r *Read, place int)     // changes what a client was shown, at a place
	basis   func(w *world, k *task, place int) int // returns where a task is done instead of the right place
	finally func(w *world)                         // changes the history
}

// strikes reports whether the bug strikes now.
func (w *world) strikes() bool {
	if w.rng.IntN(max(w.bug.odds, 1)) > 0 {
		return false
	}
	w.bugs++
	return true
}

// newHistory returns the history of a world with a bug.
func newHistory(seed int64, steps int, b bug) *world {
	w := &world{rng: rand.New(rand.NewPCG(uint64(seed), 0)), bug: b}
	for range steps {
		w.step(w.rng.IntN(len(w.clients)))
	}
	for _, k := range w.clients {
		if w.at++; k != nil && k.done {
			w.answer(k)
		}
	}
	for range w.peers {
		w.Logs = append(w.Logs, slices.Clone(w.log))
	}
	if b.finally != nil {
		b.finally(w)
	}
	return w
}

// step moves one client on.
func (w *world) step(client int) {
	w.at++
	k := w.clients[client]
	switch {
	case k == nil:
		w.clients[client] = w.begin(client % len(w.peers))
	case !k.done:
		k.done = true
		w.do(k)
	default:
		w.answer(k)
		w.clients[client] = nil
	}
}

// begin submits something.
func (w *world) begin(peer int) *task {
	k := &task{peer: peer}
	if w.rng.IntN(2) == 0 {
		k.read = &Read{Session: peer, Call: w.at, Synced: w.rng.IntN(2) == 0, Lists: map[int][]int{}, Registers: map[int]int{}}
		return k
	}
	k.tx = &Tx{ID: w.values + 1, Session: peer, Call: w.at, Return: Never}
	for key := range 2 {
		w.values++
		k.tx.Writes = append(k.tx.Writes, Write{List: true, Key: w.values % (20 + key), New: w.values})
	}
	w.values++
	register := w.rng.IntN(3)
	k.tx.Writes = append(k.tx.Writes, Write{Key: register, Old: w.register(register, w.peers[peer]), New: w.values})
	return k
}

// do does what was submitted.
func (w *world) do(k *task) {
	if k.read != nil {
		w.show(k)
		return
	}
	place := w.place(k, len(w.log))
	w.peers[k.peer] = max(w.peers[k.peer], place)
	swap := k.tx.Writes[2]
	k.tx.T, k.tx.Before = w.t(place), w.t(place)
	if w.register(swap.Key, place) != swap.Old {
		k.tx.Outcome = Refused
		return
	}
	w.commit(k)
}

// place returns where a task is done.
func (w *world) place(k *task, right int) int {
	if w.bug.basis == nil || !w.strikes() {
		return right
	}
	return max(0, w.bug.basis(w, k, right))
}

// commit appends a transaction to the log, and answers later, or perhaps never.
func (w *world) commit(k *task) {
	e := Entry{T: 1000 + 2*int64(len(w.log)), ID: k.tx.ID, Writes: slices.Clone(k.tx.Writes)}
	k.tx.Outcome, k.tx.T = Committed, e.T
	if w.bug.commit != nil && w.strikes() {
		w.bug.commit(w, k.tx, &e)
	}
	w.log = append(w.log, e)
	w.peers[k.peer] = len(w.log)
	if w.rng.IntN(10) == 0 {
		k.tx.Outcome, k.tx.T, k.tx.Before = Unknown, 0, 0
	}
}

// show reads everything, as of where the peer is.
func (w *world) show(k *task) {
	if k.read.Synced || w.rng.IntN(3) == 0 {
		w.peers[k.peer] = len(w.log)
	}
	place := w.place(k, w.peers[k.peer])
	k.read.T = w.t(place)
	for key := range 21 {
		k.read.Lists[key] = w.list(key, place)
	}
	for key := range 3 {
		k.read.Registers[key] = w.register(key, place)
	}
	if w.bug.shown != nil && w.strikes() {
		w.bug.shown(w, k.read, place)
	}
}

// answer tells a client what was done.
func (w *world) answer(k *task) {
	if k.read != nil {
		k.read.Return = w.at
		w.Reads = append(w.Reads, *k.read)
		return
	}
	if w.bug.told != nil && w.strikes() {
		w.bug.told(w, k.tx)
	}
	if k.tx.Return = w.at; k.tx.Outcome == Unknown {
		k.tx.Return = Never
	}
	w.Txs = append(w.Txs, *k.tx)
}

func (w *world) t(place int) int64 {
	if place == 0 {
		return 0
	}
	return w.log[place-1].T
}

func (w *world) register(key, place int) (value int) {
	for _, e := range w.log[:place] {
		for _, write := range e.Writes {
			if !write.List && write.Key == key {
				value = write.New
			}
		}
	}
	return value
}

func (w *world) list(key, place int) (values []int) {
	for _, e := range w.log[:place] {
		for _, write := range e.Writes {
			if write.List && write.Key == key {
				values = append(values, write.New)
			}
		}
	}
	return values
}

// longest returns the key of the longest list that was shown.
func (r *Read) longest() int {
	longest := 0
	for _, key := range slices.Sorted(maps.Keys(r.Lists)) {
		if len(r.Lists[key]) > len(r.Lists[longest]) {
			longest = key
		}
	}
	return longest
}
