package remote_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/remote"
	"github.com/datolite/datolite/storage/storagetest"
)

// A middleman is the network between a client and a server: every request and every answer passes it as bytes.
type middleman struct {
	server http.Handler
	mu     sync.Mutex
	asked  func(request []byte) []byte // what becomes of a request; nil loses it
	told   func(answer []byte) []byte  // what becomes of an answer; nil loses it
}

// between returns a middleman who serves store, and a client that takes him for the server.
func between(t *testing.T, store storage.Store) (*middleman, storage.Store) {
	t.Helper()
	m := &middleman{server: handler(t, store, new(bytes.Buffer))}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go m.pass(conn)
		}
	}()
	s, err := remote.Open(bg, "http://"+l.Addr().String(), remote.Options{Token: full, Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return m, s
}

// via sets what the middleman does; nil leaves the bytes as they are.
func (m *middleman) via(asked, told func([]byte) []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked, m.told = asked, told
}

// pass passes one request and its answer, and closes the connection.
func (m *middleman) pass(conn net.Conn) {
	defer conn.Close()
	m.mu.Lock()
	defer m.mu.Unlock()
	request, err := readRequest(conn)
	if m.asked != nil {
		request = m.asked(request)
	}
	if err != nil || request == nil {
		return
	}
	answer := m.answer(request)
	if m.told != nil {
		answer = m.told(answer)
	}
	_, _ = conn.Write(answer)
}

// readRequest returns the bytes of one request.
func readRequest(conn net.Conn) ([]byte, error) {
	var all bytes.Buffer
	r, err := http.ReadRequest(bufio.NewReader(io.TeeReader(conn, &all)))
	if err == nil {
		_, err = io.Copy(io.Discard, r.Body)
	}
	return all.Bytes(), err
}

// answer returns the answer of the server as bytes.
func (m *middleman) answer(request []byte) []byte {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(request)))
	if err != nil {
		return []byte("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	}
	local := net.Addr(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	w := httptest.NewRecorder()
	m.server.ServeHTTP(w, r.WithContext(context.WithValue(bg, http.LocalAddrContextKey, local)))
	var out bytes.Buffer
	resp := w.Result()
	resp.Close = true
	_ = resp.Write(&out)
	return out.Bytes()
}

func flipped(at int) func([]byte) []byte {
	return func(b []byte) []byte {
		b = bytes.Clone(b)
		b[at] ^= 1 << (at % 7)
		return b
	}
}

func cut(at int) func([]byte) []byte { return func(b []byte) []byte { return b[:min(at, len(b))] } }

func lose([]byte) []byte { return nil }

// sized returns how many bytes what passes has when do runs.
func (m *middleman) sized(do func()) (request, answer int) {
	m.via(func(b []byte) []byte { request = len(b); return b }, func(b []byte) []byte { answer = len(b); return b })
	do()
	return request, answer
}

// TestEveryByteOfAnAnswerCounts flips a bit of each byte of an answer, and cuts it after each: what a Get returns then is right,
// or an error, and not that there is no such key.
func TestEveryByteOfAnAnswerCounts(t *testing.T) {
	t.Parallel()
	store := mem.New()
	_ = store.Create(bg, "d1/log/1", []byte("the value"))
	m, s := between(t, store)
	_, size := m.sized(func() { _, _ = s.Get(bg, "d1/log/1") })
	refused := 0
	for at := range size {
		for name, told := range map[string]func([]byte) []byte{"flipped": flipped(at), "cut": cut(at)} {
			m.via(nil, told)
			value, err := s.Get(bg, "d1/log/1")
			switch {
			case err == nil && string(value) != "the value":
				t.Fatalf("%s at %d: Get = %q", name, at, value)
			case errors.Is(err, storage.ErrNotFound), errors.Is(err, storage.ErrUnknown):
				t.Fatalf("%s at %d: Get = %v", name, at, err)
			case err != nil:
				refused++
			}
		}
	}
	t.Logf("%d of %d answers refused, the others right", refused, 2*size)
	if refused < size {
		t.Error("too few are refused")
	}
}

// TestEveryByteOfARequestCounts flips a bit of each byte of a request to create, and cuts it after each: the key is there with
// its value, or nothing is, and the client knows which or that it does not know.
func TestEveryByteOfARequestCounts(t *testing.T) {
	t.Parallel()
	m, s := between(t, mem.New())
	size, _ := m.sized(func() { _ = s.Create(bg, "d1/log/1", []byte("the value")) })
	for at := range size {
		for name, asked := range map[string]func([]byte) []byte{"flipped": flipped(at), "cut": cut(at)} {
			store := mem.New()
			m.mu.Lock()
			m.server = handler(t, store, new(bytes.Buffer))
			m.mu.Unlock()
			m.via(asked, nil)
			err := s.Create(bg, "d1/log/1", []byte("the value"))
			keys, _ := store.List(bg, "", "", 10)
			value, _ := store.Get(bg, "d1/log/1")
			made := string(value) == "the value" && len(keys) == 1
			if !made && len(keys) > 0 || err == nil && !made || err != nil && made && !errors.Is(err, storage.ErrUnknown) || errors.Is(err, storage.ErrExists) {
				t.Fatalf("%s at %d: Create = %v, and the store has %v, %q", name, at, err, keys, value)
			}
		}
	}
}

// TestAnswersBelongToTheirRequests gives one request the answer of another, or an older one of its own.
func TestAnswersBelongToTheirRequests(t *testing.T) {
	t.Parallel()
	store := mem.New()
	_ = store.Create(bg, "d1/log/1", []byte("one"))
	_ = store.Create(bg, "d1/log/2", []byte("two"))
	m, s := between(t, store)
	var kept []byte
	m.via(nil, func(b []byte) []byte { kept = b; return b })
	_, _ = s.Get(bg, "d1/log/1")
	m.via(nil, func([]byte) []byte { return kept })
	for _, key := range []string{"d1/log/1", "d1/log/2"} {
		if value, err := s.Get(bg, key); !errors.Is(err, remote.ErrAnswer) {
			t.Errorf("Get(%s) = %q, %v; want ErrAnswer", key, value, err)
		}
	}
}

// TestLostAnswers loses the answer to each operation, and its request.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for _, lost := range []string{"request", "answer"} {
		store := mem.New()
		m, s := between(t, store)
		m.via(nil, lose)
		if lost == "request" {
			m.via(lose, nil)
		}
		for op, err := range changes(s) {
			if !errors.Is(err, storage.ErrUnknown) || errors.Is(err, storage.ErrExists) {
				t.Errorf("%s lost: %s = %v; want ErrUnknown", lost, op, err)
			}
		}
		if _, err := s.Get(bg, "d1/log/1"); err == nil || errors.Is(err, storage.ErrUnknown) || errors.Is(err, storage.ErrNotFound) {
			t.Errorf("%s lost: Get = %v", lost, err)
		}
		if _, err := store.Get(bg, "d1/log/1"); (err == nil) != (lost == "answer") {
			t.Errorf("%s lost: the store says %v", lost, err)
		}
	}
}

