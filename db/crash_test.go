package db

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/storage/bolt"
)

// crashFolder tells a child process of TestKilledWriter which folder to write to, and crashName what to call its transactions.
const (
	crashFolder = "DATOLITE_TEST_CRASH_FOLDER"
	crashName   = "DATOLITE_TEST_CRASH_NAME"
)

func TestMain(m *testing.M) {
	if folder := os.Getenv(crashFolder); folder != "" {
		writeForEver(folder, os.Getenv(crashName))
	}
	os.Exit(m.Run())
}

// writeForEver writes to the database in a folder from several goroutines, and prints the name of each transaction after it was
// acknowledged.
func writeForEver(folder, name string) {
	ctx := context.Background()
	store, err := bolt.Open(ctx, folder)
	if err != nil {
		panic(err)
	}
	conn, err := Open(ctx, store, Options{})
	if err != nil {
		panic(err)
	}
	var mu sync.Mutex
	for i := range 8 {
		go func() {
			for k := 0; ; k++ {
				text := fmt.Sprintf("%s-%d-%d", name, i, k)
				if _, err := conn.Commit(ctx, whole(text)); err != nil {
					panic(err)
				}
				mu.Lock()
				fmt.Println(text)
				mu.Unlock()
			}
		}()
	}
	select {}
}

// wholeSize is how many facts a transaction of the test has.
const wholeSize = 5

// whole asserts so many facts with one text, and raises the count.
func whole(text string) Eval {
	return func(ctx context.Context, before *Snapshot) (*Report, error) {
		counted, err := raise(ctx, before)
		if err != nil {
			return nil, err
		}
		c := counted.commit
		c.NextT = c.T + 2
		v, err := index.String(text)
		for i := range wholeSize {
			c.Facts = append(c.Facts, index.Fact{E: index.NewID(index.PartUser, c.T+1), A: attrDoc + ID(i), V: v, Tx: index.TxID(c.T)})
		}
		if err != nil {
			return nil, err
		}
		return before.Apply(c)
	}
}

// TestKilledWriter kills a writing process ten times: nothing that it acknowledged is lost, nothing is partial, nothing is doubled.
func TestKilledWriter(t *testing.T) {
	cycles := 10
	if testing.Short() {
		cycles = 2
	}
	folder := t.TempDir()
	var acknowledged []string
	for cycle := range cycles {
		acknowledged = append(acknowledged, writeAndKill(t, folder, fmt.Sprint(cycle))...)
		checkCrashed(t, folder, acknowledged)
	}
	t.Log(len(acknowledged), "transactions were acknowledged in", cycles, "cycles")
	if len(acknowledged) < cycles {
		t.Error("too few")
	}
}

// writeAndKill lets a process write for a while, kills it, and returns what it acknowledged.
func writeAndKill(t *testing.T, folder, name string) []string {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashFolder+"="+folder, crashName+"="+name)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var acknowledged []string
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // a line that was cut was not acknowledged
		}
		if len(acknowledged) == 0 {
			time.AfterFunc(time.Duration(rand.IntN(150))*time.Millisecond, func() { _ = child.Process.Kill() })
		}
		acknowledged = append(acknowledged, strings.TrimSpace(line))
	}
	_ = child.Wait()
	return acknowledged
}

// checkCrashed opens the database of a killed process.
func checkCrashed(t *testing.T, folder string, acknowledged []string) {
	t.Helper()
	ctx := context.Background()
	store, err := bolt.Open(ctx, folder)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := OpenOwned(ctx, store, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	facts := map[string]int{}
	for _, d := range collect(t, conn.Snapshot(), EAVT) {
		if d.E.Part() == index.PartUser && d.E != counter {
			facts[d.V.Text()]++
		}
	}
	for _, text := range acknowledged {
		if facts[text] == 0 {
			t.Fatal(text, "was acknowledged, and is lost")
		}
	}
	for text, n := range facts {
		if n != wholeSize {
			t.Errorf("%s has %d facts, not %d", text, n, wholeSize)
		}
	}
	if n := countOf(t, conn.Snapshot()); n != len(facts) {
		t.Errorf("count is %d after %d transactions", n, len(facts))
	}
}
