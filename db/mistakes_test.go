package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/datolite/datolite/storage"
)

// Some processes make mistakes: each breaks one rule of the protocol. Those that lie in what is asked of the store are stores.

// A looksEarly process looks at the mark of a trim before it creates a slot, and not after.
type looksEarly struct {
	*participant
	looked atomic.Bool
}

func (m *looksEarly) Create(ctx context.Context, key string, value []byte) error {
	if kindOf(key) == "log" {
		var seq uint64
		_, _ = fmt.Sscanf(key[strings.LastIndexByte(key, '/')+1:], "%x", &seq)
		_, err := m.Get(ctx, strings.Split(key, "/")[0]+"/trim/"+hex16(seq/uint64(smallLog.epoch)))
		m.looked.Store(errors.Is(err, storage.ErrNotFound))
	}
	return m.participant.Create(ctx, key, value)
}

func (m *looksEarly) Get(ctx context.Context, key string) ([]byte, error) {
	if kindOf(key) == "trim" && m.looked.Swap(false) {
		return nil, storage.ErrNotFound
	}
	return m.participant.Get(ctx, key)
}

// A neverLooks process does not look at the mark of a trim: where others do after they created a slot, or after they read one.
type neverLooks struct {
	*participant
	created bool // what it does not look after
	last    atomic.Bool
}

func (m *neverLooks) Create(ctx context.Context, key string, value []byte) error {
	m.last.Store(kindOf(key) == "log")
	return m.participant.Create(ctx, key, value)
}

func (m *neverLooks) Get(ctx context.Context, key string) ([]byte, error) {
	if kindOf(key) == "trim" && m.last.Swap(false) == m.created {
		return nil, storage.ErrNotFound
	}
	return m.participant.Get(ctx, key)
}

// A late process creates some key only after it deleted others, or put some: until then it alone sees it.
type late struct {
	*participant
	what  func(key string, value []byte) bool
	until string // the kind of keys
	mine  []storage.Item
}

func (m *late) Create(ctx context.Context, key string, value []byte) error {
	if m.what(key, value) {
		m.mine = append(m.mine, storage.Item{Key: key, Value: value})
		return nil
	}
	return m.participant.Create(ctx, key, value)
}

func (m *late) Get(ctx context.Context, key string) ([]byte, error) {
	for _, item := range m.mine {
		if item.Key == key {
			return item.Value, nil
		}
	}
	return m.participant.Get(ctx, key)
}

func (m *late) List(ctx context.Context, prefix, after string, limit int) ([]string, error) {
	keys, err := m.participant.List(ctx, prefix, after, limit)
	for _, item := range m.mine {
		if strings.HasPrefix(item.Key, prefix) && item.Key > after {
			keys = append(keys, item.Key)
		}
	}
	slices.Sort(keys)
	return keys, err
}

func (m *late) Delete(ctx context.Context, keys ...string) error {
	err := m.participant.Delete(ctx, keys...)
	m.comes(ctx, keys[0])
	return err
}

func (m *late) Put(ctx context.Context, items ...storage.Item) error {
	err := m.participant.Put(ctx, items...)
	m.comes(ctx, items[0].Key)
	return err
}

// comes creates what was not created yet, if a key is of the kind.
func (m *late) comes(ctx context.Context, key string) {
	if kindOf(key) != m.until {
		return
	}
	for _, item := range m.mine {
		_ = m.participant.Create(ctx, item.Key, item.Value)
	}
	m.mine = nil
}

// A blind process takes a placeholder for an empty slot; or, if it is tidy, for something to be deleted.
type blind struct {
	*participant
	tidy bool
}

func (m *blind) Get(ctx context.Context, key string) ([]byte, error) {
	b, err := m.participant.Get(ctx, key)
	if kindOf(key) != "log" || err != nil {
		return b, err
	}
	r, err := decodeRecord(b)
	if err != nil {
		return b, nil
	}
	switch _, short, _ := r.placeholder(); {
	case short && m.tidy:
		return b, m.Delete(ctx, key)
	case short:
		return nil, storage.ErrNotFound
	}
	return b, nil
}

// A keepsEarly process keeps the copy of a root before it publishes that.
type keepsEarly struct{ *participant }

