package tx

import (
	"bufio"
	"context"
	"errors"
	"io"
	"iter"
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

// ImportText makes the transactions of a text part of a database that has none: the same datoms under the same ids, by transactions of
// the same t and instant, with the idempotency keys of which the text tells. All of it becomes visible at once, or nothing, as with
// Import, in bounded memory.
//
// The text may have been edited: each transaction must be one that the transactions before it allow, and come to the datoms that stand
// behind it and to no others. Where it is not, the error is an *Error with line and column: what is no such text is ErrText, and what
// Transact refuses is refused as there (db.ErrUnknownAttribute, db.ErrWrongType, ErrUniqueConflict, ErrAlter …). It is ErrNotEmpty if the
// database has transactions, db.ErrFormat if a later version wrote the text, and db.ErrOvertaken if anyone commits another transaction
// meanwhile.
func ImportText(ctx context.Context, conn *db.Conn, from io.Reader, o TextOptions) (Text, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	snap, err := conn.Sync(ctx)
	if err != nil {
		return Text{}, err
	}
	if err := checkEmpty(snap); err != nil {
		return Text{}, err
	}
	r := &textReader{from: bufio.NewReaderSize(from, 1<<16)}
	done := Text{}
	if _, err := conn.Import(ctx, ahead(ctx, r.evals(&done)), func(db.Import) { o.told(done) }); err != nil {
		return Text{}, err
	}
	return r.text, nil
}

// checkEmpty refuses a database that has transactions.
func checkEmpty(snap *db.Snapshot) error {
	if snap.T() == 0 {
		return nil
	}
	return fail(ErrNotEmpty, "the database is at %s: a text is read into one that has no transactions", snap.T())
}

// evals yields the transactions of a text as they are to be evaluated. What was read up to one is told when it was evaluated.
func (r *textReader) evals(done *Text) iter.Seq2[db.Eval, error] {
	return func(yield func(db.Eval, error) bool) {
		for t, err := range r.transactions {
			if err != nil {
				yield(nil, err)
				return
			}
			upTo := r.text
			if !yield(func(ctx context.Context, before *db.Snapshot) (*db.Report, error) {
				rep, err := t.run(ctx, before)
				*done = upTo
				return rep, err
			}, nil) {
				return
			}
		}
	}
}

// run makes the transaction on the snapshot of those before it.
func (t *textTx) run(ctx context.Context, before *db.Snapshot) (*db.Report, error) {
	commit, err := t.commit(ctx, before)
	if err == nil {
		var rep *db.Report
		if rep, err = before.Apply(commit); err == nil {
			return rep, nil
		}
		err = fail(err, "%v", err)
	}
	if e := (*Error)(nil); errors.As(err, &e) && e.Line == 0 {
		e.Line, e.Col = t.at.Line, t.at.Col
	}
	return nil, err
}

// commit returns what is to be applied to the snapshot before.
func (t *textTx) commit(ctx context.Context, before *db.Snapshot) (db.Commit, error) {
	switch {
	case t.t != before.NextT() && before.T() == 0:
		return db.Commit{}, fail(ErrText, "the first transaction has the t %d, not %d", int64(before.NextT()), int64(t.t))
	case t.instant.Before(before.Instant()):
		return db.Commit{}, fail(ErrPastInstant, "%s is before the instant of the transaction before it, %s", edn.String(t.instant),
			edn.String(before.Instant()))
	}
	x := &expansion{base: newBase(ctx, before), items: make([]item, len(t.datoms)), names: newTempids(0)}
	changes, err := t.changes(x)
	if err != nil {
		return db.Commit{}, err
	}
	r := &resolution{expansion: x, unification: newUnification(x), nextT: t.nextT, nextElement: t.nextElement, stated: true}
	commit, err := settle(r, slices.Clip(changes))
	if err != nil {
		return db.Commit{}, err
	}
	commit.Facts, err = t.inOrder(x, changes, commit.Facts)
	commit.Instant, commit.Digest, commit.TempIDs, commit.Created = t.instant, t.digest, t.tempIDs, t.created
	return commit, err
}

// changes returns what the datoms say, and finds out which is the next attribute behind them.
func (t *textTx) changes(x *expansion) ([]change, error) {
	changes := make([]change, len(t.datoms))
	next := x.snap.NextElement()
	for i := range t.datoms {
		n := &t.datoms[i]
		x.items[i].form = form{kind: atom, val: *n, line: int32(n.Pos.Line), col: int32(n.Pos.Col)}
		c, err := t.change(x, n)
		if err != nil {
			return nil, err
		}
		changes[i], changes[i].item = c, i
		if c.e.Part() == index.PartDB {
			next = max(next, c.e+1)
		}
	}
	if t.nextElement == 0 {
		t.nextElement = next
	}
	if t.nextElement < next {
		return nil, fail(ErrText, "%s is %d, and there is an attribute with the id %d", keyElement, int64(t.nextElement), int64(next-1))
	}
	return changes, nil
}

// change returns what a datom says.
func (t *textTx) change(x *expansion, n *edn.Node) (change, error) {
	if len(n.Items) != 4 {
		return change{}, badDatom(n, n, "a datom is [entity attribute value added], and this has %d parts", len(n.Items))
	}
	var c change
	id, ok := n.Items[0].Value.(int64)
	if c.e = db.ID(id); !ok || !t.issued(c.e) {
		return c, badDatom(n, &n.Items[0], "%s is the id of no entity: those before the next transaction are below t %d, and attributes below %d",
			brief(&n.Items[0]), int64(t.nextT), maxElement)
	}
	added, ok := n.Items[3].Value.(bool)
	if c.end = !added; !ok {
		return c, badDatom(n, &n.Items[3], "a datom ends in true where it is asserted, in false where it is retracted, not in %s", brief(&n.Items[3]))
	}
	var err error
	if c.a, err = attrOf(x, n, &n.Items[1]); err != nil {
		return c, err
	}
	if c.e == x.tx && c.a.Ident == "db/txInstant" {
		return c, badDatom(n, n, "the instant of a transaction stands in its own line")
	}
	c.v, err = valueOf(x, n, c.a, &n.Items[2])
	return c, err
}

// issued reports whether an id can have been given to an entity by the transaction, or before.
func (t *textTx) issued(id db.ID) bool {
	switch id.Part() {
	case index.PartDB:
		return 0 <= id && id < maxElement
	case index.PartTx, index.PartUser:
		return id.T() < t.nextT
	}
	return false
}

// badDatom returns the refusal of a part of a datom.
func badDatom(n, part *edn.Node, format string, args ...any) *Error {
	return at(n, part, fail(ErrText, format, args...))
}

// at gives a refusal the place of a part of a datom.
func at(n, part *edn.Node, e *Error) *Error {
	e.Line, e.Col, e.Text = n.Pos.Line, part.Pos.Col, brief(n)
	return e
}

func brief(n *edn.Node) string { return form{kind: atom, val: *n}.String() }

// attrOf returns the attribute that a datom is about.
func attrOf(x *expansion, n, part *edn.Node) (*db.Attribute, error) {
	if id, ok := part.Value.(int64); ok {
		if a, ok := x.schema.Attribute(db.ID(id)); ok {
			return a, nil
		}
	}
	k, ok := part.Value.(db.Keyword)
	if a, known := x.schema.Named(string(k)); ok && known {
		return a, nil
	}
	unknown := &db.AttributeError{Attr: brief(part), Err: db.ErrUnknownAttribute}
	if ok {
		unknown.Near = x.schema.Nearest(string(k))
	}
	return nil, at(n, part, fail(unknown, "%v", unknown))
}

// valueOf returns the value of a datom.
func valueOf(x *expansion, n *edn.Node, a *db.Attribute, part *edn.Node) (db.Value, error) {
	plain, err := statedValue(n, part)
	if err != nil {
		return db.Value{}, err
	}
	if k, ok := plain.(db.Keyword); ok && a.Type == db.TypeRef {
		id, ok := x.schema.EntID(k)
		if !ok || id >= firstOwn {
			return db.Value{}, badDatom(n, part, "%s names nothing that is built in: other references are ids", k)
		}
		plain = id
	}
	var v db.Value
	if a.Type == db.TypeTuple {
		v, err = a.Value(plain)
	} else {
		v, err = scalar(a, form{kind: atom, val: plain})
	}
	if err == nil {
		err = checkRefs(a, v)
	}
	if e, ok := err.(*Error); ok {
		return v, at(n, part, e)
	} else if err != nil {
		return v, at(n, part, unfit(a, form{kind: atom, val: plain}, err))
	}
	return v, nil
}

// checkRefs refuses references that are no ids.
func checkRefs(a *db.Attribute, v db.Value) error {
	if a.Type != db.TypeRef && a.Type != db.TypeTuple {
		return nil
	}
	var refused *Error
	eachRef(a, v, func(n node) {
		if n < 0 || n > maxTextID {
			refused = ofAttr(a, fail(ErrEntityID, "%d is the id of no entity", int64(n)))
		}
	})
	return refused.orNil()
}

// statedValue returns a value, or a tuple of values, as a plain Go value.
func statedValue(n, part *edn.Node) (any, error) {
	switch part.Kind {
	case edn.Nil:
		return nil, nil
	case edn.Scalar:
		return part.Value, nil
	case edn.Vector:
		slots := make(db.Tuple, len(part.Items))
		for i := range part.Items {
			var err error
			if slots[i], err = statedValue(n, &part.Items[i]); err != nil {
				return nil, err
			}
		}
		return slots, nil
	case edn.Tagged:
		switch text, ok := part.Items[0].Value.(string); {
		case ok && part.Tag == tagKeyword:
			return db.Keyword(text), nil
		case ok && part.Tag == tagSymbol:
			return db.Symbol(text), nil
		}
	}
	return nil, badDatom(n, part, "%s is no value", brief(part))
}

// inOrder returns the facts that a transaction comes to in the order of the datoms. They must be the same.
func (t *textTx) inOrder(x *expansion, changes []change, facts []index.Fact) ([]index.Fact, error) {
	same := len(facts) == len(changes)
	for i := 0; same && i < len(facts); i++ {
		same = changes[i].is(&facts[i])
	}
	if same {
		return facts, nil
	}
	type key struct {
		e, a db.ID
		v    db.Value
		end  bool
	}
	left := make(map[key]index.Fact, len(facts))
	for _, f := range facts {
		left[key{f.E, f.A, f.V, !f.Open()}] = f
	}
	out := make([]index.Fact, 0, len(changes))
	for i := range changes {
		c := &changes[i]
		k := key{c.e, c.a.ID, c.v, c.end}
		f, ok := left[k]
		if !ok {
			return nil, x.items[i].place(c.inVain(x))
		}
		delete(left, k)
		out = append(out, f)
	}
	for _, f := range facts {
		if _, ok := left[key{f.E, f.A, f.V, !f.Open()}]; ok {
			a, _ := x.schema.Attribute(f.A)
			return nil, ofAttr(a, fail(ErrText, "the transaction also comes to [%s %s %s %t], and no line behind it says so", f.E, a.Ident, x.shown(a, f.V), f.Open()))
		}
	}
	return out, nil
}

// is reports whether a change came to a fact.
func (c *change) is(f *index.Fact) bool {
	return c.e == f.E && c.a.ID == f.A && c.v == f.V && c.end != f.Open()
}

// inVain returns the refusal of a change that comes to nothing.
func (c *change) inVain(x *expansion) *Error {
	how := "%s of %s is %s already, and cannot be asserted again"
	if c.end {
		how = "%s of %s is not %s, and cannot be retracted"
	}
	return ofAttr(c.a, fail(ErrText, how, c.a.Ident, x.called(c.e), x.shown(c.a, c.v)))
}
