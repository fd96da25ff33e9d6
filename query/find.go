package query

import (
	"errors"
	"slices"
	"strings"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// find makes of the basis, the distinct rows of what :find and :with name, what the query finds: aggregates of groups of
// rows, in order, from an offset up to a limit, with pulls in place.
func (r *run) find(basis *relation) (*answer, error) {
	cols, n, err := r.columns(basis)
	if err != nil {
		return nil, err
	}
	return r.present(cols, n)
}

// present makes the answer of columns of n rows: those that are asked for, in order, with pulls in place.
func (r *run) present(cols []index.Vector, n int) (*answer, error) {
	out := &answer{shape: r.q.shape, names: r.q.columns(), objects: r.objects}
	rows, all, err := r.window(cols, n)
	if err != nil {
		return nil, err
	}
	if out.n = n; !all {
		out.n = len(rows)
	}
	if err := r.fits(out.n, int64(len(cols))*cellBytes); err != nil {
		return nil, err
	}
	out.cols = make([]answerColumn, len(cols))
	for c := range r.q.find {
		col := &out.cols[c]
		if col.values = cols[c]; !all {
			col.values = cols[c].Pick(rows)
		}
		if err := r.dress(&r.q.find[c], col, out.n); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// dress says of a column what its values mean, and pulls where that is asked for.
func (r *run) dress(f *findElem, col *answerColumn, n int) (err error) {
	if f.pulls {
		col.pulled = true
		col.trees, err = r.pulled(f, &col.values, n)
		return err
	}
	var picked bool
	picked, col.many = r.picked(f)
	col.ids = picked && r.isEntity(f.valueOf())
	return nil
}

// columns returns the names of the columns.
func (q *ast) columns() []string {
	if q.keys != nil {
		return q.keys
	}
	names := make([]string, len(q.find))
	for i, f := range q.find {
		names[i] = f.name
	}
	return names
}

// valueOf returns the variable whose values a column holds, or that it aggregates.
func (f *findElem) valueOf() variable {
	if f.expr != nil {
		return f.expr.v
	}
	return f.v
}

// pulled returns what a pull finds of each entity of a column of n, nil where it finds nothing.
func (r *run) pulled(f *findElem, col *index.Vector, n int) ([]any, error) {
	from, err := r.pullSource(f)
	if err != nil {
		return nil, err
	}
	var ids []db.ID
	var places []int
	for i := range n {
		v, err := r.entity(from, col.At(i))
		if err != nil {
			return nil, errorAt(f.pos, err, "%s: %v", f.written, err)
		}
		if v.Kind() == index.KindLong {
			ids, places = append(ids, v.Ref()), append(places, i)
		}
	}
	p, err := r.pullPattern(f)
	if err != nil {
		return nil, err
	}
	trees, err := pullMany(r.ctx, from, p, ids)
	if err != nil && f.pull == nil {
		err = inPattern(err)
	}
	if err != nil {
		return nil, f.placed(err)
	}
	out := make([]any, n)
	for i, tree := range trees {
		if tree != nil {
			out[places[i]] = tree
		}
	}
	return out, nil
}

// placed returns an error at the place of the column, unless it has one.
func (f *findElem) placed(err error) error {
	if errors.As(err, new(*Error)) {
		return err
	}
	return errorAt(f.pos, err, "%s: %s", f.written, strings.TrimPrefix(err.Error(), "query: "))
}

// pullSource returns the database of a pull: the one that it names, $, or the only one.
func (r *run) pullSource(f *findElem) (db.Reader, error) {
	name := defaultSource(f.source, "$")
	if s := r.sources[name]; s != nil && s.db != nil {
		return s.db, nil
	}
	var only db.Reader
	for _, s := range r.sources {
		if s.db != nil && only != nil {
			only = nil
			break
		}
		if s.db != nil {
			only = s.db
		}
	}
	if f.source != "" || only == nil {
		return nil, errorAt(f.pos, ErrSource, "%s: %s is no database", f.written, name)
	}
	return only, nil
}

// pullPattern returns the pattern of a pull: a literal, or an input.
func (r *run) pullPattern(f *findElem) (*pattern, error) {
	if f.pull != nil {
		return f.pull, nil
	}
	if p, ok := r.patterns[f.named]; ok {
		return p, nil
	}
	v := variable(slices.Index(r.q.names, f.named))
	col, n, ok := r.hidden.column(v)
	if !ok || n != 1 {
		return nil, errorAt(f.pos, ErrUnbound, "the pattern %s is not one value of :in", f.named)
	}
	return r.takePattern(r.objects.plain(col.At(0)))
}
