package db

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/bolt"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/storagetest"
)

// namesIn returns the names that lead to a database, as text, and checks what else is told of it.
func namesIn(t testing.TB, store storage.Store) string {
	t.Helper()
	list, err := Databases(context.Background(), store)
	if err != nil {
		t.Error(err)
	}
	var names []string
	for _, d := range list {
		if !isDBID(d.ID) || d.Created.IsZero() {
			t.Error(d)
		}
		names = append(names, d.Name)
	}
	return strings.Join(names, " ")
}

func TestDatabases(t *testing.T) {
	folder, err := bolt.Open(context.Background(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	for _, store := range []storage.Store{mem.New(), folder} {
		checkDatabases(t, store)
	}
}

// checkDatabases makes, renames and drops databases, with names that a store may take for places of segments too.
func checkDatabases(t *testing.T, store storage.Store) {
	ctx := context.Background()
	now := epoch.Add(1234567 * time.Nanosecond)
	ids := map[string]string{}
	for _, name := range []string{"seg", "b", "a", "body"} {
		ids[name] = openConn(t, store, Options{Name: name, Clock: func() time.Time { return now }}).log.dbid
	}
	list, err := Databases(ctx, store)
	created := epoch.Add(time.Millisecond)
	want := []Database{{Name: "a", ID: ids["a"], Created: created}, {Name: "b", ID: ids["b"], Created: created},
		{Name: "body", ID: ids["body"], Created: created}, {Name: "seg", ID: ids["seg"], Created: created}}
	if diff := cmp.Diff(want, list); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for _, c := range []struct {
		err   error
		kind  error
		text  string
		names string
	}{
		{err: Rename(ctx, store, "a", "z"), names: "b body seg z"},
		{err: Rename(ctx, store, "a", "z"), names: "b body seg z"},
		{err: Rename(ctx, store, "z", "z"), names: "b body seg z"},
		{Rename(ctx, store, "a", "y"), ErrNoDatabase, "db: no such database: a (did you mean b?)", "b body seg z"},
		{Rename(ctx, store, "b", "z"), ErrTaken, "db: name is taken: z", "b body seg z"},
		{Rename(ctx, store, "boddy", "x"), ErrNoDatabase, "db: no such database: boddy (did you mean body?)", "b body seg z"},
		{Rename(ctx, store, "b", "B"), ErrName, `db: not a name for a database: "B" (a name has 1 to 64 of a-z 0-9 _ . -)`, "b body seg z"},
		{err: Drop(ctx, store, "seg"), names: "b body z"},
		{Drop(ctx, store, "seg"), ErrNoDatabase, "db: no such database: seg", "b body z"},
		{Drop(ctx, store, "bdoy"), ErrNoDatabase, "db: no such database: bdoy (did you mean body?)", "b body z"},
		{Drop(ctx, store, ""), ErrName, `db: not a name for a database: "" (a name has 1 to 64 of a-z 0-9 _ . -)`, "b body z"},
		{err: Rename(ctx, store, "z", "seg"), names: "b body seg"},
		{err: Rename(ctx, store, "b", "a"), names: "a body seg"},
		{err: Rename(ctx, store, "seg", "b"), names: "a b body"},
	} {
		if c.kind != nil {
			wantError(t, c.err, c.kind, c.text)
		} else if c.err != nil {
			t.Error(c.err)
		}
	}
	if names := namesIn(t, store); names != "a b body" {
		t.Error(names)
	}
	if again := openConn(t, store, Options{Name: "b"}); again.log.dbid != ids["a"] {
		t.Error("b is not what was a")
	}
}

func TestAMisspeltNameIsSuggested(t *testing.T) {
	ctx, store := context.Background(), mem.New()
	openConn(t, store, Options{})
	openConn(t, store, Options{Name: "library"})
	openConn(t, store, Options{Name: "libraryx"})
	if err := Drop(ctx, store, "library"); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"mian":     "db: no such database: mian (did you mean main?)",
		"library":  "db: no such database: library (did you mean libraryx?)",
		"nonesuch": "db: no such database: nonesuch",
	} {
		_, err := Open(ctx, store, Options{Name: name, ReadOnly: true})
		wantError(t, err, ErrNoDatabase, text)
		place := (*NameError)(nil)
		if !errors.As(err, &place) || place.Name != name || CategoryOf(err) != NotFound {
			t.Error(err)
		}
	}
}

// TestDroppedDatabase has everybody who uses a database told that it was dropped: who writes, follows, reads reports or waits; and
// what was there before stays readable.
func TestDroppedDatabase(t *testing.T) {
	ctx, store := context.Background(), mem.New()
	before := runtime.NumGoroutine()
	conns := []*Conn{openConn(t, store, Options{}), openConn(t, &unlucky{store}, Options{}), openConn(t, store, Options{ReadOnly: true})}
	var rep *Report
	for range 3 {
		rep = commit(t, conns[0], raise)
	}
	ends := make(chan string)
	for _, conn := range conns {
		go func() { ends <- readToTheEnd(conn) }()
		go func() { _, err := conn.SyncTo(ctx, 1_000_000); ends <- err.Error() }()
	}
	if err := Drop(ctx, store, "main"); err != nil {
		t.Fatal(err)
	}
	var got [2]int
	for range 2 * len(conns) {
		switch end := <-ends; end {
		case "t 1000, t 1001, t 1002, db: database was dropped":
			got[0]++
		case "db: database was dropped":
			got[1]++
		default:
			t.Error(end)
		}
	}
	if got != [2]int{3, 3} {
		t.Error(got)
	}
	for _, conn := range conns {
		checkDropped(t, conn, rep)
	}
	untilGoroutines(t, before+len(conns)+2) // the writers and pilots: nobody follows any more
	again := openConn(t, store, Options{})
	if again.log.dbid == conns[0].log.dbid || again.Stats().Seq != 0 {
		t.Error("the new database is the old one")
	}
	checkDropped(t, conns[0], rep)
}

// TestDroppedDatabaseOfOneConn is that of a Conn which knows that nobody else writes to its store.
func TestDroppedDatabaseOfOneConn(t *testing.T) {
	ctx := context.Background()
	folder, err := bolt.Open(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	for _, store := range []storage.Store{mem.New(), folder} {
		for _, told := range []func(conn *Conn) error{
			func(conn *Conn) error { _, err := conn.Sync(ctx); return err },
			func(conn *Conn) error { _, err := conn.Commit(ctx, raise); return err },
			func(conn *Conn) error {
				_, err := conn.Commit(ctx, func(context.Context, *Snapshot) (*Report, error) { return nil, errors.New("no") })
				return err
			},
			func(conn *Conn) error { _, err := conn.SyncTo(ctx, 1_000_000); return err },
		} {
			conn := openConn(t, store, Options{})
			commit(t, conn, raise)
			if err := Drop(ctx, store, "main"); err != nil {
				t.Fatal(err)
			}
			wantError(t, told(conn), ErrDropped, "db: database was dropped")
		}
	}
}

// checkDropped checks what a Conn tells whose database was dropped, and that what was committed is there.
func checkDropped(t *testing.T, conn *Conn, rep *Report) {
	t.Helper()
	ctx := context.Background()
	_, err := conn.Commit(ctx, raise)
	if !conn.o.ReadOnly {
		wantError(t, err, ErrDropped, "db: database was dropped")
	}
	_, err = conn.Sync(ctx)
	wantError(t, err, ErrDropped, "db: database was dropped")
	if CodeOf(err) != "db.error/db-not-found" || CategoryOf(err) != NotFound {
		t.Error(CodeOf(err), CategoryOf(err))
	}
	if snap, err := conn.SyncTo(ctx, rep.T); err != nil || countOf(t, snap) != 3 {
		t.Error(snap, err)
	}
	past, err := conn.At(ctx, 1000)
	if err != nil || countOf(t, past) != 1 {
		t.Error(past, err)
	}
}

// readToTheEnd returns the reports and the error of a stream from the first transaction on.
func readToTheEnd(conn *Conn) string {
	var got []string
	for rep, err := range conn.Reports(context.Background(), 0) {
		if err != nil {
			got = append(got, err.Error())
		} else {
			got = append(got, rep.T.String())
		}
	}
	return strings.Join(got, ", ")
}

// untilGoroutines waits until there are no more than n goroutines.
func untilGoroutines(t *testing.T, n int) {
	t.Helper()
	for until := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > n; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%d goroutines, want %d", runtime.NumGoroutine(), n)
		}
	}
}

