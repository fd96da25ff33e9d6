package db_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/internal/history"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/storagetest"
	"github.com/datolite/datolite/tx"
)

// law: however many write and read on however many peers, there is one order of transactions, and all are told and shown it.
func TestHistories(t *testing.T) {
	const clients = 12
	soak.Run(t, 1, 2, func(t *testing.T, seed int64) {
		store, s := mem.New(), newScribe(600)
		conns := []*db.Conn{open(t, store, db.Options{}), open(t, store, db.Options{}), open(t, polled{store}, db.Options{})}
		defer closeAll(conns)
		if err := s.setUp(t.Context(), conns[0]); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for i := range clients {
			c := &client{scribe: s, conn: conns[i%len(conns)], session: i % len(conns), rng: rand.New(rand.NewPCG(uint64(seed), uint64(i)))}
			all.Go(func() {
				for s.written.Load() < 2000 {
					c.act(t.Context())
				}
			})
		}
		all.Wait()
		fresh := open(t, store, db.Options{ReadOnly: true})
		defer fresh.Close()
		s.check(t, append(conns, fresh)...)
		if n := s.counts(); n[history.Committed] < 1000 || n[history.Refused] < 100 || n[history.Unknown] > 0 || len(s.Reads) < 100 {
			t.Errorf("%v and %d reads", n, len(s.Reads))
		}
	})
}

// A polled store is no Watcher.
type polled struct{ storage.Store }

func closeAll(conns []*db.Conn) {
	for _, conn := range conns {
		_ = conn.Close()
	}
}

