package db

import (
	"cmp"
	"math/bits"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/datolite/datolite/internal/soak"
)

// shuffles returns all ways to shuffle so many steps of a first process with so many of a second one: a bit for each step, which tells
// whose it is.
func shuffles(first, second int) (all []uint32) {
	for order := range uint32(1) << (first + second) {
		if bits.OnesCount32(order) == second {
			all = append(all, order)
		}
	}
	return all
}

// shuffled returns the schedule of so many steps that a shuffle says. Those behind them, which come of lost races, are in turns.
func shuffled(order uint32, n int) func(ready []int) int {
	i := -1
	return func(ready []int) int {
		i++
		whose := int(order >> i & 1)
		if i >= n {
			whose = i & 1
		}
		if !slices.Contains(ready, whose) {
			return ready[0]
		}
		return whose
	}
}

// alone returns the kinds of calls in each step of an act if nobody else does anything.
func (a act) alone(t *testing.T, guarded bool) [][]string {
	over := encounter{acts: []act{a}, guarded: guarded, dropped: a.name == deleteAll.name}.playOut(t, func([]int) int { return 0 })
	if len(over.failures) > 0 {
		t.Fatalf("%s: %s", a.name, strings.Join(over.failures, "\n"))
	}
	if n := len(over.made); n > 6 || !guarded && n != 1+len(a.steps) {
		t.Fatalf("%s has %d steps: %q", a.name, n, over.made)
	}
	return over.made
}

// independent reports whether two steps lead to the same in either sequence: no key is touched by both, unless both read it. Who asks for a
// slot, or looks for one, may find that it was trimmed, and then reads from the newest root.
func independent(a, b []string) bool {
	for _, x := range rebasing(a) {
		for _, y := range rebasing(b) {
			op, key, _ := strings.Cut(x, " ")
			otherOp, otherKey, _ := strings.Cut(y, " ")
			reads, otherReads := op == "get" || op == "list", otherOp == "get" || otherOp == "list"
			switch {
			case key != otherKey || reads && otherReads:
			case key == "seg" && (op == "put" && otherOp != "list" || otherOp == "put" && op != "list"): // a name that nobody knows
			default:
				return false
			}
		}
	}
	return true
}

func rebasing(calls []string) []string {
	for _, c := range calls {
		if strings.HasSuffix(c, " log") || strings.HasSuffix(c, " trim") {
			return append([]string{"get log", "get trim", "get meta", "list root", "get root", "get seg"}, calls...)
		}
	}
	return calls
}

// leasts returns, of all shuffles that lead to the same, the least: in none of its places two steps can be swapped that begin with one of
// the second process.
func leasts(first, second [][]string) (all int, some []uint32) {
	free := make([][]bool, len(first))
	for i, a := range first {
		for _, b := range second {
			free[i] = append(free[i], independent(a, b))
		}
	}
	orders := shuffles(len(first), len(second))
	for _, order := range orders {
		least := true
		for k, i, j := 0, 0, 0; k < len(first)+len(second)-1; k++ {
			if order>>k&1 == 0 {
				i++
				continue
			}
			least = least && (order>>(k+1)&1 == 1 || !free[i][j])
			j++
		}
		if least {
			some = append(some, order)
		}
	}
	return len(orders), some
}

// An interleaving is one sequence in which two do their steps.
type interleaving struct {
	encounter
	order uint32
	steps int
}

// interleavings returns, for every two acts, a sequence of their steps for each thing that they can lead to; and how many sequences there
// are. Each act also meets who deletes the database, which was dropped. A store that is guarded makes a difference only to those who have a step
// less there.
func interleavings(t *testing.T) (some []interleaving, all int) {
	for _, guarded := range []bool{false, true} {
		met := append(slices.Clone(acts), deleteAll)
		made, same := make([][][]string, len(met)), make([]bool, len(met))
		for i, a := range met {
			made[i] = a.alone(t, guarded)
			same[i] = guarded && len(made[i]) == 1+len(a.steps)
		}
		for i, a := range met {
			for j, b := range met[i:] {
				if same[i] && same[i+j] {
					continue
				}
				n, orders := leasts(made[i], made[i+j])
				all += n
				e := encounter{acts: []act{a, b}, guarded: guarded, dropped: b.name == deleteAll.name}
				for _, order := range orders {
					some = append(some, interleaving{e, order, len(made[i]) + len(made[i+j])})
				}
			}
		}
	}
	return some, all
}