// A gate is a store that stops before it creates some keys, until it is opened.
type gate struct {
	storage.Store
	stops func(key string) bool
	came  chan string
	open  chan struct{}
}

func newGate(s storage.Store, stops func(key string) bool) *gate {
	return &gate{Store: s, stops: stops, came: make(chan string), open: make(chan struct{})}
}

func (g *gate) Create(ctx context.Context, key string, value []byte) error {
	if g.stops(key) {
		g.came <- key
		<-g.open
	}
	return g.Store.Create(ctx, key, value)
}

// TestRenameHappensAtOneMoment stops a Rename between the announcement and what decides, and looks, and lets others act.
func TestRenameHappensAtOneMoment(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		act   func(store storage.Store) error
		kind  error // of the Rename
		names string
	}{
		"nothing":    {func(storage.Store) error { return nil }, nil, "b"},
		"open":       {func(s storage.Store) error { return openAndClose(s, "a") }, nil, "b"},
		"drop":       {func(s storage.Store) error { return Drop(ctx, s, "a") }, ErrNoDatabase, ""},
		"rename":     {func(s storage.Store) error { return Rename(ctx, s, "a", "c") }, ErrNoDatabase, "c"},
		"the same":   {func(s storage.Store) error { return Rename(ctx, s, "a", "b") }, nil, "b"},
		"take":       {func(s storage.Store) error { return openAndClose(s, "b") }, ErrTaken, "a b"},
		"take, free": {func(s storage.Store) error { return errors.Join(openAndClose(s, "b"), Drop(ctx, s, "b")) }, nil, "b"},
	} {
		t.Run(name, func(t *testing.T) {
			inner := mem.New()
			openConn(t, inner, Options{Name: "a"})
			stopped := false
			store := newGate(inner, func(key string) bool {
				was := stopped
				stopped = stopped || strings.HasPrefix(key, "name/b/")
				return stopped && !was
			})
			done := make(chan error, 1)
			go func() { done <- Rename(ctx, store, "a", "b") }()
			<-store.came
			if names := namesIn(t, inner); names != "a" {
				t.Error("names on the way are", names)
			}
			if _, err := Open(ctx, inner, Options{Name: "b", ReadOnly: true}); !errors.Is(err, ErrNoDatabase) {
				t.Error(err)
			}
			if err := c.act(inner); err != nil {
				t.Error(err)
			}
			close(store.open)
			if err := <-done; !errors.Is(err, c.kind) {
				t.Errorf("Rename is %v, want %v", err, c.kind)
			}
			if names := namesIn(t, inner); names != c.names {
				t.Errorf("names are %q, want %q", names, c.names)
			}
		})
	}
}

