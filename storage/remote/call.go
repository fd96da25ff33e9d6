package remote

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/datolite/datolite/storage"
)

// Why a call ends whose answer does not come.
var (
	errSlow      = errors.New("no answer in time")
	errMeanwhile = errors.New("the store was closed meanwhile")
)

// call has the server do an operation, and returns the content of the answer, which has at most so many bytes.
func (c *client) call(ctx context.Context, name string, most int, fields ...[]byte) ([]byte, error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel(nil)
	late := time.AfterFunc(c.o.Timeout, func() { cancel(fmt.Errorf("%w: after %v", errSlow, c.o.Timeout)) })
	defer late.Stop()
	q := newQuestion(name, fields)
	resp, err := c.send(ctx, q)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := q.read(resp, most)
	if err != nil {
		return nil, q.classify(whyEnded(ctx, err), true)
	}
	return body, nil
}

// whyEnded returns why ctx ended, or err if it has not.
func whyEnded(ctx context.Context, err error) error {
	switch cause := context.Cause(ctx); {
	case cause == nil:
		return err
	case errors.Is(cause, errSlow), errors.Is(cause, storage.ErrClosed):
		return cause
	}
	return ctx.Err()
}

// bounded returns ctx as it ends when the store is closed.
func (c *client) bounded(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(c.life, func() { cancel(storage.ErrClosed) })
	return ctx, func(cause error) {
		stop()
		cancel(cause)
	}
}

// A question is a request, and what is needed to know its answer.
type question struct {
	op   operation
	body []byte
	sum  sum
}

func newQuestion(name string, fields [][]byte) *question {
	size := nonceSize
	for _, field := range fields {
		size += len(field) + 8
	}
	body := make([]byte, nonceSize, size)
	_, _ = rand.Read(body) // never fails
	body = appendFields(body, fields...)
	return &question{operations[name], body, requestSum(name, body)}
}

// send sends a question, and returns the answer when its head has come.
func (c *client) send(ctx context.Context, q *question) (*http.Response, error) {
	if c.life.Err() != nil {
		return nil, storage.ErrClosed
	}
	if ctx.Err() != nil {
		return nil, whyEnded(ctx, nil)
	}
	var reached atomic.Bool // a connection: before it there is one, the server has nothing
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { reached.Store(true) }}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), http.MethodPost, c.base+"/"+q.op.name, bytes.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set(headerVersion, version)
	req.Header.Set(headerSum, q.sum.String())
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Authorization", "Bearer "+c.o.Token)
	if !q.op.once {
		req.Header["Idempotency-Key"] = nil // lets the transport repeat what a connection that was closed meanwhile has swallowed
	}
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return nil, q.classify(whyEnded(ctx, err), reached.Load())
	}
	return resp, nil
}

// classify returns the error of a call. That of a change which may have reached the server, and of which it did not say itself
// what came, is storage.ErrUnknown.
func (q *question) classify(err error, reached bool) error {
	said := errors.As(err, new(*failure)) || errors.Is(err, storage.ErrFormat)
	if said || !reached || !q.op.changes {
		return err
	}
	if errors.Is(err, storage.ErrClosed) { // by itself it would say that nothing happened
		err = errMeanwhile
	}
	return fmt.Errorf("%w: %w", storage.ErrUnknown, err)
}

// read returns the content of an answer, if it is the whole answer to the question.
func (q *question) read(resp *http.Response, most int) ([]byte, error) {
	body, err := q.readBody(resp, most)
	if err != nil {
		return nil, err
	}
	word := resp.Header.Get(headerOutcome)
	outcome := outcomeNamed(word)
	switch {
	case outcome < 0 || resp.Header.Get(headerSum) != answerSum(q.sum, word, body).String():
		return nil, fmt.Errorf("%w: it was altered on its way, or is the answer to something else", ErrAnswer)
	case outcome == ok:
		return body, nil
	}
	return nil, &failure{outcomes[outcome].kind, string(body)}
}

// readBody returns the body of an answer of this version of the protocol.
func (q *question) readBody(resp *http.Response, most int) ([]byte, error) {
	switch speaks := resp.Header.Get(headerVersion); speaks {
	case version:
	case "":
		return nil, fmt.Errorf("%w: it is none of a store, but %q", ErrAnswer, shortened(resp.Status))
	default:
		return nil, fmt.Errorf("%w: the server speaks version %.16q of the protocol, and this is %s", storage.ErrFormat, speaks, version)
	}
	most = max(most, maxText)
	body, err := readAll(resp.Body, resp.ContentLength, most)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: it was cut on its way: %w", ErrAnswer, err)
	case len(body) > most:
		return nil, fmt.Errorf("%w: it is longer than %d bytes", ErrAnswer, most)
	}
	return body, nil
}

func shortened(text string) string { return text[:min(len(text), 64)] }
