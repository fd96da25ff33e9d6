package history

import (
	"slices"
	"testing"

	"github.com/datolite/datolite/internal/soak"
)

const steps = 500

// law: what a database shows that has no bug is no violation.
func TestSoundHistory(t *testing.T) {
	soak.Run(t, 20, 200, func(t *testing.T, seed int64) {
		w := newHistory(seed, steps, bug{})
		for _, v := range w.Check() {
			t.Error(v)
		}
		outcomes := map[Outcome]int{}
		for _, tx := range w.Txs {
			outcomes[tx.Outcome]++
		}
		if outcomes[Committed] < 20 || outcomes[Refused] < 5 || len(w.Reads) < 40 {
			t.Errorf("the history has %v and %d reads", outcomes, len(w.Reads))
		}
	})
}

// nobody is a value that nobody writes.
const nobody = 1 << 30

// bugs are what the checker finds, each by its kind.
var bugs = map[string]bug{
	"two peers go their own ways": {kind: Fork, finally: func(w *world) {
		w.Logs[1][20].ID, w.Logs[1][21].ID = w.Logs[1][21].ID, w.Logs[1][20].ID
	}},
	"two peers differ in what a transaction wrote": {kind: Fork, finally: func(w *world) {
		w.Logs[2][20].Writes = w.Logs[2][20].Writes[:1]
	}},
	"a t is below the one before": {kind: Order, odds: 8, commit: func(w *world, tx *Tx, e *Entry) { e.T -= 3; tx.T = e.T }},
	"another t is told":           {kind: Order, odds: 8, told: func(w *world, tx *Tx) { tx.T -= 2 }},
	"a transaction is ordered before one that ended before it began": {kind: Order, finally: backdate},
	"a transaction happens twice": {kind: Doubled, odds: 8, commit: func(w *world, tx *Tx, e *Entry) {
		w.log = append(w.log, *e)
		e.T++
	}},
	"a value is shown twice": {kind: Doubled, odds: 8, shown: func(w *world, r *Read, place int) {
		key := r.longest()
		r.Lists[key] = append(r.Lists[key], r.Lists[key]...)
	}},
	"a list is shown out of order": {kind: Doubled, odds: 8, shown: func(w *world, r *Read, place int) { slices.Reverse(r.Lists[r.longest()]) }},
	"an acknowledged transaction is not there": {kind: Lost, odds: 8, commit: func(w *world, tx *Tx, e *Entry) {
		*e = Entry{T: e.T}
	}},
	"a refused transaction is there": {kind: NotRefused, odds: 8, told: func(w *world, tx *Tx) {
		if tx.Outcome == Committed {
			tx.Outcome = Withdrawn
		}
	}},
	"a transaction writes what it was not told to": {kind: Phantom, odds: 8, commit: func(w *world, tx *Tx, e *Entry) {
		e.Writes = append(e.Writes, Write{List: true, Key: 1, New: nobody})
	}},
	"there is a transaction of nobody": {kind: Phantom, odds: 8, commit: func(w *world, tx *Tx, e *Entry) {
		w.log = append(w.log, Entry{T: e.T, ID: nobody})
		e.T++
		tx.T, tx.Before = e.T, e.T-1
	}},
	"a read shows what nobody wrote": {kind: Phantom, odds: 8, shown: func(w *world, r *Read, place int) { r.Registers[0] = nobody }},
	"a transaction writes in part": {kind: Partial, odds: 8, commit: func(w *world, tx *Tx, e *Entry) {
		e.Writes = e.Writes[1:]
	}},
	"a read shows a part": {kind: Partial, odds: 5, shown: func(w *world, r *Read, place int) {
		key := r.longest()
		r.Lists[key] = r.Lists[key][:max(0, len(r.Lists[key])-1)]
	}},
	"a transaction is made on an older snapshot": {kind: LostUpdate, odds: 5, basis: func(w *world, k *task, place int) int {
		if k.tx == nil {
			return place
		}
		return place - 1
	}},
	"a swap has another value before it": {kind: LostUpdate, odds: 8, commit: func(w *world, tx *Tx, e *Entry) {
		tx.Writes[2].Old = nobody
		e.Writes = tx.Writes
	}},
	"a read shows what was refused": {kind: Dirty, odds: 5, shown: func(w *world, r *Read, place int) {
		for _, tx := range w.Txs {
			if tx.Outcome == Refused {
				r.Lists[tx.Writes[0].Key] = append(r.Lists[tx.Writes[0].Key], tx.Writes[0].New)
			}
		}
	}},
	"a snapshot was never committed": {kind: Dirty, odds: 8, shown: func(w *world, r *Read, place int) { r.T++ }},
	"a refusal rests on what was never committed": {kind: Dirty, odds: 5, told: func(w *world, tx *Tx) {
		if tx.Outcome == Refused {
			tx.T++
		}
	}},
	"a read shows what is later": {kind: Future, odds: 5, shown: func(w *world, r *Read, place int) {
		for key := range r.Lists {
			r.Lists[key] = w.list(key, len(w.log))
		}
	}},
	"a read ends before what it shows was submitted": {kind: Future, finally: func(w *world) {
		r := &w.Reads[len(w.Reads)-1]
		r.Call, r.Return = -2, -1
	}},
	"a read lacks a transaction": {kind: Absent, odds: 5, shown: func(w *world, r *Read, place int) {
		if place == 0 {
			return
		}
		for _, write := range w.log[place-1].Writes {
			if !write.List {
				r.Registers[write.Key] = write.Old
				continue
			}
			r.Lists[write.Key] = slices.DeleteFunc(r.Lists[write.Key], func(v int) bool { return v == write.New })
		}
	}},
	"Sync returns an old snapshot": {kind: Stale, odds: 5, basis: func(w *world, k *task, place int) int {
		if k.read == nil || !k.read.Synced {
			return place
		}
		return place - 4
	}},
	"a session goes back": {kind: BackInTime, odds: 5, basis: func(w *world, k *task, place int) int {
		if k.read == nil || k.read.Synced {
			return place
		}
		return place - 4
	}},
	"a refusal rests on an old snapshot": {kind: StaleRefusal, odds: 1, basis: func(w *world, k *task, place int) int {
		for older := max(0, place-6); k.tx != nil && older < place; older++ {
			if w.register(k.tx.Writes[2].Key, older) != k.tx.Writes[2].Old {
				return older
			}
		}
		return place
	}},
	"a refusal has no cause": {kind: CauselessRefuse, odds: 5, commit: func(w *world, tx *Tx, e *Entry) {
		tx.Outcome, tx.T = Refused, tx.Before
		*e = Entry{T: e.T}
	}},
}