func openAndClose(store storage.Store, name string) error {
	conn, err := Open(context.Background(), store, Options{Name: name})
	if err != nil {
		return err
	}
	return conn.Close()
}

// TestDropThatStopsHalfway loses the end of the log: the name is gone, and the writer goes on until somebody touches the name.
func TestDropThatStopsHalfway(t *testing.T) {
	ctx := context.Background()
	for name, finish := range map[string]func(store storage.Store) error{
		"drop again":      func(s storage.Store) error { return Drop(ctx, s, "a") },
		"make it anew":    func(s storage.Store) error { return openAndClose(s, "a") },
		"take the name":   func(s storage.Store) error { return Rename(ctx, s, "other", "a") },
		"the same writer": func(s storage.Store) error { return nil },
	} {
		inner := mem.New()
		conn := openConn(t, inner, Options{Name: "a"})
		openConn(t, inner, Options{Name: "other"})
		commit(t, conn, raise)
		store := &spy{Store: inner, before: func(string) error { return errWritten }}
		if err := Drop(ctx, store, "a"); !errors.Is(err, errWritten) || namesIn(t, inner) != "other" {
			t.Error(err)
		}
		commit(t, conn, raise)
		if err := finish(inner); err != nil {
			t.Error(name, err)
		}
		_, err := conn.Commit(ctx, raise)
		if name != "the same writer" {
			wantError(t, err, ErrDropped, "db: database was dropped")
			if err := Drop(ctx, inner, "other"); (err == nil) == (name == "take the name") {
				t.Error(err)
			}
		} else if err != nil {
			t.Error(err)
		}
	}
}

