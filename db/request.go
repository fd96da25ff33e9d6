package db

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// A request is a transaction that somebody waits for. It is waiting until a slot is asked for it; then it is asked, until the slot
// is filled: by a record with it, and it is answered; or by another one, and it is waiting again. One whose caller left while it
// was waiting is withdrawn; one whose caller left while it was asked is tried in no other slot.
//
// It is the context of its Eval: the caller's, by which a Commit from within is known, and which ends with the Conn too, so that an Eval
// that waits for a store does not hold up Close for longer than the writer itself.
type request struct {
	context.Context
	conn  *Conn
	eval  Eval
	state atomic.Uint32

	running sync.Mutex                 // held while the request is evaluated
	waits   atomic.Pointer[evaluation] // from the first time on that the Eval asks for Done; nil before

	id OutcomeID // of the attempt, set before the state is asked

	rep  *Report
	err  error
	told chan struct{} // closed when the answer is there
}

// The states of a request.
const (
	waiting uint32 = iota
	asked
	answered
	left
)

func newRequest(ctx context.Context, c *Conn, eval Eval) *request {
	return &request{Context: ctx, conn: c, eval: eval, told: make(chan struct{})}
}

// nested is the key by which the context of an Eval tells whose writer it keeps busy.
type nested struct{ conn *Conn }

// Value returns what the caller's context has for a key, and for its Conn whether it is nested.
func (r *request) Value(key any) any {
	if key == (nested{r.conn}) {
		return true
	}
	return r.base().Value(key)
}

// Err returns why the context of the Eval has ended, or nil.
func (r *request) Err() error { return r.base().Err() }

// Done returns a channel that is closed when the caller's context ends, or that of the Conn, or the evaluation. Few Evals wait
// for anything, so it is made when asked for.
func (r *request) Done() <-chan struct{} {
	for r.waits.Load() == nil {
		ctx, cancel := context.WithCancel(r.Context)
		e := &evaluation{ctx, cancel, context.AfterFunc(r.conn.ctx, cancel)}
		if !r.waits.CompareAndSwap(nil, e) {
			e.end()
		}
	}
	return r.base().Done()
}

func (r *request) base() context.Context {
	if e := r.waits.Load(); e != nil {
		return e
	}
	return r.Context
}

// An evaluation is the context of an Eval that waits for something.
type evaluation struct {
	context.Context
	cancel context.CancelFunc
	stop   func() bool
}

func (e *evaluation) end() {
	e.stop()
	e.cancel()
}

// release ends the evaluation, and leaves the context as it was before.
func (r *request) release() {
	if e := r.waits.Swap(nil); e != nil {
		e.end()
	}
}

// evaluate returns the report of the request on a snapshot. It reports false where the caller left before: nothing of a
// transaction runs once its caller has an answer.
func (r *request) evaluate(before *Snapshot) (rep *Report, ok bool, err error) {
	r.running.Lock()
	defer r.running.Unlock()
	if r.over() {
		return nil, false, nil
	}
	defer r.release()
	rep, err = r.protected(before)
	return rep, true, err
}

// protected evaluates the request. Where it panics, or ends the goroutine, the transaction alone fails.
func (r *request) protected(before *Snapshot) (rep *Report, err error) {
	returned := false
	defer func() {
		switch p := recover(); {
		case p != nil:
			r.conn.o.Logger.Error("a transaction panicked", "value", p, "stack", string(debug.Stack()))
			rep, err = nil, &PanicError{p}
		case !returned: // and nobody up the stack will ever answer
			r.answer(nil, &PanicError{errGoexit})
		}
	}()
	rep, err = r.eval(r, before)
	returned = true
	if err == nil {
		err = rep.follows(before)
	}
	if err != nil {
		return nil, err
	}
	return rep, nil
}

// follows returns errMoved unless the report is what an Eval may return on a snapshot: one that Apply made of it, or that of a repeat.
func (rep *Report) follows(before *Snapshot) error {
	if rep == nil || !rep.repeated && (rep.Before != before || rep.After.pending.Load() != rep) {
		return errMoved
	}
	return nil
}

// errGoexit is the Value of a PanicError whose function ended its goroutine.
var errGoexit = errors.New("it called runtime.Goexit")

// ask moves the request from waiting to asked, for its place in a record, and reports whether its caller is still there.
func (r *request) ask(id OutcomeID) bool {
	if r.state.Load() != waiting {
		return false
	}
	r.id = id
	return r.state.CompareAndSwap(waiting, asked)
}

// reopen moves the request from asked to waiting, unless its caller left.
func (r *request) reopen() { r.state.CompareAndSwap(asked, waiting) }

// answer tells the caller, if there still is one.
func (r *request) answer(rep *Report, err error) {
	r.rep, r.err = rep, err
	r.state.Swap(answered)
	close(r.told)
}

// lost answers that nobody knows whether the slot was filled with the request.
func (r *request) lost(cause error) {
	r.answer(nil, &OutcomeError{ID: r.id, Cause: cause})
}

// over reports whether the writer has nothing more to do for the request.
func (r *request) over() bool {
	state := r.state.Load()
	return state == answered || state == left
}

// leave returns what the caller is told who no longer waits: the answer if there is one. It waits for an evaluation to end, which has
// the context of the caller.
func (r *request) leave(why error) (*Report, error) {
	r.running.Lock()
	defer r.running.Unlock()
	for {
		switch {
		case r.state.CompareAndSwap(waiting, left):
			return nil, why
		case r.state.CompareAndSwap(asked, left):
			return nil, &OutcomeError{ID: r.id, Cause: why}
		case r.state.Load() == answered:
			<-r.told
			return r.rep, r.err
		}
	}
}

// result returns the answer, which of a Conn that has ended may be missing, or be that it ended in the middle.
func (r *request) result() (*Report, error) {
	if closed(r.told) && !r.interrupted() {
		return r.rep, r.err
	}
	return nil, fmt.Errorf("db: %w", ErrClosed)
}

// interrupted reports whether nothing happened because the Conn ended, and not the caller's context.
func (r *request) interrupted() bool {
	return errors.Is(r.err, context.Canceled) && !errors.Is(r.err, ErrUnknownOutcome) && r.conn.ctx.Err() != nil && r.Context.Err() == nil
}
