package history

import (
	"fmt"
	"math"
)

// A History is what clients observed. Moments are by one clock that never shows the same twice.
type History struct {
	Txs   []Tx
	Reads []Read
	Logs  [][]Entry // as each peer tells it; all begin with the first transaction
}

// A Tx is a transaction as a client submitted it, and what the client was told.
type Tx struct {
	ID      int // by which the log knows it; above 0
	Session int // the peer that it was submitted to
	Call    int // the moment of its submission
	Return  int // the moment of the answer; Never if there was none
	Writes  []Write
	Outcome Outcome
	T       int64 // of a committed one, its t; of a refused one, that of the snapshot that it was refused on
	Before  int64 // of a committed one: the t of the snapshot that it was made on, or Untold
}

// Untold is the Before of a transaction of which the client learned no more than that it happened.
const Untold = -1

// Never is the moment of an answer that did not come.
const Never = math.MaxInt

// An Outcome is what a client knows of its transaction in the end.
type Outcome int

const (
	Unknown   Outcome = iota // nothing
	Committed                // it happened, as T
	Refused                  // it did not, since a register had another value than Old
	Withdrawn                // it did not and never will, for a reason that is not in the data
)

// A Write appends New to a list, or makes New of Old in a register. A register that was never written holds 0.
type Write struct {
	List     bool
	Key      int // of the list or register; each kind has its own keys
	Old, New int // Old is of registers alone
}

// A Read is what a client saw of one snapshot.
type Read struct {
	Session   int
	Call      int
	Return    int
	Synced    bool  // the snapshot is to have everything that was committed anywhere before Call
	T         int64 // of the snapshot
	Lists     map[int][]int
	Registers map[int]int
}

// An Entry is a transaction in the log. One that no client of the history wrote has the ID 0, and no Writes.
type Entry struct {
	T      int64
	ID     int
	Writes []Write // in any order
}

// A Kind is a way in which a history can be wrong.
type Kind string

// The kinds, each with what it says of a Tx, a Read or the log.
const (
	Fork            Kind = "fork"              // two peers tell different logs
	Order           Kind = "wrong order"       // a t is not above the one before, or contradicts the order in which things happened
	Doubled         Kind = "doubled"           // it is in the log twice
	Lost            Kind = "lost"              // it was acknowledged, and is not in the log
	NotRefused      Kind = "not refused"       // it was refused, and is in the log
	Phantom         Kind = "phantom"           // nobody wrote it
	Partial         Kind = "partial"           // it is there in part
	LostUpdate      Kind = "lost update"       // it was made on another state than the one that it follows
	Dirty           Kind = "dirty read"        // what was seen was never committed
	Future          Kind = "future"            // what was seen was not yet committed, or is after the snapshot
	Absent          Kind = "absent"            // what was committed before the snapshot is not in it
	Stale           Kind = "stale read"        // the snapshot lacks what was committed before Sync
	BackInTime      Kind = "back in time"      // the snapshot is older than what the same session knew
	StaleRefusal    Kind = "stale refusal"     // it was refused on a snapshot that was not the newest since it was submitted
	CauselessRefuse Kind = "causeless refusal" // it was refused, and the snapshot gave no cause
)

// A Violation is something in a history that cannot be.
type Violation struct {
	Kind Kind
	Text string
}

// String returns the violation as one line.
func (v Violation) String() string { return fmt.Sprintf("%s: %s", v.Kind, v.Text) }
