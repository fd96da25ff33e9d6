package db

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/storagetest"
)

// law: whatever call of the store fails, and however, what callers were told is what a fresh Open finds.
func TestFaults(t *testing.T) {
	modes := storagetest.Modes()
	if testing.Short() {
		modes = modes[:2]
	}
	for _, mode := range modes {
		for _, forever := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v, for ever %v", mode, forever), func(t *testing.T) {
				t.Parallel()
				n := 1
				for withFault(t, storagetest.Fault{Mode: mode, N: n, Forever: forever}) {
					n++
				}
				if n < 10 {
					t.Errorf("only %d calls were met", n-1)
				}
			})
		}
	}
}

// withFault runs the workload on a store with a fault, compares, and reports whether the fault was met.
func withFault(t *testing.T, fault storagetest.Fault) bool {
	t.Helper()
	inner := mem.New()
	store := storagetest.NewFaulty(&unwatched{small{inner}}, fault)
	said := &sync.Map{}
	work(t, store, said)
	work(t, store, said)
	checkSaid(t, &unwatched{small{inner}}, said)
	if t.Failed() {
		t.Fatal("with", fault)
	}
	return store.Hits() > 0
}

// work opens a database and writes to it, one transaction at a time: a few small ones, one that takes several values of the store,
// and one that is refused.
func work(t *testing.T, store storage.Store, said *sync.Map) {
	t.Helper()
	short, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := Open(short, store, Options{})
	if err != nil {
		return
	}
	conn.grace = time.Millisecond
	defer conn.Close()
	long := string(make([]byte, 2500))
	for i, text := range []string{"a", "b" + long, "c"} {
		text := fmt.Sprint(conn.Stats().Seq, i) + text
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		_, err := conn.Commit(ctx, mark(text))
		cancel()
		said.Store(text, err)
		refuse(t, conn)
	}
}

// patience is how long callers wait for a store with a fault.
const patience = 15 * time.Millisecond

// refuse has a transaction refused, or not answered.
func refuse(t *testing.T, conn *Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	no := errors.New("no")
	_, err := conn.Commit(ctx, func(context.Context, *Snapshot) (*Report, error) { return nil, no })
	if err == nil || errors.Is(err, ErrUnknownOutcome) {
		t.Error("a refusal is told as", err)
	}
}
