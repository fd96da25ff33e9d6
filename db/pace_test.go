package db

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/datolite/datolite/storage/mem"
)

// commitNow is a transaction that takes no time.
func (t *traffic) commitNow() {
	t.enter()
	t.leave()
}

// TestAPacerGivesWay: who works beside a writer rests four times as long as it worked, and who works alone does not rest.
func TestAPacerGivesWay(t *testing.T) {
	for name, commit := range map[string]func(c *Conn){
		"here":      func(c *Conn) { c.traffic.commitNow() },
		"elsewhere": func(c *Conn) { c.head.Store(&head{seq: c.head.Load().seq + 1}) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &Conn{}
				c.head.Store(&head{seq: 1})
				p := pacer{conn: c}
				rested := func(work time.Duration, commit func(*Conn)) time.Duration {
					t.Helper()
					time.Sleep(work)
					commit(c)
					began := time.Now()
					if err := p.pause(t.Context()); err != nil {
						t.Fatal(err)
					}
					return time.Since(began)
				}
				nobody := func(*Conn) {}
				rested(0, nobody)
				for _, step := range []struct{ work, rest time.Duration }{{paceWork / 2, 0}, {paceWork / 2, time.Millisecond},
					{5 * time.Millisecond, 20 * time.Millisecond}, {time.Minute, 50 * time.Millisecond}} {
					if got := rested(step.work, commit); got != step.rest {
						t.Errorf("after %s of work it rests %s", step.work, got)
					}
				}
				rested(time.Second, nobody)
				if got := rested(10*time.Millisecond, nobody); got != 0 {
					t.Errorf("alone it rests %s", got)
				}
				ended, stop := context.WithCancel(t.Context())
				stop()
				if err := p.pause(ended); err != context.Canceled {
					t.Error(err)
				}
			})
		})
	}
}

// TestAPacerWaitsForTransactions: no work and no put begins while a transaction is under way, unless there always is one.
func TestAPacerWaitsForTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Conn{}
		c.head.Store(&head{})
		p := pacer{conn: c, since: time.Now()}
		lasts := func(d time.Duration) {
			c.traffic.enter()
			go func() {
				time.Sleep(d)
				c.traffic.leave()
			}()
		}
		for _, step := range []struct{ lasts, waits time.Duration }{{time.Millisecond / 2, time.Millisecond},
			{3 * time.Millisecond, 3 * time.Millisecond}, {time.Second, time.Millisecond + paceWait}} {
			time.Sleep(paceWork)
			began := time.Now()
			lasts(step.lasts)
			if err := p.pause(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := time.Since(began); got != step.waits {
				t.Errorf("beside a transaction of %s it waits %s", step.lasts, got)
			}
		}
		time.Sleep(2 * time.Second)
		began := time.Now()
		lasts(time.Millisecond)
		_ = p.put(t.Context(), func() error {
			if got := time.Since(began); got != time.Millisecond {
				t.Errorf("it puts after %s", got)
			}
			return nil
		})
	})
}

// TestAPacerPutsSeldom: behind a put it rests for long, if somebody commits.
func TestAPacerPutsSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Conn{}
		c.head.Store(&head{})
		p := pacer{conn: c}
		rested := func(work time.Duration) time.Duration {
			var ended time.Time
			_ = p.put(t.Context(), func() error {
				time.Sleep(work)
				ended = time.Now()
				return nil
			})
			return time.Since(ended)
		}
		if got := rested(5 * time.Millisecond); got != 0 {
			t.Errorf("alone it rests %s", got)
		}
		c.traffic.commitNow()
		if got := rested(time.Millisecond); got != 16*time.Millisecond {
			t.Errorf("it rests %s", got)
		}
		if got := rested(5 * time.Millisecond); got != mostRest {
			t.Errorf("behind a slow one it rests %s", got)
		}
		failure := errors.New("failure")
		c.traffic.commitNow()
		if err := p.put(t.Context(), func() error { return failure }); err != failure {
			t.Error(err)
		}
	})
}

// TestAPacedReadingReadsNothingAhead: records come in their order, one stretch is read at a time while somebody commits, and several when nobody
// does any more.
func TestAPacedReadingReadsNothingAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Conn{}
		c.head.Store(&head{})
		writes, reads, most := true, make(chan int, 1), 0
		reads <- 0
		change := func(by int) {
			n := <-reads + by
			most = max(most, n)
			reads <- n
		}
		read := func(_ context.Context, from, to, _ int) ([]int, error) {
			change(1)
			time.Sleep(time.Millisecond)
			change(-1)
			return []int{from, min(from+1, to)}[:min(2, to-from+1)], nil
		}
		c.traffic.commitNow()
		var got []int
		for n, err := range stretches(t.Context(), nil, 1, 1001, reading{replayBytes, &pacer{conn: c}}, read) {
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, n); writes {
				c.traffic.commitNow()
			}
			if n == 301 {
				if most != 1 {
					t.Errorf("it reads %d stretches at once beside a writer", most)
				}
				writes = false
			}
		}
		if most != aheadStretches {
			t.Errorf("alone it reads %d stretches at once", most)
		}
		if len(got) != 1001 || !slices.IsSorted(got) {
			t.Error(len(got), got)
		}
	})
}

// TestTransactionsAreTraffic: a transaction counts from when it is asked for until it is answered.
func TestTransactionsAreTraffic(t *testing.T) {
	conn, err := OpenOwned(t.Context(), mem.New(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	failure := errors.New("failure")
	_, err = conn.Commit(t.Context(), func(context.Context, *Snapshot) (*Report, error) {
		if got := conn.traffic.since(time.Now()); got != 0 {
			t.Errorf("under way, the last one was %s ago", got)
		}
		return nil, failure
	})
	if err != failure {
		t.Fatal(err)
	}
	time.Sleep(time.Millisecond)
	if got := conn.traffic.since(time.Now()); got < time.Millisecond || got > time.Minute {
		t.Errorf("the last one was %s ago", got)
	}
}