// TestOpenMeetsADrop has a database dropped, and its name taken, between the look at its name and that at its log.
func TestOpenMeetsADrop(t *testing.T) {
	ctx := context.Background()
	for _, readOnly := range []bool{false, true} {
		inner := mem.New()
		old := openConn(t, inner, Options{Name: "a"})
		commit(t, old, raise)
		store := &droppedOnTheWay{Store: inner}
		conn, err := Open(ctx, store, Options{Name: "a", ReadOnly: readOnly})
		if readOnly {
			wantError(t, err, ErrNoDatabase, "db: no such database: a")
			continue
		}
		if err != nil || conn.log.dbid == old.log.dbid {
			t.Fatal(err)
		}
		commit(t, conn, raise)
		_ = conn.Close()
	}
}

// A droppedOnTheWay store has its database dropped as soon as somebody looks at the log.
type droppedOnTheWay struct {
	storage.Store
	once sync.Once
}

func (d *droppedOnTheWay) Get(ctx context.Context, key string) ([]byte, error) {
	var err error
	if strings.Contains(key, "/log/") {
		d.once.Do(func() { err = Drop(ctx, d.Store, "a") })
	}
	if err != nil {
		return nil, err
	}
	return d.Store.Get(ctx, key)
}

// TestCopyOfADroppedDatabase opens a store that was copied while a database was dropped: the name is there, and the log has ended.
func TestCopyOfADroppedDatabase(t *testing.T) {
	ctx, store := context.Background(), mem.New()
	conn := openConn(t, store, Options{})
	if err := Drop(ctx, store, "main"); err != nil {
		t.Fatal(err)
	}
	if err := store.Delete(ctx, generation{"main", 2}.key()); err != nil {
		t.Fatal(err)
	}
	for _, readOnly := range []bool{false, true} {
		_, err := Open(ctx, store, Options{ReadOnly: readOnly})
		wantError(t, err, ErrDropped, "db: database was dropped: main")
	}
	if err := Drop(ctx, store, "main"); err != nil {
		t.Error(err)
	}
	if again := openConn(t, store, Options{}); again.log.dbid == conn.log.dbid {
		t.Error("the database that was dropped is back")
	}
}

// TestDamagedCatalogue flips every bit and cuts at every length what the catalogue holds, and whatever is asked then is an error or
// as it was: no database is lost, and none is taken for another.
func TestDamagedCatalogue(t *testing.T) {
	ctx, inner := context.Background(), mem.New()
	for _, name := range []string{"a", "b", "c"} {
		openConn(t, inner, Options{Name: name})
	}
	if err := errors.Join(Rename(ctx, inner, "a", "d"), Drop(ctx, inner, "b")); err != nil {
		t.Fatal(err)
	}
	want, _ := Databases(ctx, inner)
	keys, err := inner.List(ctx, namePrefix, "", 100)
	if err != nil || len(keys) != 6 {
		t.Fatal(keys, err)
	}
	for _, key := range keys {
		b, _ := inner.Get(ctx, key)
		for i := range b {
			flipped := append([]byte{}, b...)
			flipped[i] ^= 1 << (i % 8)
			for _, bad := range [][]byte{flipped, b[:i]} {
				if isDBID(string(bad)) {
					continue // what is left is as it was first written: without a sum
				}
				store := &lies{Store: inner, key: key, value: bad}
				list, err := Databases(ctx, store)
				if err == nil && !cmp.Equal(list, want) || err != nil && !errors.Is(err, ErrCorrupt) {
					t.Errorf("with %s = %q: %v, %v", key, bad, list, err)
				}
				for _, name := range []string{"a", "b"} {
					if err := Drop(ctx, store, name); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrNoDatabase) {
						t.Errorf("with %s = %q: dropping %s: %v", key, bad, name, err)
					}
				}
				if name, _, _ := strings.Cut(strings.TrimPrefix(key, namePrefix), "/"); name == "c" {
					if err := Drop(ctx, store, name); !errors.Is(err, ErrCorrupt) {
						t.Errorf("with %s = %q: dropping %s: %v", key, bad, name, err)
					}
				}
			}
		}
	}
	if names := namesIn(t, inner); names != "c d" {
		t.Error(names)
	}
}

// A lies store shows another value for one key.
type lies struct {
	storage.Store
	key   string
	value []byte
}

func (l *lies) Get(ctx context.Context, key string) ([]byte, error) {
	if key == l.key {
		return append([]byte{}, l.value...), nil
	}
	return l.Store.Get(ctx, key)
}

