package bolt

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/datolite/datolite/storage"
)

// childVar names the folder in the environment of a test binary that is to be a second process.
const childVar = "DATOLITE_BOLT_CHILD"

// TestMain runs the tests, or is the second process: it opens the store, says where it is in it, and writes until killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childVar); dir != "" {
		fmt.Println(writeForEver(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeForEver creates one key after the other in the store at dir, and prints each when it is acknowledged.
func writeForEver(dir string) error {
	s, err := Open(bg, dir)
	if err != nil {
		return err
	}
	keys, err := s.List(bg, "d1/log/", "", 1<<30)
	if err != nil {
		return err
	}
	fmt.Println("open")
	for i := len(keys); ; i++ {
		key, err := writeOne(s, i)
		if err != nil {
			return err
		}
		fmt.Println(key)
	}
}

// writeOne creates a log key, and at every 20th some segments before it.
func writeOne(s *Store, i int) (string, error) {
	key := fmt.Sprintf("d1/log/%016x", i)
	if i%20 == 0 {
		err := s.Put(bg, storage.Item{Key: segOf(key), Value: valueOf(segOf(key))}, storage.Item{Key: segOf(key) + ".b", Value: make([]byte, 100<<10)})
		if err != nil {
			return "", err
		}
	}
	return key, s.Create(bg, key, valueOf(key))
}

func segOf(key string) string { return strings.Replace(key, "log", "seg", 1) }

func valueOf(key string) []byte { return []byte(strings.Repeat(key, 1+int(key[len(key)-1]-'0'))) }

// A child is a second process at work on a store.
type child struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

// start starts a child on the store at dir, and waits until it holds it.
func start(t *testing.T, dir string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVar+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	c := &child{cmd, bufio.NewScanner(out)}
	if !c.lines.Scan() || c.lines.Text() != "open" {
		t.Fatalf("the child says %q", c.lines.Text())
	}
	return c
}

// kill kills the child d after its first acknowledgement, and returns all keys that it said were acknowledged.
func (c *child) kill(d time.Duration) (acknowledged []string) {
	for c.lines.Scan() {
		if len(acknowledged) == 0 {
			time.AfterFunc(d, func() { _ = c.cmd.Process.Kill() })
		}
		if key := c.lines.Text(); len(key) == len("d1/log/")+16 { // the last line may be cut
			acknowledged = append(acknowledged, key)
		}
	}
	_ = c.cmd.Wait()
	return acknowledged
}

func TestSecondProcessIsTurnedAway(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := start(t, dir)
	began := time.Now()
	_, err := Open(bg, dir)
	took := time.Since(began)
	c.kill(0)
	const want = "bolt: people is locked by another process (gave up after 2s); a bbolt store serves one process: see storage/remote"
	if err == nil || strings.ReplaceAll(err.Error(), dir, "people") != want || !errors.Is(err, storage.ErrLocked) {
		t.Errorf("Open = %v\nwant %s", err, want)
	}
	if took < patience || took > patience+10*time.Second {
		t.Errorf("Open took %v", took)
	}
}

// TestNothingAcknowledgedIsLost kills a writing process again and again, and looks for all that it said was stored.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	t.Parallel()
	cycles := 10
	if testing.Short() {
		cycles = 2
	}
	dir := t.TempDir()
	var acknowledged []string
	for i := 0; i < cycles || len(acknowledged) == 0; i++ { // on a busy machine the first may come late
		if i == 50 {
			t.Fatal("nothing was acknowledged")
		}
		keys := start(t, dir).kill(time.Duration(20+i*17%60+10*max(0, i-cycles)) * time.Millisecond)
		acknowledged = append(acknowledged, keys...)
		s := open(t, dir)
		intact(t, s, acknowledged)
		check(t, s.Close())
	}
	t.Logf("%d cycles, %d creates acknowledged, none lost", cycles, len(acknowledged))
}

// intact checks that all acknowledged keys are in s, and that every key that is there is whole, with the segments it rests on.
func intact(t *testing.T, s *Store, acknowledged []string) {
	t.Helper()
	for _, key := range acknowledged {
		if _, err := s.Get(bg, key); err != nil {
			t.Errorf("acknowledged: %v", err)
		}
	}
	there, err := s.List(bg, "d1/log/", "", 1<<30)
	check(t, err)
	for i, key := range there {
		if value, err := s.Get(bg, key); err != nil || string(value) != string(valueOf(key)) {
			t.Errorf("%s is not whole: %q, %v", key, value, err)
		}
		if i%20 == 0 {
			if value, err := s.Get(bg, segOf(key)); err != nil || string(value) != string(valueOf(segOf(key))) {
				t.Errorf("%s is not whole: %q, %v", segOf(key), value, err)
			}
		}
	}
}
