package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
)

// An act is what a process does while others do something too. It has at most six steps: each is a call of the store that others can
// notice, or that notices what others do, with all calls behind it that commute with theirs, or lead to nothing else if they come
// later.
type act struct {
	name    string
	steps   []string // the kinds of calls with which the second step and those behind it begin, in their sequence
	reads   bool     // it writes nothing
	ignores bool     // that the database was dropped
	do      func(p *protocol, conn *Conn, held *Snapshot) error
}

// everyCall is in the place of the steps where each call is one.
var everyCall = []string{"every call"}

// begins reports whether a step begins with a call. The creation of a slot does too where the race for one was lost before.
func (a *act) begins(c *call) bool {
	switch {
	case len(a.steps) > 0 && a.steps[0] == everyCall[0]:
		return true
	case len(a.steps) > 0 && a.steps[0] == c.kind:
		a.steps = a.steps[1:]
		return true
	}
	return c.kind == "create log" && !slices.Contains(a.steps, "put seg") && !slices.Contains(a.steps, "delete meta")
}

// unlooked returns the steps of an act where to create a slot and to look at the mark of a trim is one.
func unlooked(steps []string) (out []string) {
	for i, s := range steps {
		if s != "get trim" || i > 0 && (steps[i-1] == "get log" || steps[i-1] == "put log") {
			out = append(out, s)
		}
	}
	return out
}

func steps(text string) []string { return strings.Split(text, ", ") }

// acts are what the protocols are about.
var acts = []act{
	{"commit", steps("get trim, create log, get trim, create log, get trim"), false, false, func(p *protocol, conn *Conn, _ *Snapshot) error {
		return cmp.Or(p.commit(conn), p.commit(conn), p.commit(conn))
	}},
	{"index", steps("put seg, create log, create root, create trim, delete log"), false, false, func(p *protocol, conn *Conn, _ *Snapshot) error {
		return conn.Index(p.t.Context())
	}},
	{"commit, index and trim", steps("put seg, create log, create root, create trim, delete log"), false, false, func(p *protocol, conn *Conn, _ *Snapshot) error {
		return cmp.Or(p.commit(conn), p.commit(conn), p.commit(conn), conn.Index(p.t.Context()))
	}},
	{"collect", steps("create log, get seg, list seg, delete seg, delete root"), false, false, func(p *protocol, conn *Conn, _ *Snapshot) error {
		return p.collect(conn)
	}},
	{"index and collect", steps("put seg, create log, create log, delete seg, delete root"), false, false, func(p *protocol, conn *Conn, _ *Snapshot) error {
		return cmp.Or(p.commit(conn), conn.Index(p.t.Context()), p.collect(conn))
	}},
	{"shorten", steps("get root, get log, get seg, put log, get trim"), false, true, func(p *protocol, conn *Conn, _ *Snapshot) error {
		return p.shorten(conn)
	}},
	{"index and shorten", steps("put seg, create log, create root, put log, get trim"), false, false, func(p *protocol, conn *Conn, _ *Snapshot) error {
		return cmp.Or(p.commit(conn), conn.Index(p.t.Context()), p.shorten(conn))
	}},
	{"back up", steps("create log, list root, get seg, get log, create log"), false, false, func(p *protocol, conn *Conn, _ *Snapshot) error {
		return p.backUp(conn)
	}},
	{"follow", steps("get trim, get log, get trim, get log, get trim"), true, false, func(p *protocol, conn *Conn, _ *Snapshot) error {
		for range 3 {
			if _, err := conn.Sync(p.t.Context()); err != nil {
				return err
			}
		}
		return nil
	}},
	{"read", steps("get seg, get seg, get seg"), true, true, func(p *protocol, _ *Conn, held *Snapshot) error {
		got, err := readHistory(p.t.Context(), held)
		if err != nil && !errors.Is(err, ErrExpired) {
			return err
		}
		if err == nil && got != heldEvents {
			return fmt.Errorf("a snapshot has %d events, and had %d", got, heldEvents)
		}
		return nil
	}},
	{"open", steps("list root, get root, get seg, get log, get trim"), true, true, func(p *protocol, conn *Conn, _ *Snapshot) error {
		again, err := Open(p.t.Context(), conn.log.store, conn.o)
		if err == nil {
			_ = again.Close()
		}
		return err
	}},
}