// TestNamingOfFormat1 reads and writes what the first version wrote.
func TestNamingOfFormat1(t *testing.T) {
	const id = "00112233445566778899aabbccddeeff"
	at := generation{"people", 7}
	for _, text := range []string{id, "dropped"} { // without a sum
		if n, err := parseNaming([]byte(text), at); err != nil || !strings.HasPrefix(string(n.encode(at)), text+" ") {
			t.Errorf("%q is read as %v, %v", text, n, err)
		}
	}
	for text, want := range map[string]naming{
		id + " f86ce474":                                {verb: named, dbid: id},
		"dropped e9d80fa9":                              {verb: dropped},
		"dropped " + id + " b710e432":                   {verb: dropped, dbid: id},
		"moved " + id + " to 000000000000000c 590ff4dd": {moved, id, generation{"to", 12}},
	} {
		if n, err := parseNaming([]byte(text), at); n != want || err != nil || string(want.encode(at)) != text {
			t.Errorf("%q is read as %v, %v, and written as %q", text, n, err, want.encode(at))
		}
	}
	for _, text := range []string{"", "moved", "named " + id, "dropped " + id, id + " ", "moved " + id, strings.ToUpper(id), id[1:],
		string(naming{verb: named, dbid: id}.encode(generation{"people", 8})), string(naming{verb: "x", dbid: id}.encode(at))} {
		if n, err := parseNaming([]byte(text), at); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%q is read as %v, %v", text, n, err)
		}
	}
}

// TestFaultsOfTheCatalogue has every call of the store fail while a database is renamed and another one dropped: whatever comes of it,
// all who ask see the same then, nothing is lost, and to ask again ends it.
func TestFaultsOfTheCatalogue(t *testing.T) {
	for _, mode := range storagetest.Modes() {
		if testing.Short() && mode > storagetest.After {
			break
		}
		for _, forever := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v, for ever %v", mode, forever), func(t *testing.T) {
				t.Parallel()
				n := 1
				for catalogueWithFault(t, storagetest.Fault{Mode: mode, N: n, Forever: forever, For: 2 * callPatience}) {
					n++
				}
				if n < 4 {
					t.Errorf("only %d calls were met", n-1)
				}
			})
		}
	}
}

// callPatience is how long callers wait for the catalogue of a store with a fault.
const callPatience = 15 * time.Millisecond

func catalogueWithFault(t *testing.T, fault storagetest.Fault) bool {
	inner := mem.New()
	moving, dropping := openConn(t, inner, Options{Name: "a"}), openConn(t, inner, Options{Name: "x"})
	commit(t, moving, raise)
	commit(t, dropping, raise)
	store := storagetest.NewFaulty(inner, fault)
	ctx, cancel := context.WithTimeout(context.Background(), callPatience)
	defer cancel()
	renamed, droppedIt := Rename(ctx, store, "a", "b"), Drop(ctx, store, "x")
	names := namesIn(t, inner)
	has := func(name string) bool { return strings.Contains(" "+names+" ", " "+name+" ") }
	if has("a") == has("b") || renamed == nil && has("a") || droppedIt == nil && has("x") {
		t.Errorf("with %v: Rename is %v and Drop %v, and names are %q", fault, renamed, droppedIt, names)
	}
	ctx = context.Background()
	if err := Rename(ctx, inner, "a", "b"); err != nil {
		t.Errorf("with %v: renaming again: %v", fault, err)
	}
	if err := Drop(ctx, inner, "x"); err != nil && (!errors.Is(err, ErrNoDatabase) || droppedIt != nil && has("x")) {
		t.Errorf("with %v: dropping again: %v", fault, err)
	}
	if again := openConn(t, inner, Options{Name: "b", ReadOnly: true}); again.log.dbid != moving.log.dbid {
		t.Errorf("with %v: b is another database", fault)
	}
	if _, err := dropping.Commit(ctx, raise); !errors.Is(err, ErrDropped) {
		t.Errorf("with %v: the writer of what was dropped is told %v", fault, err)
	}
	if _, err := moving.Commit(ctx, raise); err != nil || namesIn(t, inner) != "b" {
		t.Errorf("with %v: %v; names are %q", fault, err, namesIn(t, inner))
	}
	return store.Hits() > 0
}
