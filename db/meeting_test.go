package db_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// law: whatever Conns of one database commit, import, index, trim, collect, back up, follow and read, one beside the other or at the same time, each
// shows what the transactions lead to when nothing but memory is used: now, in the past, and in the log.
func TestWhateverMeets(t *testing.T) {
	soak.Run(t, 1, 3, func(t *testing.T, seed int64) {
		m := newMeeting(t, seed)
		var beside sync.WaitGroup
		over := make(chan struct{})
		if seed%2 == 0 {
			rng := rand.New(rand.NewPCG(uint64(seed), 78))
			beside.Go(func() { m.tend(over, rng) })
		}
		for m.step = range 40 + m.rng.IntN(60) {
			m.act()
			if t.Failed() {
				break
			}
		}
		close(over)
		beside.Wait()
		for i := range m.conns {
			m.compare(m.conn(i))
		}
		m.readHeld()
		m.verify(m.conn(0))
	})
}

// A meeting is some Conns on one store, and what they should show.
type meeting struct {
	*testing.T
	ctx    context.Context
	rng    *rand.Rand
	store  storage.Store
	target storage.Store // of backups
	apart  bool
	minced func(db.Options) db.Options
	name   string
	clock  atomic.Int64
	mu     sync.Mutex
	conns  []*db.Conn
	step   int
	chain  []*db.Report // of all transactions
	want   *db.Snapshot // that they lead to
	held   []*db.Snapshot
	once   map[string]db.T
}

func newMeeting(t *testing.T, seed int64) *meeting {
	rng := rand.New(rand.NewPCG(uint64(seed), 77))
	m := &meeting{T: t, ctx: t.Context(), rng: rng, store: mem.New(), apart: rng.IntN(3) == 0, name: "main", target: mem.New(), once: map[string]db.T{}}
	m.minced = db.Minced(rng, m.apart)
	m.clock.Store(1_700_000_000_000)
	if rng.IntN(2) == 0 {
		m.store = polled{m.store}
	}
	for range 2 + rng.IntN(2) {
		m.conns = append(m.conns, m.open())
	}
	alone := open(t, mem.New(), db.Options{Clock: m.now})
	m.want = alone.Snapshot()
	m.transact(tx.EDN(`[
		{:db/ident :k, :db/valueType :db.type/string, :db/cardinality :db.cardinality/one, :db/unique :db.unique/identity}
		{:db/ident :n, :db/valueType :db.type/long, :db/cardinality :db.cardinality/one}
		{:db/ident :s, :db/valueType :db.type/string, :db/cardinality :db.cardinality/many, :db/index true}
		{:db/ident :to, :db/valueType :db.type/ref, :db/cardinality :db.cardinality/many}]`))
	return m
}

func (m *meeting) now() time.Time { return time.UnixMilli(m.clock.Load()) }

func (m *meeting) open() *db.Conn {
	return open(m.T, m.store, m.minced(db.Options{Name: m.name, Clock: m.now}))
}

func (m *meeting) conn(i int) *db.Conn {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.conns[i%len(m.conns)]
}

func (m *meeting) some() *db.Conn { return m.conn(m.rng.IntN(3)) }

// fails reports whether something failed that may not.
func (m *meeting) fails(what string, err error) bool {
	if err == nil || m.apart && errors.Is(err, db.ErrExpired) {
		return err != nil
	}
	m.Errorf("step %d: %s: %v", m.step, what, err)
	return true
}

// tend indexes and collects, and reads, until it is over.
func (m *meeting) tend(over chan struct{}, rng *rand.Rand) {
	for {
		select {
		case <-over:
			return
		case <-time.After(time.Duration(rng.IntN(2000)) * time.Microsecond):
		}
		conn := m.conn(rng.IntN(3))
		err := error(nil)
		switch rng.IntN(3) {
		case 0:
			err = conn.Index(m.ctx)
		case 1:
			_, err = conn.Collect(m.ctx, db.CollectOptions{Window: time.Duration(rng.IntN(3)) * time.Second})
		default:
			_, err = every(m.ctx, conn.Snapshot())
		}
		if !errors.Is(err, db.ErrClosed) && !errors.Is(err, storage.ErrClosed) {
			m.fails("beside", err)
		}
	}
}

func (m *meeting) act() {
	m.clock.Add(int64(m.rng.IntN(2000)))
	conn := m.some()
	switch m.rng.IntN(18) {
	case 0, 1, 2, 3, 4:
		m.transact(m.data())
	case 5:
		m.transactOnce(conn)
	case 6, 7:
		m.fails("index", conn.Index(m.ctx))
	case 8, 9:
		_, err := conn.Collect(m.ctx, db.CollectOptions{Window: time.Duration(m.rng.IntN(4)) * time.Second, DryRun: m.rng.IntN(8) == 0})
		m.fails("collect", err)
	case 10, 11:
		m.imports(conn)
	case 12:
		m.compare(conn)
	case 13:
		m.past(conn)
	case 14:
		m.reports(conn)
	case 15:
		m.readHeld()
		m.held = append(m.held, conn.Snapshot())
	case 16:
		m.reopen()
	case 17:
		m.seldom(conn)
	}
}

