package tx

import (
	"context"
	"iter"

	"github.com/datolite/datolite/db"
)

// ImportOptions say how an import is done. The zero ImportOptions are right for most.
type ImportOptions struct {
	Items    int             // how many items a transaction has, unless one data has more; 10,000 when zero
	Progress func(db.Import) // called after each transaction; nil for nobody
}

// Import makes data part of the database that is too much for one transaction: it is divided into transactions, each on what the ones
// before it came to, of which all become visible at once, or none. What one data says is not divided: a tempid means one entity within it,
// and data of the same transaction is one set with it; from one transaction to the next an entity is found by its unique identity.
//
// Facts go straight into the trees of the index, so that memory is bounded whatever there is to import (db.Options.Memory is a bound of
// what is not in trees yet). Whoever reads sees nothing of it before its end; a process that ends before that leaves the database as it
// was. Where data is refused, nothing has happened, and the error is an *Error, with the number of the item among all. It is
// db.ErrOvertaken if anyone commits another transaction meanwhile; import again then. An import has no idempotency key (Once).
func Import(ctx context.Context, conn *db.Conn, data iter.Seq2[Data, error], o ImportOptions) (db.Import, error) {
	if o.Items <= 0 {
		o.Items = 10_000
	}
	if o.Progress == nil {
		o.Progress = func(db.Import) {}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	return conn.Import(ctx, ahead(ctx, submissions(data, o.Items)), o.Progress)
}

// submissions divides data into transactions of about so many items.
func submissions(data iter.Seq2[Data, error], items int) iter.Seq2[db.Eval, error] {
	return func(yield func(db.Eval, error) bool) {
		c := &collector{}
		for d, err := range data {
			if err == nil {
				all{d}.items(c)
				err = c.err
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if len(c.list) < items {
				continue
			}
			if !yield(c.submission()) {
				return
			}
			c = &collector{before: c.before + len(c.list), list: make([]item, 0, len(c.list))}
		}
		if len(c.list) > 0 {
			yield(c.submission())
		}
	}
}

// submission returns the transaction of what was collected for an import.
func (c *collector) submission() (db.Eval, error) {
	for i := range c.list {
		if it := &c.list[i]; it.form.kind == once {
			return nil, it.place(fail(ErrNotData, "an import has no idempotency key: it happens once or not at all"))
		}
	}
	return (&submission{items: c.list, quiet: true}).run, nil
}

// ahead yields what evals yields, which it asks for in another goroutine while the caller deals with what came before.
func ahead(ctx context.Context, evals iter.Seq2[db.Eval, error]) iter.Seq2[db.Eval, error] {
	type next struct {
		eval  db.Eval
		err   error
		panic any
	}
	return func(yield func(db.Eval, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		coming := make(chan next, 2)
		defer func() {
			stop()
			for range coming { // until the other goroutine has ended
			}
		}()
		go func() {
			defer close(coming)
			defer func() {
				if r := recover(); r != nil {
					coming <- next{panic: r}
				}
			}()
			for eval, err := range evals {
				select {
				case coming <- next{eval: eval, err: err}:
				case <-ctx.Done():
					return
				}
			}
		}()
		for n := range coming {
			if n.panic != nil {
				panic(n.panic)
			}
			if !yield(n.eval, n.err) {
				return
			}
		}
	}
}
