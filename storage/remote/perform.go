package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/datolite/datolite/storage"
)

// perform does an operation of the store, and returns the body of the answer.
func (h *Handler) perform(ctx context.Context, op operation, fields [][]byte) ([]byte, error) {
	switch op.name {
	case "limits":
		return h.tellLimits(), nil
	case "get":
		if len(fields) == 1 {
			return h.store.Get(ctx, string(fields[0]))
		}
	case "list":
		if len(fields) == 3 {
			return h.list(ctx, string(fields[0]), string(fields[1]), string(fields[2]))
		}
	case "create":
		if len(fields) == 2 {
			return nil, h.store.Create(ctx, string(fields[0]), fields[1])
		}
	case "unless":
		if g, can := h.store.(storage.Guarded); len(fields) == 3 && can {
			return nil, g.CreateUnless(ctx, string(fields[0]), fields[1], string(fields[2]))
		}
	case "put":
		if len(fields)%2 == 0 {
			return nil, h.store.Put(ctx, items(fields)...)
		}
	case "delete":
		return nil, h.store.Delete(ctx, texts(fields)...)
	}
	return nil, fmt.Errorf("%w: %d of them are not those of %s", errFields, len(fields), op.name)
}

// abilities are the upgrades of a store that a server can pass on.
type abilities struct{ watches, guards bool }

// tellLimits returns what a client must know: the limits, and what else the store can do.
func (h *Handler) tellLimits() []byte {
	_, watches := h.store.(storage.Watcher)
	_, guards := h.store.(storage.Guarded)
	return appendFields(nil, strconv.Itoa(h.limits.Value), strconv.Itoa(h.limits.Batch), h.limits.Poll.String(),
		strconv.FormatBool(watches), strconv.FormatBool(guards))
}

// parseLimits returns what tellLimits told. A server that does not tell whether its store is Guarded passes on none that is.
func parseLimits(body []byte) (limits storage.Limits, can abilities, err error) {
	fields, err := splitFields(body, 8)
	if err != nil || len(fields) < 4 {
		return limits, can, fmt.Errorf("%w: it tells no limits", ErrAnswer)
	}
	var errs [5]error
	limits.Value, errs[0] = strconv.Atoi(string(fields[0]))
	limits.Batch, errs[1] = strconv.Atoi(string(fields[1]))
	limits.Poll, errs[2] = time.ParseDuration(string(fields[2]))
	can.watches, errs[3] = strconv.ParseBool(string(fields[3]))
	if len(fields) > 4 {
		can.guards, errs[4] = strconv.ParseBool(string(fields[4]))
	}
	if errors.Join(errs[:]...) != nil || limits.Value < 1 || limits.Value > 1<<30 || limits.Batch < 1 || limits.Poll < 0 {
		return limits, can, fmt.Errorf("%w: it tells no limits", ErrAnswer)
	}
	return limits, can, nil
}

// list returns a page of keys.
func (h *Handler) list(ctx context.Context, prefix, after, limit string) ([]byte, error) {
	n, err := strconv.Atoi(limit)
	if err != nil || n < 1 || n > pageKeys {
		return nil, fmt.Errorf("%w: a page has 1 to %d keys", storage.ErrTooLarge, pageKeys)
	}
	found, err := h.store.List(ctx, prefix, after, n)
	if err != nil {
		return nil, err
	}
	return appendFields(nil, found...), nil
}

func items(fields [][]byte) []storage.Item {
	list := make([]storage.Item, len(fields)/2)
	for i := range list {
		list[i] = storage.Item{Key: string(fields[2*i]), Value: fields[2*i+1]}
	}
	return list
}

func texts(fields [][]byte) []string {
	list := make([]string, len(fields))
	for i, field := range fields {
		list[i] = string(field)
	}
	return list
}

// watchFor is how long a watch lasts at most: then the client is told to look, and watches again.
const watchFor = 30 * time.Second

// watch sends the head of the answer when the store has the watch, and the end of it when there may be a key.
func (h *Handler) watch(r *http.Request, op operation, a *answer) error {
	fields, err := h.fields(r, op, a)
	if err != nil {
		return err
	}
	w, can := h.store.(storage.Watcher)
	switch {
	case !can:
		return errors.New("the store cannot be watched")
	case len(fields) != 1:
		return errFields
	}
	select {
	case <-h.closing:
		return errors.New("the server ends")
	default:
	}
	select {
	case h.watches <- struct{}{}:
		defer func() { <-h.watches }()
	default:
		return errors.New("too many wait already")
	}
	ctx, cancel := context.WithTimeout(r.Context(), watchFor)
	defer cancel()
	told, err := w.Watch(ctx, string(fields[0]))
	if err != nil {
		return err
	}
	a.begin(ok, nil)
	if err := http.NewResponseController(a.w).Flush(); err != nil {
		return nil // nobody is there any more
	}
	select {
	case <-told:
	case <-ctx.Done():
	case <-h.closing:
	}
	return nil
}