// deleteAll deletes the database, which was dropped.
var deleteAll = act{"delete", steps("delete meta, create trim, delete root, delete log"), false, true, func(p *protocol, conn *Conn, _ *Snapshot) error {
	return p.clear(conn.log.store)
}}

// commit commits a text that nobody else does.
func (p *protocol) commit(conn *Conn) error {
	text := fmt.Sprint("text ", p.texts.Add(1))
	_, err := conn.Commit(p.t.Context(), mark(text))
	if err == nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.committed[text] = true
	}
	return err
}

func (p *protocol) collect(conn *Conn) error {
	_, err := conn.Collect(p.t.Context(), CollectOptions{})
	return err
}

// shorten shortens slots, unless another index takes the place of the newest meanwhile and that is thrown away.
func (p *protocol) shorten(conn *Conn) error {
	ctx := p.t.Context()
	r, err := conn.log.newestRoot(ctx)
	if err != nil {
		return err
	}
	short, err := newShortening(ctx, conn.log, r, func(context.Context) error { return nil })
	if errors.Is(err, errNoSegment) {
		return nil
	}
	return cmp.Or(err, short.put(ctx))
}

// backUp backs up to another store, and proves that all is there.
func (p *protocol) backUp(conn *Conn) error {
	ctx, to := p.t.Context(), newPlainStore()
	b, err := conn.Backup(ctx, to, nil)
	if err != nil {
		return err
	}
	for v, err := range VerifyBackup(ctx, to, b) {
		if err != nil {
			return fmt.Errorf("the backup: %w, %+v", err, v)
		}
	}
	return nil
}

// copyAll reads all that a root leads to.
func (p *protocol) copyAll(conn *Conn, r *root) error {
	ctx := p.t.Context()
	for x, err := range conn.log.reach(ctx, r, nil) {
		if err == nil {
			_, err = segments{conn.log, nil}.Load(ctx, x.name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readHistory returns how many events a snapshot shows.
func readHistory(ctx context.Context, snap *Snapshot) (n int, err error) {
	for _, err := range snap.History().Datoms(ctx, EAVT) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// What every protocol begins with: two indexes, of which the first is superseded, with some of the log trimmed and some of it not.
var (
	inTheStore *plainStore
	heldEvents int
	begun      sync.Once
)

// protocolOptions are those of every process.
func protocolOptions() Options {
	return Options{sizes: index.Sizes{Leaf: 100, Block: 50}, log: smallLog, Cache: 1, apart: true, Memory: 1 << 30,
		Clock: func() time.Time { return epoch }}
}

func begin(t testing.TB) {
	store := mem.New()
	conn := openConn(t, store, protocolOptions())
	for i := range 11 {
		commit(t, conn, mark("x"))
		if i == 3 || i == 8 {
			if err := conn.Index(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	heldEvents, _ = readHistory(t.Context(), conn.Snapshot())
	var items []storage.Item
	for _, prefix := range []string{"name/", conn.log.dbid + "/"} {
		keys, _ := store.List(t.Context(), prefix, "", 1<<20)
		for _, key := range keys {
			value, _ := store.Get(t.Context(), key)
			items = append(items, storage.Item{Key: key, Value: value})
		}
	}
	for _, client := range []storage.Store{&participant{}, guardedParticipant{}} {
		items = append(items, storage.Item{Key: clientKey(client, conn.log.dbid)})
	}
	inTheStore = newPlainStore(items...)
}