func (m *keepsEarly) Create(ctx context.Context, key string, value []byte) error {
	if r, err := decodeRecord(value); kindOf(key) == "log" && err == nil {
		if root, err := r.root(); err == nil && root != nil {
			l := newLog(m, strings.Split(key, "/")[0], smallLog)
			_ = m.participant.Create(ctx, l.rootKey(root), root.encode())
		}
	}
	return m.participant.Create(ctx, key, value)
}

// A keepsMeta process does not delete what describes a database.
type keepsMeta struct{ *participant }

func (m *keepsMeta) Delete(ctx context.Context, keys ...string) error {
	if kindOf(keys[0]) == "meta" && m.store.hasAny("/log/") {
		return nil
	}
	return m.participant.Delete(ctx, keys...)
}

// isCollection reports whether a value is the record of a collection.
func isCollection(key string, value []byte) bool {
	if kindOf(key) != "log" {
		return false
	}
	r, err := decodeRecord(value)
	if err != nil {
		return false
	}
	_, c, _ := r.keeps()
	return c != nil
}

// ofKind returns what reports whether a key is of a kind.
func ofKind(kind string) func(string, []byte) bool {
	return func(key string, _ []byte) bool { return kindOf(key) == kind }
}

// Those that lie in what a process does are acts.
var (
	copyUnheld = act{"copy", steps("list root, get root, get seg"), true, false, func(p *protocol, conn *Conn, _ *Snapshot) error {
		roots, err := conn.rootChain(p.t.Context(), conn.head.Load(), false)
		if err != nil {
			return err
		}
		return p.copyAll(conn, roots[0])
	}}
	voidNothing = act{"collect", steps("create log, get seg, list seg, delete seg"), false, false, func(p *protocol, conn *Conn, _ *Snapshot) error {
		return p.sweep(conn, CollectOptions{Window: math.MaxInt64}, func(s *sweep) { s.before = math.MaxInt })
	}}
	retireAlone = act{"collect", steps("create log, get seg, list seg, delete seg"), false, false, func(p *protocol, conn *Conn, _ *Snapshot) error {
		return p.sweep(conn, CollectOptions{Window: math.MaxInt64}, func(s *sweep) { s.roots = s.roots[:1] })
	}}
	indexAndShorten = act{"index and shorten", steps("put seg, create log, put log, create root"), false, false, func(p *protocol, conn *Conn, _ *Snapshot) error {
		return cmp.Or(conn.job(p.t.Context()), p.shorten(conn))
	}}
	shortenAll = act{"shorten", steps("get log, put log"), false, false, func(p *protocol, conn *Conn, _ *Snapshot) error {
		ctx, last := p.t.Context(), conn.head.Load().seq
		r, err := conn.log.inSlot(ctx, last)
		if err != nil {
			return nil
		}
		return conn.log.store.Put(ctx, storage.Item{Key: conn.log.slot(last), Value: placeholderOf(r).encode()})
	}}
	publishOver = act{"index", steps("put seg, create log, create root"), false, false, func(p *protocol, conn *Conn, _ *Snapshot) error {
		ctx, h := p.t.Context(), conn.head.Load()
		r := newRoot(h)
		w := &segmentWriter{log: conn.log, job: r.job}
		levels, err := h.snap.levels.Grown(ctx, conn.growth(h.snap, w))
		if err == nil {
			r.chunks, err = conn.log.roll(ctx, h.chunks, h.seq, h.next, w)
		}
		if err = cmp.Or(err, w.flush(ctx)); errors.Is(err, ErrExpired) {
			return nil
		} else if err != nil {
			return err
		}
		for _, l := range levels {
			r.levels = append(r.levels, l.Encode(nil))
		}
		if _, err := conn.look(ctx); err != nil {
			return err
		}
		r.from, r.seq = conn.head.Load().root, max(r.seq, conn.head.Load().keeping.voided+1)
		if err := conn.publishRoot(ctx, r); !errors.Is(err, errOutrun) {
			return err
		}
		return nil
	}}
)

// sweep collects, but for what is altered in between.
func (p *protocol) sweep(conn *Conn, o CollectOptions, alter func(*sweep)) error {
	ctx := p.t.Context()
	if _, err := conn.look(ctx); err != nil {
		return err
	}
	s := &sweep{Conn: conn, o: o}
	if err := s.retire(ctx); err != nil {
		return err
	}
	alter(s)
	return s.run(ctx)
}

