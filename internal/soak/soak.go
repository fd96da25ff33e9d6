package soak

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

// Run runs f with one seed after the other until a case fails or enough have run: quick cases in a plain go test, floor with -short,
// and in a soak as many as the test's share of time allows. It logs how many cases ran, and the test fails if fewer than floor did.
// A case must depend on nothing but its seed.
func Run(t *testing.T, floor, quick int, f func(t *testing.T, seed int64)) {
	t.Helper()
	RunLeast(t, floor, quick, 0, f)
}

// RunLeast is Run for a test that in a soak runs so many cases at least, however long they take. Their seeds are in a row.
func RunLeast(t *testing.T, floor, quick, least int, f func(t *testing.T, seed int64)) {
	t.Helper()
	p, err := newPlan(os.Getenv, time.Now(), testing.Short(), floor, quick)
	if err != nil {
		t.Fatal(err)
	}
	p.least = least
	p.run(t, func(seed int64) { f(t, seed) })
}

// A plan tells which cases run.
type plan struct {
	first int64 // seed of the first case; the next have the numbers that follow
	floor int
	cases int           // how many run; 0 for as many as time allows
	least int           // how many run in any case, if cases is 0
	time  time.Duration // in which they run, if cases is 0
}

// newPlan reads the environment.
func newPlan(getenv func(string) string, now time.Time, short bool, floor, quick int) (plan, error) {
	p := plan{first: 1, floor: floor, cases: max(floor, quick)}
	if short {
		p.cases = floor
	}
	if text := getenv("DATOLITE_SOAK"); text != "" {
		share, err := shareOf(text, getenv("DATOLITE_SOAK_TESTS"))
		if err != nil {
			return p, err
		}
		p.first = now.Unix() / 86400 * 1_000_000_000
		p.cases, p.time = 0, share
	}
	if text := getenv("DATOLITE_SEED"); text != "" {
		seed, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return p, fmt.Errorf("DATOLITE_SEED: %w", err)
		}
		p = plan{first: seed, floor: 1, cases: 1}
	}
	return p, nil
}

// shareOf returns the time of one test out of those that share the whole.
func shareOf(whole, tests string) (time.Duration, error) {
	d, err := time.ParseDuration(whole)
	if err != nil {
		return 0, fmt.Errorf("DATOLITE_SOAK: %w", err)
	}
	n := 20
	if tests != "" {
		if n, err = strconv.Atoi(tests); err != nil || n < 1 {
			return 0, fmt.Errorf("DATOLITE_SOAK_TESTS: %q is not a number of tests", tests)
		}
	}
	return d / time.Duration(n), nil
}

// A tester is what a plan needs of a *testing.T.
type tester interface {
	Helper()
	Name() string
	Failed() bool
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
}

// run runs the cases of p until one fails.
func (p plan) run(t tester, f func(seed int64)) {
	t.Helper()
	began := time.Now()
	n := 0
	for p.more(n, time.Since(began)) && !t.Failed() {
		one(t, p.first+int64(n), f)
		n++
	}
	t.Logf("soak: %d cases in %v, seeds from %d on", n, time.Since(began).Round(time.Millisecond), p.first)
	if n < p.floor && !t.Failed() {
		t.Errorf("soak: %d cases in %v are too few: the floor is %d", n, p.time, p.floor)
	}
}

func (p plan) more(done int, elapsed time.Duration) bool {
	if p.time > 0 {
		return elapsed < p.time || done < p.least
	}
	return done < p.cases
}

// one runs the case of one seed, and tells how to repeat it if it fails, be it by panic or by ending the test.
func one(t tester, seed int64, f func(seed int64)) {
	t.Helper()
	failed := true
	defer func() {
		if failed || t.Failed() {
			t.Logf("soak: the case of seed %d fails; to repeat it: DATOLITE_SEED=%d go test -run '^%s$' .", seed, seed, t.Name())
		}
	}()
	f(seed)
	failed = false
}
