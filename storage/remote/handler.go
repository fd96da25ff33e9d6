package remote

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/datolite/datolite/storage"
)

// A Handler serves a store to those who Open its URL, which is the one that the Handler is mounted at. Serve runs it in a
// server with the right time-outs; in a server of another kind the caller sets those, with at least a minute for an answer.
//
// It answers nobody who could not be told from an attacker: it takes requests over TLS or from this machine alone, under a name
// that ServeOptions tells, never those that a web page sends, and of these only what the token allows.
type Handler struct {
	store   storage.Store
	limits  storage.Limits
	hosts   []string
	write   credential
	read    credential
	logger  *slog.Logger
	turns   chan struct{} // full while as many requests are worked on as are at once
	watches chan struct{} // the same for those that wait
	closing chan struct{}
	close   sync.Once
}

// How many requests a Handler has in memory, and how many watch; more of them wait, or are turned away.
const (
	atOnce    = 64
	mostWatch = 4096
)

// NewHandler returns a Handler of store. It is ErrInsecure if a token is missing, or could be guessed.
func NewHandler(store storage.Store, o ServeOptions) (*Handler, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("remote: %w", err)
	}
	h := &Handler{store: store, limits: store.Limits(), hosts: o.Hosts, write: newCredential(o.Token), read: newCredential(o.ReadToken),
		logger: o.Logger, turns: make(chan struct{}, atOnce), watches: make(chan struct{}, mostWatch), closing: make(chan struct{})}
	if h.logger == nil {
		h.logger = slog.New(slog.DiscardHandler)
	}
	return h, nil
}

// Close ends all watches, so that a server can shut down; later ones are refused. Other requests are answered as before. It is
// good for http.Server.RegisterOnShutdown.
func (h *Handler) Close() { h.close.Do(func() { close(h.closing) }) }

// A credential is a token as it is compared: its hash, so that the comparison tells nothing about it, not even its length.
type credential struct {
	hash  [sha256.Size]byte
	valid bool
}

func newCredential(token string) credential {
	return credential{sha256.Sum256([]byte(token)), token != ""}
}

// matches reports whether token is the one of the credential, in a time that does not depend on them.
func (c credential) matches(token string) bool {
	hash := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(c.hash[:], hash[:]) == 1 && c.valid
}

// ServeHTTP does what a request asks for, and answers it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := &answer{w: w, request: parseSum(r.Header.Get(headerSum))}
	op, err := h.admit(r)
	if err == nil && op.name == "watch" {
		err = h.watch(r, op, a)
	} else if err == nil {
		err = h.answer(r, op, a)
	}
	if err == nil {
		return
	}
	word := outcomes[outcomeOf(err)].word
	h.logger.Log(r.Context(), levelOf(err), "request not done", "operation", op.name, "from", r.RemoteAddr, "outcome", word, "error", err)
	a.refuse(err)
}

// levelOf returns how loud an error is: that a key is there, or is not, is what a database asks for.
func levelOf(err error) slog.Level {
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrExists) {
		return slog.LevelDebug
	}
	return slog.LevelWarn
}

// admit returns the operation of a request that may be read on.
func (h *Handler) admit(r *http.Request) (operation, error) {
	if err := h.trust(r); err != nil {
		return operation{}, err
	}
	if speaks := r.Header.Get(headerVersion); speaks != version {
		return operation{}, fmt.Errorf("%w: the server speaks version %s of the protocol, and the request is of version %.16q", storage.ErrFormat, version, speaks)
	}
	op, known := operations[r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]]
	if !known || r.Method != http.MethodPost {
		return operation{}, fmt.Errorf("this is a store of datolite, to be opened by storage/remote: POST one of its operations")
	}
	return op, h.authorize(r, op)
}

// authorize returns storage.ErrForbidden unless the request has a token that allows the operation.
func (h *Handler) authorize(r *http.Request, op operation) error {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	write, read := h.write.matches(token), h.read.matches(token)
	switch {
	case !write && !read:
		return fmt.Errorf("%w: the token is not one of this server's", storage.ErrForbidden)
	case !write && op.changes:
		return fmt.Errorf("%w: the token may read, and not %s", storage.ErrForbidden, op.name)
	}
	return nil
}

// answer reads a request, does what it asks for when it has its turn, and sends what came of it.
func (h *Handler) answer(r *http.Request, op operation, a *answer) error {
	select {
	case h.turns <- struct{}{}:
		defer func() { <-h.turns }()
	case <-r.Context().Done():
		return r.Context().Err()
	}
	fields, err := h.fields(r, op, a)
	if err != nil {
		return err
	}
	body, err := h.perform(r.Context(), op, fields)
	if err != nil {
		return err
	}
	a.send(ok, body)
	return nil
}

// fields returns the fields of a request whose body is whole and not over its bound.
func (h *Handler) fields(r *http.Request, op operation, a *answer) ([][]byte, error) {
	most, count := maxBody(h.limits), 2*h.limits.Batch
	if op.small {
		most, count = overhead, 4
	}
	body, err := readAll(r.Body, r.ContentLength, most)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the request was cut on its way: %w", err)
	case len(body) > most:
		return nil, fmt.Errorf("%w: the body has more than %d bytes", storage.ErrTooLarge, most)
	case requestSum(op.name, body) != a.request, len(body) < nonceSize:
		return nil, errors.New("the request was altered on its way: its sum is another")
	}
	return splitFields(body[nonceSize:], count)
}

// readAll reads a body that tells that it has length bytes, or -1, and stops when it is longer than most.
func readAll(r io.Reader, length int64, most int) ([]byte, error) {
	buf := make([]byte, 0, min(max(length, 0), int64(most))+512)
	for {
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > most, err == io.EOF:
			return buf, nil
		case err != nil:
			return nil, err
		case len(buf) == cap(buf):
			buf = append(buf, 0)[:len(buf)]
		}
	}
}

// An answer is what is sent for one request.
type answer struct {
	w       http.ResponseWriter
	request sum
}

// send sends an answer whole.
func (a *answer) send(outcome int, body []byte) {
	a.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	a.begin(outcome, body)
	_, _ = a.w.Write(body) // who does not get it knows
}

// begin sends the head of an answer.
func (a *answer) begin(outcome int, body []byte) {
	o, head := outcomes[outcome], a.w.Header()
	head.Set(headerVersion, version)
	head.Set(headerOutcome, o.word)
	head.Set(headerSum, answerSum(a.request, o.word, body).String())
	head.Set("Content-Type", "text/plain; charset=utf-8")
	if outcome == ok {
		head.Set("Content-Type", contentType)
	}
	head.Set("Cache-Control", "no-store")
	head.Set("X-Content-Type-Options", "nosniff")
	a.w.WriteHeader(o.status)
}

// refuse sends an error as text. The client knows the key.
func (a *answer) refuse(err error) {
	text := reason(err)
	a.send(outcomeOf(err), []byte(text[:min(len(text), maxText)]))
}
