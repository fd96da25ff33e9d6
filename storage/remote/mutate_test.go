package remote_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/storage"
	"github.com/datolite/datolite/storage/mem"
)

// corpus has a good request of each operation.
func corpus() []*http.Request {
	return []*http.Request{
		request("limits"), request("get", "d1/log/1"), request("list", "d1/log/", "d1/log/0", "100"), request("watch", "d1/log/"),
		request("create", "d1/log/2", "value"), request("put", "d1/seg/1", "one", "d1/seg/2", "two", "d1/seg/3", ""),
		request("delete", "d1/seg/1", "d1/seg/2"), request("list", "", "", "4096"), request("delete"),
	}
}

// answers are the outcomes that there are.
const answers = " ok failed not-found exists unknown forbidden key too-large format corrupt "

// mutated returns body with some bytes changed, cut, doubled or put in.
func mutated(rng *rand.Rand, body []byte) []byte {
	body = bytes.Clone(body)
	for range 1 + rng.IntN(3) {
		at := rng.IntN(len(body) + 1)
		switch rng.IntN(5) {
		case 0:
			body = body[:at]
		case 1:
			body = append(body[:at:at], append([]byte{byte(rng.IntN(256))}, body[at:]...)...)
		case 2:
			body = append(body, body[at:]...)
		default:
			if at < len(body) {
				body[at] = []byte{0, 1, 0x7f, 0x80, 0xff, body[at] ^ 1<<rng.IntN(8)}[rng.IntN(6)]
			}
		}
	}
	return body
}

// TestMutatedRequests answers requests that nobody would make: each is answered in one of the ways there are, and what is not
// signed as it stands is not done.
func TestMutatedRequests(t *testing.T) {
	t.Parallel()
	const each = 1000
	done := map[string]int{}
	soak.Run(t, 5, 60, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 0))
		log := new(bytes.Buffer)
		h := handler(t, mem.New(), log)
		h.Close() // so that nobody waits for keys
		for range each {
			all := corpus()
			r := all[rng.IntN(len(all))]
			op := strings.Trim(r.URL.Path, "/")
			was, _ := io.ReadAll(r.Body)
			body := mutated(rng, was)
			signed := rng.IntN(4) > 0
			if signed {
				r.Header.Set("Datolite-Sum", sumOf(op, string(body)))
			}
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(rng.IntN(3)-1)*int64(len(body))
			outcome, _ := ask(t, h, r)
			if !strings.Contains(answers, " "+outcome+" ") || outcome == "ok" && !signed && !bytes.Equal(was, body) {
				t.Fatalf("%s %q (signed: %v): %s", op, body, signed, outcome)
			}
			done[op+" "+outcome]++
		}
	})
	for _, must := range []string{"get key", "get failed", "list ok", "create exists", "create key", "put ok", "delete ok", "delete failed"} {
		if done[must] == 0 {
			t.Errorf("none came to %q: %v", must, done)
		}
	}
	t.Logf("%d kinds of answers: %v", len(done), done)
}

// FuzzHandler gives every operation any body, signed.
func FuzzHandler(f *testing.F) {
	ops := []string{"limits", "get", "list", "watch", "create", "put", "delete"}
	for _, r := range corpus() {
		body, _ := io.ReadAll(r.Body)
		f.Add(uint8(len(body)), body[16:])
	}
	f.Fuzz(func(t *testing.T, n uint8, content []byte) {
		op := ops[int(n)%len(ops)]
		store := mem.New()
		h := handler(t, store, new(bytes.Buffer))
		h.Close()
		body := string(bytes.Repeat([]byte{7}, 16)) + string(content)
		r := request(op)
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), -1
		r.Header.Set("Datolite-Sum", sumOf(op, body))
		if outcome, _ := ask(t, h, r); !strings.Contains(answers, " "+outcome+" ") {
			t.Errorf("%s: %s", op, outcome)
		}
		keys, err := store.List(bg, "", "", 1<<20)
		for _, key := range keys {
			if err := storage.CheckKey(key); err != nil {
				t.Error(err)
			}
		}
		if err != nil || len(keys) > 0 && op != "create" && op != "put" {
			t.Error(fmt.Sprint(op, " made ", keys), err)
		}
	})
}