func (m *meeting) seldom(conn *db.Conn) {
	switch m.rng.IntN(5) {
	case 0:
		m.verify(conn)
	case 3, 4:
		m.backUp(conn)
	case 1:
		to := fmt.Sprint("other", m.step)
		m.fails("rename", db.Rename(m.ctx, m.store, m.name, to))
		m.name = to
	case 2:
		seq := 1 + m.rng.IntN(conn.Stats().Seq+1)
		id := db.OutcomeID{Seq: seq}
		id.Nonce[0] = 1
		if s, _, err := conn.TxStatus(m.ctx, id); err != nil || s != db.NotCommitted {
			m.Errorf("step %d: slot %d: %v, %v", m.step, seq, s, err)
		}
	}
}

// backUp makes a backup, which holds all that was committed before, and now and then a database out of it.
func (m *meeting) backUp(conn *db.Conn) {
	b, err := conn.Backup(m.ctx, m.target, nil)
	if m.fails("back up", err) {
		return
	}
	if b.T != m.want.T() {
		m.Errorf("step %d: a backup is at %s, and not at %s", m.step, b.T, m.want.T())
	}
	if m.rng.IntN(3) > 0 {
		return
	}
	store, o := mem.New(), m.minced(db.Options{Clock: m.now})
	_, err = db.Restore(m.ctx, m.target, b, store, db.MincedRestore(o, db.RestoreOptions{Name: "main"}))
	if m.fails("restore", err) {
		return
	}
	again := open(m.T, store, o)
	m.compare(again)
	m.verify(again)
}

func (m *meeting) data() tx.Data {
	k := func() string { return fmt.Sprint("k", m.rng.IntN(60)) }
	one := tx.Map{"k": k(), "n": m.rng.IntN(20), "s": strings.Repeat("s", 1+m.rng.IntN(4)*m.rng.IntN(300))}
	switch m.rng.IntN(6) {
	case 0:
		return tx.EDN(fmt.Sprintf(`[{:k "%s", :to {:k "%s"}}]`, k(), k()))
	case 1:
		if id, err := m.want.EntID(m.ctx, db.LookupRef{Attr: "k", Value: k()}); err == nil {
			return tx.EDN(fmt.Sprintf(`[[:db/retractEntity %d]]`, id))
		}
	}
	return one
}

// foresee says what data lead to.
func (m *meeting) foresee(data ...tx.Data) *db.Report {
	rep, err := tx.With(m.ctx, m.want, data...)
	if err != nil {
		m.Fatal(m.step, err)
	}
	return rep
}

func (m *meeting) follows(reps ...*db.Report) {
	for _, rep := range reps {
		m.chain, m.want = append(m.chain, rep), rep.After
	}
}

func (m *meeting) transact(data ...tx.Data) {
	want := m.foresee(data...)
	rep, err := tx.Transact(m.ctx, m.some(), data...)
	if m.fails("transact", err) {
		return
	}
	if rep.T != want.T || !slices.Equal(rep.Datoms, want.Datoms) {
		m.Errorf("step %d: transacted %s %v\nand not %s %v", m.step, rep.T, rep.Datoms, want.T, want.Datoms)
	}
	m.follows(want)
}

func (m *meeting) transactOnce(conn *db.Conn) {
	key := fmt.Sprint(m.rng.IntN(4))
	data := []tx.Data{tx.Once(key), tx.Map{"k": "once" + key, "n": 1}}
	if was, ok := m.once[key]; ok {
		rep, err := tx.Transact(m.ctx, conn, data...)
		if m.fails("once", err) {
			return
		}
		if i := slices.IndexFunc(m.chain, func(r *db.Report) bool { return r.T == was }); rep.T != was || !slices.Equal(rep.Datoms, m.chain[i].Datoms) {
			m.Errorf("step %d: %s once more is %s: %v", m.step, was, rep.T, rep.Datoms)
		}
		return
	}
	m.transact(data...)
	m.once[key] = m.want.T()
}