// changes makes each change, and returns what came.
func changes(s storage.Store) map[string]error {
	return map[string]error{"create": s.Create(bg, "d1/log/1", nil), "put": s.Put(bg, storage.Item{Key: "d1/seg/1"}), "delete": s.Delete(bg, "d1/seg/2")}
}

// TestNoServer has nobody listen: nothing happened, and is known not to have.
func TestNoServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(bg)
	ended := make(chan error, 1)
	go func() { ended <- remote.Serve(ctx, l, mem.New(), remote.ServeOptions{Token: full}) }()
	url := "http://" + l.Addr().String()
	s := opened(t, url, full)
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Serve = %v", err)
	}
	for op, err := range changes(s) { // the first may meet the connection that was open
		if op != "create" && (err == nil || errors.Is(err, storage.ErrUnknown) || errors.Is(err, storage.ErrClosed)) {
			t.Errorf("%s = %v", op, err)
		}
	}
	if err := s.Create(bg, "d1/log/1", nil); err == nil || errors.Is(err, storage.ErrUnknown) || errors.Is(err, storage.ErrClosed) {
		t.Errorf("Create = %v", err)
	}
	_, err = remote.Open(bg, url, remote.Options{Token: full})
	if place := (*remote.OpenError)(nil); !errors.As(err, &place) || place.URL != url || !strings.HasSuffix(err.Error(), "connection refused") {
		t.Errorf("Open = %v", err)
	}
	again, err := net.Listen("tcp", l.Addr().String())
	if err != nil {
		t.Skip("somebody took the port")
	}
	ctx, stop = context.WithCancel(bg)
	go func() { ended <- remote.Serve(ctx, again, mem.New(), remote.ServeOptions{Token: full}) }()
	if err := s.Create(bg, "d1/log/1", nil); err != nil {
		t.Errorf("Create when the server is back = %v", err)
	}
	stop()
	<-ended
}

