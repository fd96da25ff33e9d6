package soak

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for _, p := range pairs {
			if key, value, _ := strings.Cut(p, "="); key == name {
				return value
			}
		}
		return ""
	}
}

func TestPlan(t *testing.T) {
	day := time.Unix(86400*20000+5, 0)
	for _, c := range []struct {
		env   []string
		short bool
		want  plan
	}{
		{nil, false, plan{first: 1, floor: 10, cases: 50}},
		{nil, true, plan{first: 1, floor: 10, cases: 10}},
		{[]string{"DATOLITE_SOAK=8m"}, false, plan{first: 20000e9, floor: 10, time: 24 * time.Second}},
		{[]string{"DATOLITE_SOAK=8m", "DATOLITE_SOAK_TESTS=4"}, true, plan{first: 20000e9, floor: 10, time: 2 * time.Minute}},
		{[]string{"DATOLITE_SOAK=8m", "DATOLITE_SEED=-3"}, false, plan{first: -3, floor: 1, cases: 1}},
	} {
		got, err := newPlan(env(c.env...), day, c.short, 10, 50)
		if err != nil || got != c.want {
			t.Errorf("%v: %+v, %v; want %+v", c.env, got, err, c.want)
		}
	}
	for _, wrong := range []string{"DATOLITE_SOAK=x", "DATOLITE_SEED=x", "DATOLITE_SOAK_TESTS=0"} {
		if _, err := newPlan(env(wrong, "DATOLITE_SOAK=1m"), day, false, 1, 1); err == nil {
			t.Errorf("%s is accepted", wrong)
		}
	}
}

// A fake is a test that records what is logged.
type fake struct {
	failed bool
	log    strings.Builder
}

func (f *fake) Helper()                      {}
func (f *fake) Name() string                 { return "TestX" }
func (f *fake) Failed() bool                 { return f.failed }
func (f *fake) Logf(format string, a ...any) { fmt.Fprintf(&f.log, format+"\n", a...) }
func (f *fake) Errorf(format string, a ...any) {
	f.failed = true
	f.Logf(format, a...)
}

func TestRun(t *testing.T) {
	var f fake
	var seeds []int64
	plan{first: 5, floor: 2, cases: 3}.run(&f, func(seed int64) { seeds = append(seeds, seed) })
	if fmt.Sprint(seeds) != "[5 6 7]" || f.failed {
		t.Errorf("ran %v, %s", seeds, f.log.String())
	}
}

func TestRunLeast(t *testing.T) {
	var f fake
	n := 0
	plan{floor: 1, time: time.Nanosecond, least: 7}.run(&f, func(int64) { n++ })
	if n != 7 || f.failed {
		t.Errorf("%d cases, %s", n, f.log.String())
	}
}

func TestFailureNamesItsSeed(t *testing.T) {
	var f fake
	n := 0
	plan{first: 5, floor: 9, cases: 9}.run(&f, func(seed int64) {
		if n++; seed == 6 {
			f.Errorf("wrong")
		}
	})
	if n != 2 || !strings.Contains(f.log.String(), "DATOLITE_SEED=6 go test -run '^TestX$' .") || strings.Contains(f.log.String(), "too few") {
		t.Errorf("%d cases: %s", n, f.log.String())
	}
}

func TestPanicNamesItsSeed(t *testing.T) {
	var f fake
	defer func() {
		if recover() == nil || !strings.Contains(f.log.String(), "DATOLITE_SEED=5 ") {
			t.Error(f.log.String())
		}
	}()
	plan{first: 5, floor: 1, cases: 1}.run(&f, func(int64) { panic("wrong") })
}

func TestFloor(t *testing.T) {
	var f fake
	plan{floor: 1000, time: time.Millisecond}.run(&f, func(int64) { time.Sleep(2 * time.Millisecond) })
	if !f.failed || !strings.Contains(f.log.String(), "1 cases in 1ms are too few: the floor is 1000") {
		t.Error(f.log.String())
	}
}