func (m *meeting) imports(conn *db.Conn) {
	n, items := 1+m.rng.IntN(60), 1+m.rng.IntN(20)
	var all []tx.Data
	for _, k := range m.rng.Perm(90)[:n] {
		all = append(all, tx.Map{"k": fmt.Sprint("k", k), "n": m.rng.IntN(20), "s": fmt.Sprint(m.rng.IntN(9))})
	}
	var reps []*db.Report
	was := m.want
	for some := range slices.Chunk(all, items) {
		rep := m.foresee(some...)
		reps, m.want = append(reps, rep), rep.After
	}
	m.want = was
	done, err := tx.Import(m.ctx, conn, yielded(all), tx.ImportOptions{Items: items})
	if errors.Is(err, db.ErrOvertaken) || m.fails("import", err) {
		return
	}
	if m.follows(reps...); done.Transactions != len(reps) || done.Last != m.want.T() {
		m.Errorf("step %d: imported %+v, and not %d up to %s", m.step, done, len(reps), m.want.T())
	}
}

func yielded(all []tx.Data) iter.Seq2[tx.Data, error] {
	return func(yield func(tx.Data, error) bool) {
		for _, d := range all {
			if !yield(d, nil) {
				return
			}
		}
	}
}

// every returns the datoms that there have ever been, in each order.
func every(ctx context.Context, snap *db.Snapshot) (out []db.Datom, err error) {
	for _, o := range []db.Order{db.EAVT, db.AEVT, db.AVET, db.VAET} {
		for d, err := range snap.History().Datoms(ctx, o) {
			if err != nil {
				return out, err
			}
			out = append(out, d)
		}
		for d, err := range snap.Datoms(ctx, o) {
			if err != nil {
				return out, err
			}
			out = append(out, d)
		}
	}
	return out, nil
}

// shows compares what a snapshot shows with what it should.
func (m *meeting) shows(what string, got, want *db.Snapshot) {
	is, err := every(m.ctx, got)
	if m.fails(what, err) {
		return
	}
	should, err := every(m.ctx, want)
	if m.fails("memory", err) {
		return
	}
	if !slices.Equal(is, should) {
		m.Errorf("step %d: %s at %s has %d datoms, and not %d", m.step, what, got.T(), len(is), len(should))
	}
}

func (m *meeting) compare(conn *db.Conn) {
	got, err := conn.Sync(m.ctx)
	if m.fails("sync", err) {
		return
	}
	if got.T() != m.want.T() {
		m.Errorf("step %d: at %s, and not at %s", m.step, got.T(), m.want.T())
	}
	m.shows("now", got, m.want)
	i := 0
	for one, err := range got.TxRange(m.ctx, nil, nil) {
		if m.fails("log", err) {
			return
		}
		if one.T == 0 {
			continue
		}
		if i >= len(m.chain) || one.T != m.chain[i].T || !slices.Equal(one.Datoms, m.chain[i].Datoms) {
			m.Errorf("step %d: the log has %s as number %d", m.step, one.T, i)
			return
		}
		i++
	}
	if i != len(m.chain) {
		m.Errorf("step %d: the log has %d of %d", m.step, i, len(m.chain))
	}
}

func (m *meeting) past(conn *db.Conn) {
	if _, err := conn.Sync(m.ctx); m.fails("sync", err) {
		return
	}
	want := m.chain[m.rng.IntN(len(m.chain))]
	got, err := conn.At(m.ctx, want.T)
	if m.fails("at", err) {
		return
	}
	m.shows("the past", got, want.After)
}

func (m *meeting) reports(conn *db.Conn) {
	i := m.rng.IntN(len(m.chain) + 1)
	after := db.T(0)
	if i > 0 {
		after = m.chain[i-1].T
	}
	if i == len(m.chain) {
		return
	}
	for rep, err := range conn.Reports(m.ctx, after) {
		if m.fails("reports", err) {
			return
		}
		want := m.chain[i]
		if rep.T != want.T || !slices.Equal(rep.Datoms, want.Datoms) || rep.Before.T() != want.Before.T() {
			m.Errorf("step %d: reported %s, and not %s", m.step, rep.T, want.T)
			return
		}
		if m.rng.IntN(10) == 0 {
			m.shows("a report", rep.After, want.After)
		}
		if i++; i == len(m.chain) {
			return
		}
	}
}

// readHeld reads a snapshot of long ago.
func (m *meeting) readHeld() {
	if len(m.held) == 0 {
		return
	}
	i := m.rng.IntN(len(m.held))
	got := m.held[i]
	for _, rep := range m.chain {
		if rep.T == got.T() {
			m.shows("what is held", got, rep.After)
		}
	}
	m.held = slices.Delete(m.held, i, i+1)
}

func (m *meeting) reopen() {
	i, conn := m.rng.IntN(len(m.conns)), m.open()
	m.mu.Lock()
	was := m.conns[i]
	m.conns[i] = conn
	m.mu.Unlock()
	m.fails("close", was.Close())
}

func (m *meeting) verify(conn *db.Conn) {
	for _, err := range conn.Verify(m.ctx) {
		m.fails("verify", err)
	}
}