func open(t *testing.T, store storage.Store, o db.Options) *db.Conn {
	t.Helper()
	conn, err := db.Open(t.Context(), store, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// A scribe takes down what clients do, are told and shown. The database that it watches has lists, which transactions append to,
// and registers, whose values they swap.
type scribe struct {
	mu sync.Mutex
	history.History
	at      atomic.Int64 // the newest moment
	written atomic.Int64 // how many transactions were submitted

	lists     []db.ID
	registers []db.ID
	keys      map[db.ID]int // the numbers of both
	attempts  []*attempt    // whose outcome was unknown
	lost      map[int]bool  // transactions with an attempt that nobody was left to be told of
	strange   []error       // that nobody should be told
	damaged   bool          // values may be read that were not written; they are told of by key
	attrID    db.ID         // of the attributes
	attrItem  db.ID
	attrValue db.ID
}

// An attempt to commit a transaction ended without an answer. Somebody may have asked since what became of it.
type attempt struct {
	x      int // the transaction
	id     db.OutcomeID
	status db.Status
	t      db.T
}

// registers is how many there are.
const registers = 5

func newScribe(lists int) *scribe {
	return &scribe{lists: make([]db.ID, lists), registers: make([]db.ID, registers), keys: map[db.ID]int{},
		lost: map[int]bool{}}
}

// setUp makes the schema and the entities, or finds them.
func (s *scribe) setUp(ctx context.Context, conn *db.Conn) error {
	_, err := tx.Transact(ctx, conn, tx.EDN(`[
		{:db/ident :act/id, :db/valueType :db.type/long, :db/cardinality :db.cardinality/one, :db/unique :db.unique/value}
		{:db/ident :act/name, :db/valueType :db.type/string, :db/cardinality :db.cardinality/one, :db/unique :db.unique/identity}
		{:db/ident :list/item, :db/valueType :db.type/long, :db/cardinality :db.cardinality/many}
		{:db/ident :register/value, :db/valueType :db.type/long, :db/cardinality :db.cardinality/one}]`))
	if err != nil {
		return err
	}
	ids := map[string]*db.ID{}
	for what, entities := range map[string][]db.ID{"list": s.lists, "register": s.registers} {
		for i := range entities {
			ids[fmt.Sprint(what, " ", i)] = &entities[i]
		}
	}
	var named []tx.Data
	for name := range ids {
		named = append(named, tx.Map{"db/id": name, "act/name": name})
	}
	rep, err := tx.Transact(ctx, conn, named...)
	if err != nil {
		return err
	}
	for name, id := range ids {
		*id = rep.TempIDs[name]
	}
	s.know(rep.After.Schema())
	return nil
}

// know takes down the ids of entities and attributes.
func (s *scribe) know(schema *db.Schema) {
	for _, entities := range [][]db.ID{s.lists, s.registers} {
		for i, id := range entities {
			s.keys[id] = i
		}
	}
	s.attrID, _ = schema.EntID("act/id")
	s.attrItem, _ = schema.EntID("list/item")
	s.attrValue, _ = schema.EntID("register/value")
}

// now returns a moment.
func (s *scribe) now() int { return int(s.at.Add(1)) }

// counts returns how many transactions had which outcome.
func (s *scribe) counts() map[history.Outcome]int {
	n := map[history.Outcome]int{}
	for _, x := range s.Txs {
		n[x.Outcome]++
	}
	return n
}

// check reads the log of each Conn, and judges the history.
func (s *scribe) check(t *testing.T, conns ...*db.Conn) {
	t.Helper()
	first := len(s.Logs)
	for _, conn := range conns {
		l, err := s.log(t.Context(), conn)
		if err != nil {
			t.Fatal(err)
		}
		s.Logs = append(s.Logs, l)
		if len(l) != len(s.Logs[first]) {
			t.Errorf("after Sync one has %d transactions, and another one %d", len(l), len(s.Logs[first]))
		}
	}
	for _, err := range s.strange {
		t.Error(err)
	}
	for i, v := range s.Check() {
		if i == 10 {
			t.Fatal("and more")
		}
		t.Error(v)
	}
}

// log returns the log as a Conn tells it after a Sync.
func (s *scribe) log(ctx context.Context, conn *db.Conn) (entries []history.Entry, err error) {
	snap, err := conn.Sync(ctx)
	if err != nil || snap.T() == 0 {
		return nil, err
	}
	for rep, err := range conn.Reports(ctx, 0) {
		if err != nil {
			return nil, err
		}
		entries = append(entries, s.entry(rep))
		if rep.T >= snap.T() {
			break
		}
	}
	return entries, nil
}

// entry returns what a report says of lists and registers.
func (s *scribe) entry(rep *db.Report) history.Entry {
	e := history.Entry{T: int64(rep.T)}
	was := map[db.ID]int{}
	for _, d := range rep.Datoms {
		if d.A == s.attrValue && !d.Added {
			was[d.E] = int(d.V.Long())
		}
	}
	for _, d := range rep.Datoms {
		switch {
		case d.A == s.attrID && d.E == rep.Tx:
			e.ID = int(d.V.Long())
		case d.A == s.attrItem:
			e.Writes = append(e.Writes, history.Write{List: true, Key: s.keys[d.E], New: int(d.V.Long())})
		case d.A == s.attrValue && d.Added:
			e.Writes = append(e.Writes, history.Write{Key: s.keys[d.E], Old: was[d.E], New: int(d.V.Long())})
		}
	}
	return e
}

// A client of a Conn writes and reads, one act after the other.
type client struct {
	*scribe
	conn    *db.Conn
	session int
	rng     *rand.Rand
	doc     string       // of each transaction
	turn    func()       // waits until the client may try again; nil for at once
	dead    *atomic.Bool // the process was killed: nobody hears of answers; nil for never
}

func (c *client) isDead() bool { return c.dead != nil && c.dead.Load() }

// act writes or reads. The context ends the client's patience.
func (c *client) act(ctx context.Context) {
	if c.rng.IntN(3) == 0 {
		c.read(ctx, c.rng.IntN(2) == 0)
		return
	}
	if c.rng.IntN(8) == 0 {
		c.inquire(ctx)
		return
	}
	x := c.think(ctx)
	if c.rng.IntN(4) == 0 {
		c.insist(time.Minute+time.Duration(c.rng.IntN(1e6)), x)
		return
	}
	c.write(ctx, x)
}

// think returns a transaction: it appends to one or two lists, swaps a register, or both. Which lists changes with the time, so that
// none grows long.
func (c *client) think(ctx context.Context) history.Tx {
	id := int(c.written.Add(1))
	x := history.Tx{ID: id}
	what := c.rng.IntN(4)
	if what != 0 {
		first := id/20 + c.rng.IntN(8)
		x.Writes = append(x.Writes, history.Write{List: true, Key: first % len(c.lists), New: 10 * id})
		if what == 1 {
			x.Writes = append(x.Writes, history.Write{List: true, Key: (first + 1) % len(c.lists), New: 10*id + 1})
		}
	}
	if what == 0 || what == 2 {
		key := c.rng.IntN(len(c.registers))
		old, err := c.register(ctx, c.conn.Snapshot(), key)
		if err == nil {
			x.Writes = append(x.Writes, history.Write{Key: key, Old: old, New: 10*id + 2})
		}
	}
	return x
}

// write submits a transaction, and takes down what comes of it.
func (c *client) write(ctx context.Context, x history.Tx) error {
	x.Session, x.Call = c.session, c.now()
	err := c.submit(ctx, &x, c.data(x))
	c.takeDown(x)
	return err
}

// insist submits a transaction with a key until there is an answer, a few times, each with some patience.
func (c *client) insist(patience time.Duration, x history.Tx) (err error) {
	x.Session, x.Call = c.session, c.now()
	unknown := false
	for try := range 4 {
		if try > 0 && c.turn != nil {
			c.turn()
		}
		if c.isDead() {
			break
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		err = c.submit(ctx, &x, tx.Once(fmt.Sprint("key ", x.ID)), c.data(x))
		cancel()
		if x.Outcome == history.Committed || x.Outcome == history.Refused {
			break
		}
		unknown = unknown || x.Outcome == history.Unknown
	}
	if unknown && x.Outcome == history.Withdrawn {
		x.Outcome, x.Return = history.Unknown, history.Never
	}
	c.takeDown(x)
	return err
}

// submit submits a transaction, and learns what comes of it.
func (c *client) submit(ctx context.Context, x *history.Tx, data ...tx.Data) error {
	var basis atomic.Int64 // on which it was made last
	rep, err := tx.Transact(ctx, c.conn, append(data, tx.Func(func(_ context.Context, before *db.Snapshot) (tx.Data, error) {
		basis.Store(int64(before.T()))
		return tx.All(), nil
	}))...)
	x.Return = c.now()
	outcome := (*db.OutcomeError)(nil)
	switch {
	case c.isDead():
		x.Outcome, x.Return = history.Unknown, history.Never
		c.lose(x.ID)
	case err == nil:
		x.Outcome, x.T, x.Before = history.Committed, int64(rep.T), int64(rep.Before.T())
	case errors.Is(err, tx.ErrCASFailed):
		x.Outcome, x.T = history.Refused, basis.Load()
	case errors.As(err, &outcome):
		x.Outcome, x.Return = history.Unknown, history.Never
		c.keep(&attempt{x: x.ID, id: outcome.ID})
	default:
		x.Outcome = history.Withdrawn
		c.wonder(err)
	}
	return err
}

// wonder takes down an error that has another cause than a context, a closed Conn or a store.
func (s *scribe) wonder(err error) {
	if err == nil || isAny(err, context.Canceled, context.DeadlineExceeded, db.ErrClosed, errSimulated, storagetest.ErrInjected) {
		return
	}
	if damage := (*db.StoreError)(nil); s.damaged && errors.As(err, &damage) && damage.Key != "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.strange = append(s.strange, err)
}

func (c *client) takeDown(x history.Tx) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Txs = append(c.Txs, x)
}

// keep takes down an attempt, in an order that is no matter of chance.
func (s *scribe) keep(a *attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attempts = append(s.attempts, a)
	slices.SortFunc(s.attempts, func(a, b *attempt) int { return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.id.Seq, b.id.Seq)) })
}

