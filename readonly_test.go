//go:build unix

package datolite_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/remote"
	"github.com/datolite/datolite/tx"
)

const peerToken = "known to peers alone"

// A Visit is what the peers write: one a transaction, under a text of its own that nothing keeps from being there twice.
type Visit struct {
	Text string `datom:"visit/text"`
}

// must returns x, unless there is an error, which ends the test.
func must[T any](x T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
}

// A recorder is a Watcher that keeps which operations were asked of it.
type recorder struct {
	storage.Watcher
	mu    sync.Mutex
	asked map[string]int
}

func (r *recorder) note(op string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked[op]++
}

func (r *recorder) Get(ctx context.Context, key string) ([]byte, error) {
	r.note("get")
	return r.Watcher.Get(ctx, key)
}

func (r *recorder) Put(ctx context.Context, items ...storage.Item) error {
	r.note("put")
	return r.Watcher.Put(ctx, items...)
}

func (r *recorder) Create(ctx context.Context, key string, value []byte) error {
	r.note("create")
	return r.Watcher.Create(ctx, key, value)
}

func (r *recorder) List(ctx context.Context, prefix, after string, limit int) ([]string, error) {
	r.note("list")
	return r.Watcher.List(ctx, prefix, after, limit)
}

func (r *recorder) Delete(ctx context.Context, keys ...string) error {
	r.note("delete")
	return r.Watcher.Delete(ctx, keys...)
}

// TestReadersNeverWrite opens a served database with the token that may read, reads all there is to read, and looks at what was
// asked of the store: nothing that changes it. What would change it is refused by the reader, and by the server if the reader
// forgets that it may not.
func TestReadersNeverWrite(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	store, token := mem.New(), "a token that may read"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- remote.Serve(ctx, l, store, remote.ServeOptions{Token: peerToken, ReadToken: token}) }()
	defer func() {
		end()
		<-ended
	}()
	writer := must(db.Open(ctx, store, db.Options{}))(t)
	defer writer.Close()
	must(tx.Transact(ctx, writer, tx.Schema[Person](), tx.Schema[Visit]()))(t)
	first := must(tx.Transact(ctx, writer, tx.Structs(Person{Name: "Ada", Born: 1851})))(t)

	served := must(remote.Open(ctx, "http://"+l.Addr().String(), remote.Options{Token: token}))(t)
	defer served.Close()
	rec := &recorder{Watcher: served.(storage.Watcher), asked: map[string]int{}}
	reader := must(db.Open(ctx, rec, db.Options{ReadOnly: true}))(t)
	readAll(ctx, t, writer, reader, first)
	if _, err := db.Open(ctx, rec, db.Options{ReadOnly: true, Name: "another"}); !errors.Is(err, db.ErrNoDatabase) {
		t.Errorf("Open of a database that is not there = %v", err)
	}
	if err := reader.Close(); err != nil {
		t.Error(err)
	}
	for _, op := range []string{"put", "create", "delete"} {
		if n := rec.asked[op]; n > 0 {
			t.Errorf("a reader asked %d times to %s", n, op)
		}
	}
	if rec.asked["get"] == 0 || rec.asked["list"] == 0 {
		t.Errorf("what it read was not recorded: %v", rec.asked)
	}
	forgetful(ctx, t, served)
}

// readAll reads in every way while another Conn writes.
func readAll(ctx context.Context, t *testing.T, writer, reader *db.Conn, first *db.Report) {
	t.Helper()
	const born = `[:find ?b . :where [?p :person/name "Ada"] [?p :person/born ?b]]`
	last := must(tx.Transact(ctx, writer, tx.Map{"person/name": "Ada", "person/born": 1815}))(t)
	snap := must(reader.SyncTo(ctx, last.T))(t)
	past := must(reader.At(ctx, first.T))(t)
	for want, r := range map[int]db.Reader{1815: snap, 1851: past} {
		if got := must(query.One[int](ctx, r, born))(t); got != want {
			t.Errorf("born %d, want %d", got, want)
		}
	}
	must(query.Pull[Person](ctx, snap.AsOf(first.T), db.Lookup("person/name", "Ada")))(t)
	must(query.All[[]any](ctx, snap.History(), `[:find ?e ?a ?v ?tx ?op :where [?p :person/name "Ada"] [?p ?a ?v ?tx ?op] [(identity ?p) ?e]]`))(t)
	must(snap.Count(ctx, db.EAVT))(t)
	must(tx.With(ctx, snap, tx.Structs(Visit{Text: "nowhere"})))(t)
	seen := 0
	for rep, err := range reader.Reports(ctx, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if seen++; rep.T == last.T {
			break
		}
	}
	if seen != 3 {
		t.Errorf("%d reports", seen)
	}
	for _, err := range snap.TxRange(ctx, nil, nil) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(reader.Sync(ctx))(t)
	if _, err := tx.Transact(ctx, reader, tx.Structs(Visit{Text: "x"})); !errors.Is(err, db.ErrReadOnly) {
		t.Errorf("Transact = %v; want ErrReadOnly", err)
	}
	unknown := db.OutcomeID{Seq: reader.Stats().Seq + 1}
	if status, _, err := reader.TxStatus(ctx, unknown); status != db.Unresolved || err != nil {
		t.Errorf("TxStatus = %v, %v; a reader cannot settle it", status, err)
	}
}

// forgetful opens a database to write with a token that may not, and is refused by the server.
func forgetful(ctx context.Context, t *testing.T, served storage.Store) {
	t.Helper()
	conn := must(db.Open(ctx, served, db.Options{}))(t)
	defer conn.Close()
	before := must(served.List(ctx, "", "", 1000))(t)
	_, err := tx.Transact(ctx, conn, tx.Structs(Visit{Text: "x"}))
	if !errors.Is(err, storage.ErrForbidden) || errors.Is(err, db.ErrUnknownOutcome) || db.CategoryOf(err) != db.Forbidden {
		t.Errorf("Transact = %v; want ErrForbidden", err)
	}
	if _, err := db.Open(ctx, served, db.Options{Name: "another"}); !errors.Is(err, storage.ErrForbidden) {
		t.Errorf("Open that makes a database = %v; want ErrForbidden", err)
	}
	if after := must(served.List(ctx, "", "", 1000))(t); !slices.Equal(before, after) {
		t.Errorf("the store has %v, and had %v", after, before)
	}
}