// law: every two processes may do what they do beside each other, in every sequence of their steps. A tenth of those in go test, all in a soak.
func TestEveryTwoMeet(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(800))
	some, all := interleavings(t)
	t.Logf("%d interleavings stand for %d", len(some), all)
	soak.RunLeast(t, len(some)/200, len(some)/10, len(some), func(t *testing.T, seed int64) {
		const stride = 1_000_003 // is prime: so many in a row are all
		x := some[seed%int64(len(some))*stride%int64(len(some))]
		over := x.playOut(t, shuffled(x.order, x.steps))
		if len(over.failures) > 0 {
			t.Fatalf("%s: %v: %s", x, over.order, strings.Join(over.failures, "\n"))
		}
	})
}

// TestWhatFailedOnce repeats the interleavings that went wrong some time.
func TestWhatFailedOnce(t *testing.T) {
	for _, c := range []struct {
		one, other string
		order      []int
	}{
		{"index and collect", "open", []int{1, 1, 0, 0, 0, 0, 0, 0, 1}},    // the newest root is collected between the list of roots and its Get
		{"index", "index and collect", []int{1, 1, 1, 1, 1, 1, 0}},         // the base of a job is collected
		{"collect", "index and collect", []int{0, 0, 1, 1, 1, 1, 1, 1, 0}}, // another index takes the place of the one that is marked, and shares segments with it
	} {
		i := -1
		over := encounter{acts: []act{theAct(c.one), theAct(c.other)}}.playOut(t, func(ready []int) int {
			if i++; i < len(c.order) && slices.Contains(ready, c.order[i]) {
				return c.order[i]
			}
			return ready[0]
		})
		if len(over.failures) > 0 {
			t.Errorf("%s, %s: %s", c.one, c.other, strings.Join(over.failures, "\n"))
		}
	}
}

// TestIndexGoesOnFromTheNewest has a process index which does not know yet that the index it would go on from was superseded and thrown away.
func TestIndexGoesOnFromTheNewest(t *testing.T) {
	supersede := act{"supersede", nil, false, false, func(p *protocol, conn *Conn, _ *Snapshot) error {
		return cmp.Or(p.collect(conn), p.commit(conn), conn.Index(p.t.Context()))
	}}
	collect := act{"collect", nil, false, false, func(p *protocol, conn *Conn, _ *Snapshot) error {
		_, err := conn.Sync(p.t.Context())
		return cmp.Or(err, p.collect(conn))
	}}
	e := encounter{acts: []act{theAct("index"), collect, supersede}, single: true}
	if over := e.playOut(t, slices.Max[[]int]); len(over.failures) > 0 {
		t.Fatal(strings.Join(over.failures, "\n"))
	}
}

// law: so may three or four, whose every call is a step, and some of whom stall for long.
func TestManyMeet(t *testing.T) {
	soak.RunLeast(t, 10, 200, 10_000, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 11))
		e := encounter{guarded: rng.IntN(2) == 0, single: true}
		for range 3 + rng.IntN(2) {
			e.acts = append(e.acts, acts[rng.IntN(len(acts))])
		}
		if e.dropped = rng.IntN(6) == 0; e.dropped {
			e.acts[0] = deleteAll
		}
		last, stay := 0, rng.IntN(30)
		over := e.playOut(t, func(ready []int) int {
			if !slices.Contains(ready, last) || rng.IntN(1+stay) == 0 {
				last = ready[rng.IntN(len(ready))]
			}
			return last
		})
		if len(over.failures) > 0 {
			t.Fatalf("%s: %s", e, strings.Join(over.failures, "\n"))
		}
	})
}