// TestStalledServer waits for an answer as long as it is told to, or as the caller does.
func TestStalledServer(t *testing.T) {
	t.Parallel()
	url := served(t, storagetest.NewFaulty(mem.New(), storagetest.Fault{Mode: storagetest.Timeout, N: 1, Forever: true}))
	short, err := remote.Open(bg, url, remote.Options{Token: full, Timeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer short.Close()
	const want = "create d1/log/1: outcome unknown: no answer in time: after 50ms"
	if err := short.Create(bg, "d1/log/1", nil); !errors.Is(err, storage.ErrUnknown) || err.Error() != want || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Create = %v; want %s", err, want)
	}
	s := opened(t, url, full)
	ctx, cancel := context.WithTimeout(bg, 50*time.Millisecond)
	defer cancel()
	if err := s.Create(ctx, "d1/log/1", nil); !errors.Is(err, storage.ErrUnknown) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Create = %v", err)
	}
	if _, err := s.Get(ctx, "d1/log/1"); errors.Is(err, storage.ErrUnknown) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Get = %v", err)
	}
	time.AfterFunc(50*time.Millisecond, func() { _ = s.Close() })
	if err := s.Create(bg, "d1/log/1", nil); !errors.Is(err, storage.ErrUnknown) || errors.Is(err, storage.ErrClosed) {
		t.Errorf("Create while the store is closed = %v; ErrClosed would say that nothing happened", err)
	}
}

// TestFaultsBelow shows what a client makes of every fault of the store below that is told.
func TestFaultsBelow(t *testing.T) {
	t.Parallel()
	for _, mode := range []storagetest.Mode{storagetest.Before, storagetest.After, storagetest.Deadline, storagetest.NoSpace} {
		s := opened(t, served(t, storagetest.NewFaulty(mem.New(), storagetest.Fault{Mode: mode, N: 1, Forever: true})), full)
		direct := storagetest.NewFaulty(mem.New(), storagetest.Fault{Mode: mode, N: 1, Forever: true})
		want := changes(direct)
		for op, got := range changes(s) {
			if fmt.Sprint(got) != fmt.Sprint(want[op]) || errors.Is(got, storage.ErrUnknown) != errors.Is(want[op], storage.ErrUnknown) {
				t.Errorf("%v: %s = %v; without the network it is %v", mode, op, got, want[op])
			}
		}
	}
}

// TestClosedBelow closes the store of the server: that of the client is not closed, since the server may get another.
func TestClosedBelow(t *testing.T) {
	below := mem.New()
	s := opened(t, served(t, below), full)
	_ = below.Close()
	for op, err := range changes(s) {
		if err == nil || errors.Is(err, storage.ErrClosed) || errors.Is(err, storage.ErrUnknown) || !strings.HasSuffix(err.Error(), "store is closed") {
			t.Errorf("%s = %v", op, err)
		}
	}
}

// TestWhatIsNoServer asks somebody else.
func TestWhatIsNoServer(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		`answer cannot be understood: it is none of a store, but "404 Not Found"`: http.NotFound,
		`answer cannot be understood: it is none of a store, but "302 Found"`: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://localhost/", http.StatusFound)
		},
		`format not known to this version: the server speaks version "2" of the protocol, and this is 1`: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Datolite-Protocol", "2")
		},
	} {
		srv := httptest.NewServer(h)
		_, err := remote.Open(bg, srv.URL, remote.Options{Token: full})
		if want := "remote: " + srv.URL + ": " + name; err == nil || err.Error() != want || errors.Is(err, storage.ErrFormat) == errors.Is(err, remote.ErrAnswer) {
			t.Errorf("Open = %v\nwant %s", err, want)
		}
		srv.Close()
	}
}

// A slow store takes its time for a Create.
type slow struct {
	storage.Watcher
	began, end chan struct{}
}

func (s slow) Create(ctx context.Context, key string, value []byte) error {
	close(s.began)
	<-s.end
	return s.Watcher.Create(ctx, key, value)
}

// TestServeEndsInOrder ends a server while one client watches and one creates.
func TestServeEndsInOrder(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	below := slow{mem.New(), make(chan struct{}), make(chan struct{})}
	ctx, stop := context.WithCancel(bg)
	ended := make(chan error, 1)
	go func() { ended <- remote.Serve(ctx, l, below, remote.ServeOptions{Token: full}) }()
	s := opened(t, "http://"+l.Addr().String(), full)
	told, err := s.(storage.Watcher).Watch(bg, "d1/log/")
	if err != nil {
		t.Fatal(err)
	}
	created := make(chan error, 1)
	go func() { created <- s.Create(bg, "d2/log/1", nil) }()
	<-below.began
	stop()
	<-told
	close(below.end)
	if err := errors.Join(<-created, <-ended); err != nil {
		t.Error(err)
	}
}
