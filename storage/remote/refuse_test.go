package remote_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/storage/remote"
	"github.com/datolite/datolite/storage/storagetest"
)

// request returns a request as docs/remote.md tells it, to a server on this machine. It is made from the page alone, so that
// the page and the package cannot drift apart.
func request(op string, fields ...string) *http.Request {
	body := bytes.Repeat([]byte{7}, 16)
	for _, field := range fields {
		body = append(binary.AppendUvarint(body, uint64(len(field))), field...)
	}
	r := httptest.NewRequest(http.MethodPost, "http://localhost:7070/"+op, bytes.NewReader(body))
	r.Header.Set("Datolite-Protocol", "1")
	r.Header.Set("Datolite-Sum", sumOf(op, string(body)))
	r.Header.Set("Authorization", "Bearer "+full)
	return r.WithContext(context.WithValue(bg, http.LocalAddrContextKey, net.Addr(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})))
}

// sumOf returns the SHA-256 of parts in hexadecimal digits, of which all but the last come after their length.
func sumOf(parts ...string) string {
	var all []byte
	for i, part := range parts {
		if i < len(parts)-1 {
			all = binary.AppendUvarint(all, uint64(len(part)))
		}
		all = append(all, part...)
	}
	s := sha256.Sum256(all)
	return hex.EncodeToString(s[:])
}

