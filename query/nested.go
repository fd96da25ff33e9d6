package query

import (
	"errors"
	"strings"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

// nested is (q query input …): the answer of a query that is quoted or a string, asked for each row.
func nested(r *run, c *callClause) (evaluator, error) {
	if len(c.args) == 0 || c.args[0].kind != constantTerm {
		return nil, errorAt(c.pos, ErrFunction, "the first argument of q is a query, quoted or as a string")
	}
	text, ok := c.args[0].c.(string)
	if !ok {
		text = edn.String(c.args[0].c)
	}
	inner, err := parse(text)
	if err != nil {
		return nil, withinNested(c.args[0].pos, err)
	}
	rest := *c
	rest.args = c.args[1:]
	return func(args []index.Value) (index.Value, error) {
		in, err := r.arguments(&rest, args[1:])
		if err != nil {
			return index.Value{}, err
		}
		a, _, err := execute(r.ctx, inner, nil, in, r)
		if err != nil {
			return index.Value{}, withinNested(c.args[0].pos, err)
		}
		return r.nestedAnswer(a)
	}, nil
}

// withinNested places an error of a query that stands within another: the place within is part of the text.
func withinNested(pos edn.Pos, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	return errorAt(pos, err, "in the query within, %s", strings.TrimPrefix(e.Error(), "query: "))
}

// arguments returns the arguments of a call as plain values, its sources among them.
func (r *run) arguments(c *callClause, values []index.Value) ([]any, error) {
	args := make([]any, len(c.args))
	for i, t := range c.args {
		if t.kind != sourceTerm {
			args[i], values = r.objects.plain(values[0]), values[1:]
			continue
		}
		s := r.sources[t.name]
		switch {
		case s == nil:
			return nil, errorAt(t.pos, ErrSource, "there is no source %s in :in", t.name)
		case s.db != nil:
			args[i] = s.db
		default:
			args[i] = r.plainRows(s.rows)
		}
	}
	return args, nil
}

func (r *run) plainRows(rows [][]index.Value) [][]any {
	out := make([][]any, len(rows))
	for i, row := range rows {
		out[i] = r.objects.many(index.NewTuple(row...), false)
	}
	return out
}

// nestedAnswer returns an answer as one value, in the shape of its find; nil where a row was asked for and there is none.
func (r *run) nestedAnswer(a *answer) (index.Value, error) {
	rows := make([]any, a.n)
	for i, row := range a.rows() {
		rows[i] = row
		if a.shape == collectionFind || a.shape == scalarFind {
			rows[i] = row[0]
		}
	}
	if a.shape == relationFind || a.shape == collectionFind {
		return r.objects.value(rows)
	}
	if len(rows) == 0 {
		return index.Value{}, nil
	}
	return r.objects.value(rows[0])
}

// logOf returns the reader whose log a call reads: a source, or the value of an argument.
func (r *run) logOf(c *callClause, args []index.Value) (db.Reader, []index.Value, error) {
	if c.args[0].kind == sourceTerm {
		if s := r.sources[c.args[0].name]; s != nil && s.db != nil {
			return s.db, args, nil
		}
		return nil, nil, errorAt(c.args[0].pos, ErrSource, "%s is no database", c.args[0].name)
	}
	if reader, ok := r.objects.plain(args[0]).(db.Reader); ok {
		return reader, args[1:], nil
	}
	return nil, nil, errorAt(c.args[0].pos, ErrSource, "%s is no log: that is a db.Reader", r.objects.text(args[0]))
}

// moment returns the moment that a number or instant means; nil is open.
func (r *run) moment(v index.Value) (db.Moment, error) {
	switch {
	case v.IsNil():
		return nil, nil
	case v.Kind() == index.KindInstant:
		return db.When(v.Instant()), nil
	case v.Kind() == index.KindLong && v.Ref().Part() == index.PartTx:
		return v.Ref(), nil
	case v.Kind() == index.KindLong:
		return db.T(v.Long()), nil
	}
	return nil, &reason{ErrCall, r.objects.text(v) + " is no moment"}
}

// txIDs is (tx-ids log start end): the transactions from start on, before end.
func txIDs(r *run, c *callClause) (evaluator, error) {
	if len(c.args) != 3 {
		return nil, errorAt(c.pos, ErrFunction, "tx-ids takes a log, a start and an end")
	}
	if err := c.oneSource(); err != nil {
		return nil, err
	}
	return func(args []index.Value) (index.Value, error) {
		reader, args, err := r.logOf(c, args)
		if err != nil {
			return index.Value{}, err
		}
		start, err := r.moment(args[0])
		if err != nil {
			return args[0], err
		}
		end, err := r.moment(args[1])
		if err != nil {
			return args[1], err
		}
		var out []index.Value
		for t, err := range reader.TxRange(r.ctx, start, end) {
			if err != nil {
				return index.Value{}, err
			}
			out = append(out, index.Ref(t.ID))
		}
		return index.NewTuple(out...), nil
	}, nil
}

// txData is (tx-data log tx): the datoms of a transaction as rows of entity, attribute, value, transaction and added.
func txData(r *run, c *callClause) (evaluator, error) {
	if len(c.args) != 2 {
		return nil, errorAt(c.pos, ErrFunction, "tx-data takes a log and a transaction")
	}
	if err := c.oneSource(); err != nil {
		return nil, err
	}
	return func(args []index.Value) (index.Value, error) {
		reader, args, err := r.logOf(c, args)
		if err != nil {
			return index.Value{}, err
		}
		if args[0].Kind() != index.KindLong {
			return args[0], errorAt(c.pos, ErrCall, "%s is no transaction", r.objects.text(args[0]))
		}
		t := args[0].Ref().T()
		for found, err := range reader.TxRange(r.ctx, t, t+1) {
			return datomRows(found.Datoms), err
		}
		return index.Value{}, nil
	}, nil
}

func datomRows(datoms []db.Datom) index.Value {
	rows := make([]index.Value, len(datoms))
	for i, d := range datoms {
		rows[i] = index.NewTuple(index.Ref(d.E), index.Ref(d.A), d.V, index.Ref(d.Tx), index.Bool(d.Added))
	}
	return index.NewTuple(rows...)
}
