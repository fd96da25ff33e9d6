//go:build unix

package datolite_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/bolt"
	"github.com/datolite/datolite/storage/remote"
	"github.com/datolite/datolite/tx"
)

// The environment of a test binary that is to be a peer of TestPeers.
const (
	peerURL   = "DATOLITE_TEST_PEER_URL"
	peerName  = "DATOLITE_TEST_PEER_NAME"
	peerClock = "DATOLITE_TEST_PEER_CLOCK"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(peerURL); url != "" {
		if err := bePeer(context.Background(), url, os.Getenv(peerName), os.Getenv(peerClock)); err != nil {
			fmt.Println("failed", err)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A Tally counts the visits.
type Tally struct {
	Name string `datom:"tally/name,identity"`
	N    int64  `datom:"tally/n"`
}

// bePeer opens the served database with a clock that is wrong by some time, writes from several goroutines until its standard input
// ends, and prints what became of every transaction, and at last the order in which it saw them all.
func bePeer(ctx context.Context, url, name, wrong string) error {
	offset, err := time.ParseDuration(wrong)
	if err != nil {
		return err
	}
	conn, err := openPeer(ctx, url, db.Options{Clock: func() time.Time { return time.Now().Add(offset) }})
	if err != nil {
		return err
	}
	defer conn.Close()
	writing, stop := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for k := 0; writing.Err() == nil; k++ {
				visit(ctx, conn, fmt.Sprintf("%s-%d-%d", name, i, k))
			}
		})
	}
	all.Wait()
	snap, err := conn.Sync(ctx)
	if err != nil {
		return err
	}
	order, err := orderOf(ctx, conn, snap.T())
	fmt.Println("order", int64(snap.T()), order)
	return err
}

func openPeer(ctx context.Context, url string, o db.Options) (*db.Conn, error) {
	store, err := remote.Open(ctx, url, remote.Options{Token: peerToken, Timeout: time.Second})
	if err != nil {
		return nil, err
	}
	return db.OpenOwned(ctx, store, o)
}

// visit writes one visit, waits a moment for the answer, and prints it.
func visit(ctx context.Context, conn *db.Conn, text string) {
	ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	_, err := tx.Transact(ctx, conn, counted(text))
	switch {
	case err == nil:
		fmt.Println("committed", text)
	case errors.Is(err, db.ErrUnknownOutcome):
		fmt.Println("unknown", text)
	default:
		fmt.Println("refused", text)
	}
}

// counted asserts a visit, and raises the tally.
func counted(text string) tx.Func {
	return func(ctx context.Context, before *db.Snapshot) (tx.Data, error) {
		n, err := query.One[int64](ctx, before, `[:find ?n . :where [?t :tally/name "visits"] [?t :tally/n ?n]]`)
		return tx.All(tx.Structs(Visit{Text: text}), tx.Map{"tally/name": "visits", "tally/n": n + 1}), err
	}
}