// backdate moves a transaction ten places down in all logs, whose t stay, and has everybody told so.
func backdate(w *world) {
	var moved []Entry
	for i, e := range w.Logs[0] {
		switch {
		case 30 <= i && i < 40:
			e.ID, e.Writes = w.log[i+1].ID, w.log[i+1].Writes
		case i == 40:
			e.ID, e.Writes = w.log[30].ID, w.log[30].Writes
		}
		moved = append(moved, e)
	}
	w.Logs = [][]Entry{moved}
	for i := range w.Txs {
		for j, e := range moved {
			if j > 0 && w.Txs[i].ID == e.ID && w.Txs[i].Outcome == Committed {
				w.Txs[i].T, w.Txs[i].Before = e.T, moved[j-1].T
			}
		}
	}
}

// TestBugsAreFound makes histories with one bug each. Every one of them is found, by its kind.
func TestBugsAreFound(t *testing.T) {
	for name, b := range bugs {
		t.Run(name, func(t *testing.T) {
			found := 0
			for seed := range int64(20) {
				w := newHistory(seed, steps, b)
				if violations := w.Check(); slices.ContainsFunc(violations, func(v Violation) bool { return v.Kind == b.kind }) {
					found++
				} else if w.bugs > 0 {
					t.Logf("seed %d: struck %d times, and what is found is %v", seed, w.bugs, violations)
				}
			}
			if found < 18 {
				t.Errorf("found in %d of 20 histories", found)
			}
		})
	}
}

// TestEveryKindIsTested: there is a bug of every kind.
func TestEveryKindIsTested(t *testing.T) {
	kinds := []Kind{Fork, Order, Doubled, Lost, NotRefused, Phantom, Partial, LostUpdate, Dirty, Future, Absent, Stale, BackInTime,
		StaleRefusal, CauselessRefuse}
	tested := map[Kind]bool{}
	for _, b := range bugs {
		tested[b.kind] = true
	}
	for _, k := range kinds {
		if !tested[k] {
			t.Errorf("no bug is of the kind %q", k)
		}
	}
	if len(tested) != len(kinds) {
		t.Errorf("%d kinds are tested, and %d listed", len(tested), len(kinds))
	}
}

// TestViolationText reads one.
func TestViolationText(t *testing.T) {
	h := History{Txs: []Tx{{ID: 7, Call: 1, Return: 2, Outcome: Committed, T: 1000}}}
	got := h.Check()
	if want := "lost: transaction 7 was acknowledged as t 1000, and is not in the log"; len(got) != 1 || got[0].String() != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