func (s *scribe) lose(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost[id] = true
}

// inquire asks what became of an attempt of any client.
func (c *client) inquire(ctx context.Context) {
	c.mu.Lock()
	n := len(c.attempts)
	c.mu.Unlock()
	if n > 0 {
		c.wonder(c.ask(ctx, c.conn, c.attempts[c.rng.IntN(n)]))
	}
}

// ask asks what became of an attempt. What was said once must be said always.
func (s *scribe) ask(ctx context.Context, conn *db.Conn, a *attempt) error {
	status, t, err := conn.TxStatus(ctx, a.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil:
		return err
	case status == db.Unresolved || a.status != db.Unresolved && (a.status != status || a.t != t):
		return fmt.Errorf("transaction %d was %v as %v, and is %v as %v", a.x, a.status, a.t, status, t)
	}
	a.status, a.t = status, t
	return nil
}

// resolve asks what became of the transactions whose outcome is unknown.
func (s *scribe) resolve(t *testing.T, conn *db.Conn) {
	t.Helper()
	became := map[int]*attempt{}
	for _, a := range s.attempts {
		if err := s.ask(t.Context(), conn, a); err != nil {
			t.Error(err)
		}
		if became[a.x] == nil || a.status == db.Committed {
			became[a.x] = a
		}
	}
	for i := range s.Txs {
		x := &s.Txs[i]
		a := became[x.ID]
		switch {
		case a == nil || x.Outcome != history.Unknown:
		case a.status == db.Committed:
			x.Outcome, x.T, x.Before, x.Return = history.Committed, int64(a.t), history.Untold, s.now()
		case !s.lost[x.ID]:
			x.Outcome = history.Withdrawn
		}
	}
}