// orderOf returns a hash of all transactions up to t: their order, their instants and all their datoms.
func orderOf(ctx context.Context, conn *db.Conn, t db.T) (string, error) {
	h := sha256.New()
	var last time.Time
	for rep, err := range conn.Reports(ctx, 0) {
		switch {
		case err != nil:
			return "", err
		case rep.Instant.Before(last):
			return "", fmt.Errorf("the instant of %v is before that of the transaction before", rep.T)
		}
		last = rep.Instant
		fmt.Fprintln(h, rep.T, rep.Instant.UnixMilli(), rep.Datoms)
		if rep.T >= t {
			break
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// A peer is a process that writes.
type peer struct {
	cmd   *exec.Cmd
	stdin io.Closer
	said  chan []string // all its lines, when it has ended
}

func startPeer(t *testing.T, url, name, clock string) *peer {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), peerURL+"="+url, peerName+"="+name, peerClock+"="+clock)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	p := &peer{cmd, stdin, make(chan []string, 1)}
	go func() {
		var lines []string
		for s := bufio.NewScanner(stdout); s.Scan(); {
			lines = append(lines, s.Text())
		}
		_ = cmd.Wait()
		p.said <- lines
	}()
	return p
}

// serve serves a store at an address until stop is called.
func serve(t *testing.T, store storage.Store, at string) (address string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- remote.Serve(ctx, l, store, remote.ServeOptions{Token: peerToken}) }()
	return l.Addr().String(), sync.OnceFunc(func() {
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestPeers has three processes write to one served folder. They are stopped and resumed, their clocks are an hour apart, and the
// server goes away for a moment: all see one order, nothing that was acknowledged is lost, nothing is doubled.
func TestPeers(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes and stops them for a while")
	}
	ctx := t.Context()
	store, err := bolt.Open(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	address, stop := serve(t, store, "127.0.0.1:0")
	defer func() { stop() }()
	conn := must(db.Open(ctx, store, db.Options{}))(t)
	defer conn.Close()
	must(tx.Transact(ctx, conn, tx.Schema[Visit](), tx.Schema[Tally]()))(t)
	must(tx.Transact(ctx, conn, tx.Map{"tally/name": "visits", "tally/n": 0}))(t)

	var peers []*peer
	for i, clock := range []string{"-1h", "0s", "1h"} {
		peers = append(peers, startPeer(t, "http://"+address, fmt.Sprint(i), clock))
	}
	stopAndResume(peers, 2*time.Second)
	stop()
	time.Sleep(300 * time.Millisecond)
	_, stop = serve(t, store, address)
	stopAndResume(peers, time.Second)
	for _, p := range peers {
		_ = p.stdin.Close()
	}
	said := make([][]string, len(peers))
	for i, p := range peers {
		select {
		case said[i] = <-p.said:
		case <-time.After(30 * time.Second):
			t.Fatalf("peer %d does not end", i)
		}
	}
	checkPeers(ctx, t, conn, said)
}

// stopAndResume stops one process after the other for d in all, now and then for longer than a client waits for an answer.
func stopAndResume(peers []*peer, d time.Duration) {
	until := time.Now().Add(d)
	for i := 0; time.Now().Before(until); i++ {
		time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond)
		p := peers[rand.IntN(len(peers))].cmd.Process
		_ = p.Signal(syscall.SIGSTOP)
		pause := time.Duration(rand.IntN(150)) * time.Millisecond
		if i == 3 {
			pause = 1200 * time.Millisecond
		}
		time.Sleep(pause)
		_ = p.Signal(syscall.SIGCONT)
	}
}

// checkPeers compares what the peers said with the database, and the order that they saw with the order that there is.
func checkPeers(ctx context.Context, t *testing.T, conn *db.Conn, said [][]string) {
	t.Helper()
	snap := must(conn.Sync(ctx))(t)
	there := map[string]int{}
	for _, row := range must(query.All[Visit](ctx, snap, `[:find ?text :with ?v :where [?v :visit/text ?text]]`))(t) {
		there[row.Text]++
	}
	count := map[string]int{}
	for i, lines := range said {
		for _, line := range lines {
			what, text, _ := strings.Cut(line, " ")
			count[what]++
			switch n := there[text]; {
			case what == "committed" && n != 1, what == "unknown" && n > 1, what == "refused" && n != 0:
				t.Errorf("%s is %s, and there %d times", text, what, n)
			case what == "failed":
				t.Errorf("peer %d: %s", i, line)
			case what == "order":
				var at db.T
				var order string
				_, _ = fmt.Sscan(text, &at, &order)
				if want := must(orderOf(ctx, conn, at))(t); order != want {
					t.Errorf("peer %d saw another order up to %v", i, at)
				}
			}
		}
	}
	n := must(query.One[int](ctx, snap, `[:find ?n . :where [?t :tally/name "visits"] [?t :tally/n ?n]]`))(t)
	if n != len(there) || count["order"] != len(said) || count["committed"] < 3*len(said) {
		t.Errorf("the tally is %d, %d visits are there; the peers said %v", n, len(there), count)
	}
	t.Logf("%d visits; the peers said %v", n, count)
}

// TestTheServerSeesWhatItsPeersWrite has a process that serves its folder use the database too: though nobody else can open the folder,
// it is not the only one who writes.
func TestTheServerSeesWhatItsPeersWrite(t *testing.T) {
	ctx := t.Context()
	store := must(bolt.Open(ctx, t.TempDir()))(t)
	defer func() { _ = store.Close() }()
	address, stop := serve(t, store, "127.0.0.1:0")
	defer stop()
	own := must(db.Open(ctx, store, db.Options{}))(t)
	defer func() { _ = own.Close() }()
	must(tx.Transact(ctx, own, tx.Schema[Tally]()))(t)
	peer := must(openPeer(ctx, "http://"+address, db.Options{}))(t)
	defer func() { _ = peer.Close() }()
	for n := range int64(5) {
		must(tx.Transact(ctx, peer, tx.Structs(Tally{Name: "peer", N: n})))(t)
		snap := must(own.Sync(ctx))(t)
		if got := must(query.Pull[Tally](ctx, snap, db.Lookup("tally/name", "peer")))(t); got.N != n {
			t.Fatalf("the server sees %d, and its peer wrote %d", got.N, n)
		}
		must(tx.Transact(ctx, own, tx.Structs(Tally{Name: "own", N: n})))(t)
	}
}
