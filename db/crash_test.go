package db

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/storage/bolt"
)

// crashFolder tells a child process of TestKilledWriter which folder to write to, and crashName what to call its transactions; without
// a name it only looks.
const (
	crashFolder = "DATOLITE_TEST_CRASH_FOLDER"
	crashName   = "DATOLITE_TEST_CRASH_NAME"
)

func TestMain(m *testing.M) {
	if folder := os.Getenv(crashFolder); folder != "" {
		crash(folder, os.Getenv(crashName))
	}
	os.Exit(m.Run())
}

// crash opens the database in a folder, prints what is in it, and then writes until it is killed, if it has a name for that.
func crash(folder, name string) {
	ctx := context.Background()
	store, err := bolt.Open(ctx, folder)
	if err != nil {
		panic(err)
	}
	conn, err := Open(ctx, store, Options{sizes: index.Sizes{Leaf: 100, Block: 20, Level: 300, Ratio: 3}})
	if err != nil {
		panic(err)
	}
	found, err := wholes(ctx, conn.Snapshot())
	if err != nil {
		panic(err)
	}
	fmt.Println(strings.Join(found, "\n"))
	fmt.Println(crashBegins)
	if name != "" {
		writeForEver(ctx, conn, name)
	}
	os.Exit(0)
}

// crashBegins stands between what a process found and what it wrote.
const crashBegins = "begins"

// writeForEver writes from several goroutines, and prints the name of each transaction after it was acknowledged. What it wrote goes
// into the index all the time.
func writeForEver(ctx context.Context, conn *Conn, name string) {
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
	for {
		if err := conn.Index(ctx); err != nil {
			panic(err)
		}
		time.Sleep(time.Millisecond)
	}
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

// wholes returns the texts of a snapshot. The error tells of one that is not whole, or not counted.
func wholes(ctx context.Context, snap *Snapshot) ([]string, error) {
	facts, counted := map[string]int{}, 0
	for d, err := range snap.Datoms(ctx, EAVT) {
		switch {
		case err != nil:
			return nil, err
		case d.E == counter:
			counted, _ = strconv.Atoi(d.V.Text())
		case d.E.Part() == index.PartUser:
			facts[d.V.Text()]++
		}
	}
	for text, n := range facts {
		if n != wholeSize {
			return nil, fmt.Errorf("%s has %d facts, not %d", text, n, wholeSize)
		}
	}
	if counted != len(facts) {
		return nil, fmt.Errorf("the count is %d after %d transactions", counted, len(facts))
	}
	return slices.Collect(maps.Keys(facts)), nil
}

// TestKilledWriter kills a writing process again and again. The next one finds all that was acknowledged, and nothing partial or
// doubled.
func TestKilledWriter(t *testing.T) {
	cycles := 50
	if testing.Short() {
		cycles = 3
	}
	folder := t.TempDir()
	var acknowledged []string
	for cycle := range cycles {
		found, wrote := writeAndKill(t, folder, fmt.Sprint("cycle", cycle))
		checkFound(t, found, acknowledged)
		acknowledged = append(acknowledged, wrote...)
	}
	found, _ := writeAndKill(t, folder, "")
	checkFound(t, found, acknowledged)
	t.Logf("%d transactions were acknowledged in %d cycles, and %d are there", len(acknowledged), cycles, len(found))
	if len(acknowledged) < cycles {
		t.Error("too few")
	}
}

// checkFound looks for what was acknowledged in what a process found.
func checkFound(t *testing.T, found, acknowledged []string) {
	t.Helper()
	is := map[string]bool{}
	for _, text := range found {
		is[text] = true
	}
	for _, text := range acknowledged {
		if !is[text] {
			t.Fatal(text, "was acknowledged, and is lost")
		}
	}
}

// writeAndKill starts a process, kills it a little after its first transaction, and returns what it found and what it acknowledged.
func writeAndKill(t *testing.T, folder, name string) (found, acknowledged []string) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashFolder+"="+folder, crashName+"="+name)
	var failure strings.Builder
	child.Stderr = &failure
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines, begun := bufio.NewReader(out), false
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // a line that was cut was not acknowledged
		}
		switch line = strings.TrimSpace(line); {
		case line == crashBegins:
			begun = true
		case begun:
			if len(acknowledged) == 0 {
				time.AfterFunc(time.Duration(rand.IntN(30))*time.Millisecond, func() { _ = child.Process.Kill() })
			}
			acknowledged = append(acknowledged, line)
		case line != "":
			found = append(found, line)
		}
	}
	_ = child.Wait()
	if !begun {
		t.Fatal("the process did not open the database: ", failure.String())
	}
	return found, acknowledged
}