// data returns a transaction as tx takes it.
func (c *client) data(x history.Tx) tx.Data {
	items := []tx.Data{tx.Map{"db/id": "datomic.tx", "act/id": x.ID}}
	if c.doc != "" {
		items = append(items, tx.Add("datomic.tx", "db/doc", c.doc))
	}
	for _, w := range x.Writes {
		switch {
		case w.List:
			items = append(items, tx.Add(c.lists[w.Key], "list/item", w.New))
		case w.Old == 0:
			items = append(items, tx.CAS(c.registers[w.Key], "register/value", nil, w.New))
		default:
			items = append(items, tx.CAS(c.registers[w.Key], "register/value", w.Old, w.New))
		}
	}
	return tx.All(items...)
}

// read reads lists and registers of the newest snapshot, after a Sync or without.
func (c *client) read(ctx context.Context, synced bool) (err error) {
	r := history.Read{Session: c.session, Synced: synced, Lists: map[int][]int{}, Registers: map[int]int{}, Call: c.now()}
	snap := c.conn.Snapshot()
	if synced {
		if snap, err = c.conn.Sync(ctx); err != nil {
			return err
		}
	}
	r.T, r.Return = int64(snap.T()), c.now()
	first := int(c.written.Load()) / 20
	for i := range 8 {
		key := (first + i) % len(c.lists)
		if r.Lists[key], err = c.list(ctx, snap, key); err != nil {
			return err
		}
	}
	for key := range c.registers {
		if r.Registers[key], err = c.register(ctx, snap, key); err != nil {
			return err
		}
	}
	if c.isDead() {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Reads = append(c.Reads, r)
	return nil
}

// list returns the items of a list in the order in which they were appended.
func (s *scribe) list(ctx context.Context, r db.Reader, key int) ([]int, error) {
	var items []db.Datom
	for d, err := range r.Datoms(ctx, db.EAVT, s.lists[key], s.attrItem) {
		if err != nil {
			return nil, err
		}
		items = append(items, d)
	}
	slices.SortFunc(items, func(a, b db.Datom) int { return cmp.Compare(a.Tx, b.Tx) })
	values := make([]int, len(items))
	for i, d := range items {
		values[i] = int(d.V.Long())
	}
	return values, nil
}

// register returns the value of a register.
func (s *scribe) register(ctx context.Context, r db.Reader, key int) (int, error) {
	for d, err := range r.Datoms(ctx, db.EAVT, s.registers[key], s.attrValue) {
		return int(d.V.Long()), err
	}
	return 0, nil
}
