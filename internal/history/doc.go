// Package history judges what the clients of a database were told and shown.
//
// A History is everything that was observed while several clients, on several peers, wrote and read at once: each Tx with when it
// was submitted, when it was answered and what the answer was; each Read with its basis and what it saw; and the log, as each peer
// tells it in the end. The clients append to lists and swap the values of registers. Every value is written by one transaction
// only, so what is seen tells who wrote it.
//
//	for _, v := range h.Check() {
//		t.Error(v)
//	}
//
// Check finds what cannot be if transactions are strictly serial in the order of their t, as in Elle (Kingsbury and Alvaro, 2020),
// which finds cycles of dependencies. Here the order of versions need not be inferred, since t is it; so the time is linear in the
// size of the history, but for sorting its moments.
package history