// handler returns a handler of store that logs to log.
func handler(t storagetest.T, store storage.Store, log *bytes.Buffer) *remote.Handler {
	t.Helper()
	h, err := remote.NewHandler(store, remote.ServeOptions{Token: full, ReadToken: read, Hosts: []string{"db.example.com"},
		Logger: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return h
}

// ask returns the outcome and the body of an answer, whose sum must be right.
func ask(t storagetest.T, h http.Handler, r *http.Request) (outcome, body string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	asked, err := hex.DecodeString(r.Header.Get("Datolite-Sum"))
	if err != nil || len(asked) != 32 {
		asked = make([]byte, 32)
	}
	outcome, body = w.Header().Get("Datolite-Outcome"), w.Body.String()
	if w.Header().Get("Datolite-Protocol") != "1" || w.Header().Get("Datolite-Sum") != sumOf(string(asked), outcome, body) {
		t.Errorf("the head of the answer is wrong: %v", w.Header())
	}
	return outcome, body
}

func head(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func host(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }

func reachedAt(addr net.Addr) func(*http.Request) {
	return func(r *http.Request) {
		*r = *r.WithContext(context.WithValue(bg, http.LocalAddrContextKey, addr))
	}
}

// strangers are requests to create a key, spoiled in one way each, and what comes of them.
var strangers = []struct {
	name, outcome, text string
	spoil               func(*http.Request)
}{
	{"nothing wrong", "ok", "", head("User-Agent", "x")},
	{"no token", "forbidden", "the token is not one", func(r *http.Request) { r.Header.Del("Authorization") }},
	{"empty token", "forbidden", "the token is not one", head("Authorization", "Bearer ")},
	{"another token", "forbidden", "the token is not one", head("Authorization", "Bearer "+full+"x")},
	{"half a token", "forbidden", "the token is not one", head("Authorization", "Bearer "+full[:len(full)-1])},
	{"read token", "forbidden", "the token may read, and not create", head("Authorization", "Bearer "+read)},
	{"rebound name", "forbidden", `"evil.example" is no name of this server`, host("evil.example:7070")},
	{"no name", "forbidden", `"" is no name of this server`, host("")},
	{"its name", "ok", "", host("DB.example.com.:443")},
	{"its address", "ok", "", host("[::1]:7070")},
	{"web page", "forbidden", "web pages are not served", head("Origin", "http://localhost:7070")},
	{"page without origin", "forbidden", "web pages are not served", head("Sec-Fetch-Mode", "no-cors")},
	{"from elsewhere", "forbidden", "over TLS alone", reachedAt(&net.TCPAddr{IP: net.IPv4(10, 0, 0, 1)})},
	{"from nowhere", "forbidden", "over TLS alone", reachedAt(nil)},
	{"socket", "ok", "", reachedAt(&net.UnixAddr{})},
	{"over TLS", "ok", "", func(r *http.Request) {
		reachedAt(&net.TCPAddr{IP: net.IPv4(10, 0, 0, 1)})(r)
		r.TLS = &tls.ConnectionState{}
	}},
	{"other version", "format", `speaks version 1 of the protocol, and the request is of version "2"`, head("Datolite-Protocol", "2")},
	{"no version", "format", `is of version ""`, head("Datolite-Protocol", "")},
	{"GET", "failed", "a store of datolite", func(r *http.Request) { r.Method = http.MethodGet }},
	{"other operation", "failed", "a store of datolite", func(r *http.Request) { r.URL.Path = "/steal" }},
	{"known operation", "failed", "its sum is another", func(r *http.Request) { r.URL.Path = "/put" }},
	{"prefix", "ok", "", func(r *http.Request) { r.URL.Path = "/some/where/create" }},
	{"traversal", "failed", "a store of datolite", func(r *http.Request) { r.URL.Path = "/create/../../etc/passwd" }},
	{"no sum", "failed", "its sum is another", func(r *http.Request) { r.Header.Del("Datolite-Sum") }},
	{"sum of another", "failed", "its sum is another", head("Datolite-Sum", sumOf("create", "x"))},
}

func TestStrangersAreRefused(t *testing.T) {
	for _, c := range strangers {
		t.Run(c.name, func(t *testing.T) {
			store, log := mem.New(), new(bytes.Buffer)
			r := request("create", "d1/log/1", "value")
			c.spoil(r)
			outcome, body := ask(t, handler(t, store, log), r)
			if outcome != c.outcome || !strings.Contains(body, c.text) {
				t.Errorf("got %s %q; want %s with %q", outcome, body, c.outcome, c.text)
			}
			if _, err := store.Get(bg, "d1/log/1"); (err == nil) != (c.outcome == "ok") {
				t.Errorf("it is answered %s, and Get = %v", outcome, err)
			}
			if c.outcome != "ok" && !strings.Contains(log.String(), c.outcome) {
				t.Errorf("the log says %q", log)
			}
			for _, secret := range []string{full[:len(full)-1], read} {
				if strings.Contains(body+log.String(), secret) {
					t.Errorf("a token is told: %s %s", body, log)
				}
			}
		})
	}
}

// TestReadTokenReads shows what a token that may read allows.
func TestReadTokenReads(t *testing.T) {
	h := handler(t, mem.New(), new(bytes.Buffer))
	for op, want := range map[string]string{"limits": "ok", "get": "not-found", "list": "ok", "create": "forbidden", "put": "forbidden", "delete": "forbidden"} {
		r := request(op, map[string][]string{"get": {"d1/meta"}, "list": {"d1/log/", "", "1"}}[op]...)
		r.Header.Set("Authorization", "Bearer "+read)
		if got, body := ask(t, h, r); got != want {
			t.Errorf("%s: %s %q; want %s", op, got, body, want)
		}
	}
}

// TestBadRequests are well signed, and ask for what cannot be.
func TestBadRequests(t *testing.T) {
	h := handler(t, mem.New(), new(bytes.Buffer))
	for _, c := range []struct {
		want string
		r    *http.Request
	}{
		{"failed", request("get")},
		{"failed", request("get", "a", "b")},
		{"key", request("get", "../../etc/passwd%00")},
		{"not-found", request("get", "../../etc/passwd")},
		{"key", request("get", "d1/Meta")},
		{"key", request("create", strings.Repeat("k", 513), "")},
		{"failed", request("put", "d1/seg/1")},
		{"too-large", request("put", "d1/seg/1", strings.Repeat("v", 16<<20+1))},
		{"too-large", request("create", "d1/seg/1", strings.Repeat("v", 17<<20))},
		{"too-large", request("get", strings.Repeat("k", 70<<10))},
		{"too-large", request("list", "d1/log/", "", "4097")},
		{"too-large", request("list", "d1/log/", "", "0")},
		{"too-large", request("list", "d1/log/", "", "x")},
		{"failed", request("delete", make([]string, 20_001)...)},
		{"failed", request("watch")},
	} {
		if got, body := ask(t, h, c.r); got != c.want {
			t.Errorf("%s: %s %.100q; want %s", c.r.URL.Path, got, body, c.want)
		}
	}
}

func TestUnsafeServersAreRefused(t *testing.T) {
	for want, o := range map[string]remote.ServeOptions{
		"Token has 0 bytes":        {},
		"Token has 6 bytes":        {Token: "secret"},
		"ReadToken has 6 bytes":    {Token: full, ReadToken: "secret"},
		"ReadToken is the same as": {Token: full, ReadToken: full},
		"can be reached from":      {Token: full},
	} {
		l, err := net.Listen("tcp", "0.0.0.0:0")
		if err != nil {
			t.Fatal(err)
		}
		err = remote.Serve(bg, l, mem.New(), o)
		if !errors.Is(err, remote.ErrInsecure) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), full) {
			t.Errorf("Serve = %v; want %q", err, want)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the listener is open: %v", err)
		}
	}
}

func TestUnsafeAddressesAreRefused(t *testing.T) {
	for address, want := range map[string]string{
		"http://db.example.com":           "remote: http://db.example.com: refused, since it is not safe: others could read the token and the data on their way: use https",
		"http://127.0.0.1.example.com:80": "remote: http://127.0.0.1.example.com:80: refused, since it is not safe: others could read the token and the data on their way: use https",
		"https://me:secret@example.com":   "remote: https://me:xxxxx@example.com: refused, since it is not safe: a password in an address ends up in logs: see Options.Token",
		"people":                          "remote: people: not the address of a store, such as https://db.example.com",
		"ftp://localhost":                 "remote: ftp://localhost: not the address of a store, such as https://db.example.com",
		"http://me:secret@%zz":            "",
	} {
		_, err := remote.Open(bg, address, remote.Options{Token: full})
		place := (*remote.OpenError)(nil)
		if !errors.As(err, &place) || want != "" && err.Error() != want || strings.Contains(err.Error(), "secret") {
			t.Errorf("Open = %v\nwant %s", err, want)
		}
		if strings.Contains(want, "not safe") != errors.Is(err, remote.ErrInsecure) {
			t.Errorf("Open = %v: of which kind?", err)
		}
	}
}
