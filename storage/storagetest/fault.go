package storagetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// A Mode is what happens to a call that a Fault meets.
type Mode int

const (
	Before       Mode = iota // the call fails, and nothing happened
	After                    // the call is made and its answer is lost; of a change (put, create, delete) the outcome is unknown
	Deadline                 // nothing happened, but all that is told is that the time was up; of a change the outcome is unknown
	Timeout                  // the call waits until its context ends, and nothing happened; of a change the outcome is unknown
	TimeoutAfter             // the call is made, and then waits until its context ends; of a change the outcome is unknown
	Stall                    // the call waits for the time of Fault.For, and is then made; if its context ends first it is as in Timeout
	NoSpace                  // Put and Create fail for want of space, and nothing happened
	Corrupt                  // Get returns the value with a bit flipped
	Swapped                  // Get returns the value of another key: the last that went through the Faulty, and if none did, an empty one
	Short                    // Get returns the first half of the value
)

// modes are named and limited here alone: what a mode does not apply to is neither counted nor disturbed by its faults.
var modes = []struct {
	name    string
	applies string // the operations
}{
	Before:       {"error before", "get put create list delete"},
	After:        {"error after", "get put create list delete"},
	Deadline:     {"deadline", "get put create list delete"},
	Timeout:      {"time-out", "get put create list delete"},
	TimeoutAfter: {"time-out after", "get put create list delete"},
	Stall:        {"stall", "get put create list delete"},
	NoSpace:      {"no space", "put create"},
	Corrupt:      {"corrupt value", "get"},
	Swapped:      {"swapped value", "get"},
	Short:        {"short value", "get"},
}

// String returns the mode in words: "error after".
func (m Mode) String() string { return modes[m].name }

// applies reports whether the mode is one for calls of op.
func (m Mode) applies(op string) bool { return slices.Contains(strings.Fields(modes[m].applies), op) }

// spoils reports whether the mode is one in which the call is made and what it returns is wrong.
func (m Mode) spoils() bool { return m == Corrupt || m == Swapped || m == Short }

// Modes returns every mode, for loops that try each.
func Modes() []Mode {
	all := make([]Mode, len(modes))
	for i := range all {
		all[i] = Mode(i)
	}
	return all
}

// A Fault says which calls fail, and how.
type Fault struct {
	Mode    Mode
	Op      string        // get, put, create, list or delete; empty means any
	N       int           // the first call to fail, counted from 1 among those that Op and Mode apply to
	Forever bool          // every later such call fails too
	For     time.Duration // how long a Stall waits
}

// String returns the fault as a test names it: "error after, create 3".
func (f Fault) String() string {
	mode, op, from := f.Mode.String(), f.Op, ""
	if f.Mode == Stall {
		mode += fmt.Sprint(" for ", f.For)
	}
	if op == "" {
		op = "call"
	}
	if f.Forever {
		from = " and later"
	}
	return fmt.Sprintf("%s, %s %d%s", mode, op, f.N, from)
}

// RandomFaults returns n faults that a seed decides, one in eight of them for ever: of every mode, of any operation or of one that
// the mode applies to, at one of the first calls, with stalls of up to most.
func RandomFaults(seed uint64, n, calls int, most time.Duration) []Fault {
	rng := rand.New(rand.NewPCG(seed, 0))
	faults := make([]Fault, n)
	for i := range faults {
		f := &faults[i]
		f.Mode, f.N, f.Forever = Mode(rng.IntN(len(modes))), 1+rng.IntN(calls), rng.IntN(8) == 0
		ops := append(strings.Fields(modes[f.Mode].applies), "")
		f.Op = ops[rng.IntN(len(ops))]
		if wait := time.Duration(rng.Int64N(int64(most) + 1)); f.Mode == Stall {
			f.For = wait
		}
	}
	return faults
}