// theAct returns the act with a name.
func theAct(name string) act {
	return acts[slices.IndexFunc(acts, func(a act) bool { return a.name == name })]
}

// in returns the act in other steps.
func (a act) in(text string) act {
	a.steps = steps(text)
	return a
}

// TestMistakesAreNoticed sees that the interleavings find what goes wrong if a process breaks a rule.
func TestMistakesAreNoticed(t *testing.T) {
	one, trims, collects := theAct("commit"), theAct("commit, index and trim"), theAct("index and collect")
	for _, m := range []struct {
		name   string
		erring func(*participant) storage.Store
		acts   []act
	}{
		{"looks before it creates a slot", func(p *participant) storage.Store { return &looksEarly{participant: p} }, []act{one, trims}},
		{"never looks when it created a slot", func(p *participant) storage.Store { return &neverLooks{participant: p, created: true} }, []act{one, trims}},
		{"never looks when it read a slot", func(p *participant) storage.Store { return &neverLooks{participant: p} }, []act{theAct("follow"), trims}},
		{"marks what it trimmed already", func(p *participant) storage.Store {
			return &late{participant: p, what: ofKind("trim"), until: "log"}
		}, []act{trims.in("put seg, create log, create root, delete log, create trim"), one}},
		{"keeps a root when it trimmed already", func(p *participant) storage.Store {
			return &late{participant: p, what: ofKind("root"), until: "log"}
		}, []act{trims.in("put seg, create log, create trim, delete log, create root"), theAct("open")}},
		{"keeps a root before it is published", func(p *participant) storage.Store { return &keepsEarly{p} }, []act{trims, trims}},
		{"shortens slots before it keeps the root", func(p *participant) storage.Store {
			return &late{participant: p, what: ofKind("root"), until: "log"}
		}, []act{indexAndShorten, theAct("open")}},
		{"shortens a slot whose record is in no chunk", nil, []act{shortenAll, theAct("open")}},
		{"takes a placeholder for an empty slot", func(p *participant) storage.Store { return &blind{participant: p} },
			[]act{theAct("follow"), theAct("index and shorten")}},
		{"deletes the placeholder that it lost to", func(p *participant) storage.Store { return &blind{p, true} },
			[]act{one, theAct("index and shorten")}},
		{"records a collection when it deleted already", func(p *participant) storage.Store {
			return &late{participant: p, what: isCollection, until: "seg"}
		}, []act{theAct("collect").in("get seg, list seg, delete seg, create log, delete root"), theAct("back up")}},
		{"copies what it does not hold", nil, []act{copyUnheld, collects}},
		{"deletes what jobs wrote that it did not void", nil, []act{voidNothing, theAct("index")}},
		{"deletes what roots have that it did not retire", nil, []act{retireAlone, theAct("read")}},
		{"publishes over an index that is not its base", nil, []act{publishOver, collects}},
		{"deletes a database without marks", func(p *participant) storage.Store { return &late{participant: p, what: ofKind("trim"), until: "log"} },
			[]act{deleteAll.in("delete meta, delete root, delete seg, delete log, create trim"), one}},
		{"deletes what describes a database last", func(p *participant) storage.Store { return &keepsMeta{p} },
			[]act{deleteAll.in("create trim, delete root, delete seg, delete log"), theAct("follow")}},
	} {
		e := encounter{acts: m.acts, erring: m.erring, dropped: m.acts[0].name == deleteAll.name}
		n, failure := e.noticed(t)
		if failure == "" {
			t.Errorf("who %s is not noticed in %d interleavings", m.name, n)
		}
		t.Logf("who %s is noticed after %d interleavings: %.200s", m.name, n, failure)
	}
}

// noticed plays out the interleavings of two, as they come, until one fails.
func (e encounter) noticed(t *testing.T) (n int, failure string) {
	orders := shuffles(1+len(e.acts[0].steps), 1+len(e.acts[1].steps))
	for _, i := range rand.New(rand.NewPCG(3, 1)).Perm(len(orders)) {
		n++
		if over := e.playOut(t, shuffled(orders[i], 12)); len(over.failures) > 0 {
			return n, strings.Join(over.failures, "\n")
		}
	}
	return n, ""
}
