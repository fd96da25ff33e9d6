package db

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestAPacerGivesWay: who works beside a writer rests four times as long as it worked, and who works alone does not rest.
func TestAPacerGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Conn{}
		wrote := func(seq int) { c.head.Store(&head{seq: seq}) }
		p := pacer{conn: c}
		rested := func(work time.Duration) time.Duration {
			t.Helper()
			time.Sleep(work)
			began := time.Now()
			if err := p.pause(t.Context()); err != nil {
				t.Fatal(err)
			}
			return time.Since(began)
		}
		wrote(1)
		rested(0)
		for i, step := range []struct{ work, rest time.Duration }{{time.Millisecond / 2, 0}, {time.Millisecond / 2, 4 * time.Millisecond},
			{5 * time.Millisecond, 20 * time.Millisecond}, {time.Minute, 50 * time.Millisecond}} {
			wrote(i + 2)
			if got := rested(step.work); got != step.rest {
				t.Errorf("after %s of work it rests %s", step.work, got)
			}
		}
		rested(time.Second)
		if got := rested(10 * time.Millisecond); got != 0 {
			t.Errorf("alone it rests %s", got)
		}
		ended, stop := context.WithCancel(t.Context())
		stop()
		if err := p.pause(ended); err != context.Canceled {
			t.Error(err)
		}
	})
}
