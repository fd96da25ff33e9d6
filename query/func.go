package query

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

// Func returns a Go function for queries to call by name. The types of its parameters and results say what it takes; a bool makes
// it a predicate too, an error as second result aborts the query. A function whose last parameter is a slice can aggregate. A
// context.Context as first parameter is that of the query, and a db.Reader takes a source. It must be pure. db.Open refuses what cannot be called.
func Func(name string, f any) db.Named {
	h := &hostFunc{name: name, fn: reflect.ValueOf(f)}
	h.err = h.check()
	return h
}

// A hostFunc is a Go function that text calls by name.
type hostFunc struct {
	name    string
	fn      reflect.Value
	context bool // the first parameter is a context
	err     error
}

// Name returns the name by which text calls the function.
func (h *hostFunc) Name() string { return h.name }

// Check returns why the function cannot be called, or nil.
func (h *hostFunc) Check() error { return h.err }

var (
	errorType   = reflect.TypeFor[error]()
	contextType = reflect.TypeFor[context.Context]()
	readerType  = reflect.TypeFor[db.Reader]()
)

func (h *hostFunc) check() error {
	if n, err := edn.Read(h.name); err != nil || n.Value != any(edn.Symbol(h.name)) {
		return &reason{db.ErrHost, fmt.Sprintf("no query can call %q: a name is a symbol, such as geo/near?", h.name)}
	}
	if h.fn.Kind() != reflect.Func || h.fn.IsNil() {
		return &reason{db.ErrHost, h.name + " is no function"}
	}
	t := h.fn.Type()
	h.context = t.NumIn() > 0 && t.In(0) == contextType
	if t.NumOut() == 0 || t.NumOut() > 2 || t.NumOut() == 2 && t.Out(1) != errorType {
		return &reason{db.ErrHost, h.name + " does not return a value, or a value and an error"}
	}
	return nil
}

// arity returns the number of arguments that text gives, and whether there may be more.
func (h *hostFunc) arity() (n int, more bool) {
	t := h.fn.Type()
	n = t.NumIn()
	if h.context {
		n--
	}
	if t.IsVariadic() {
		return n - 1, true
	}
	return n, false
}

// checkArgs returns an error unless the function takes n arguments.
func (h *hostFunc) checkArgs(n int) error {
	if h.err != nil {
		return h.err
	}
	if want, more := h.arity(); n < want || n > want && !more {
		return &reason{ErrFunction, fmt.Sprintf("%s takes %s, not %d", h.name, plural(want, "argument"), n)}
	}
	return nil
}

// checkAggregate returns an error unless the function takes n arguments and a bag.
func (h *hostFunc) checkAggregate(n int) error {
	if err := h.checkArgs(n + 1); err != nil {
		return err
	}
	if last := h.param(n); last.Kind() != reflect.Slice && last.Kind() != reflect.Interface && !h.fn.Type().IsVariadic() {
		return &reason{ErrAggregate, fmt.Sprintf("the last parameter of %s is %s, and an aggregate takes a slice", h.name, typeName(last))}
	}
	return nil
}

// param returns the type of the i-th argument.
func (h *hostFunc) param(i int) reflect.Type {
	t := h.fn.Type()
	if h.context {
		i++
	}
	if t.IsVariadic() && i >= t.NumIn()-1 {
		return t.In(t.NumIn() - 1).Elem()
	}
	return t.In(i)
}

// call calls the function with plain values. A panic comes back as an error.
func (h *hostFunc) call(ctx context.Context, args []any) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: panic: %v", ErrCall, p)
		}
	}()
	var in []reflect.Value
	if h.context {
		in = append(in, reflect.ValueOf(&ctx).Elem())
	}
	for i, x := range args {
		v, err := convert(x, h.param(i))
		if err != nil {
			return nil, fmt.Errorf("%w: argument %d: %w", ErrCall, i+1, err)
		}
		in = append(in, v)
	}
	out := h.fn.Call(in)
	if len(out) == 2 && !out[1].IsNil() {
		return nil, fmt.Errorf("%w: %w", ErrCall, out[1].Interface().(error))
	}
	return out[0].Interface(), nil
}

// convert returns a plain value as one of a parameter's type.
func convert(x any, t reflect.Type) (reflect.Value, error) {
	v := reflect.ValueOf(x)
	if v.IsValid() && v.Type().AssignableTo(t) {
		return v, nil
	}
	dst := reflect.New(t).Elem()
	if n, ok := x.(int64); ok {
		if t == reflect.TypeFor[db.ID]() {
			x = db.ID(n)
		} else if t.Kind() == reflect.Float64 {
			x = float64(n)
		}
	}
	if tuple, ok := x.(db.Tuple); ok {
		x = []any(tuple)
	}
	if list, ok := x.([]any); ok && t.Kind() == reflect.Slice {
		return convertAll(list, t)
	}
	list := &treeList{}
	err := setterFor(t)(dst, x, list)
	if err == nil {
		err = list.fill()
	}
	if errors.Is(err, errMismatch) {
		err = fmt.Errorf("%s is wanted, not %s", typeName(t), typeOf(x))
	}
	return dst, err
}

// convertAll returns a list of plain values as a slice of a parameter's type.
func convertAll(list []any, t reflect.Type) (reflect.Value, error) {
	dst := reflect.MakeSlice(t, len(list), len(list))
	for i, x := range list {
		v, err := convert(x, t.Elem())
		if err != nil {
			return dst, fmt.Errorf("element %d: %w", i+1, err)
		}
		dst.Index(i).Set(v)
	}
	return dst, nil
}

// hostFunc returns what the host gave the database under a name.
func (r *run) hostFunc(name string) (*hostFunc, bool) {
	for _, s := range r.host {
		if named, ok := s.Host(name); ok {
			f, ok := named.(*hostFunc)
			return f, ok
		}
	}
	return nil, false
}

// hostEvaluator returns what calls a function of the host.
func (r *run) hostEvaluator(c *callClause, h *hostFunc) (evaluator, error) {
	if err := h.checkArgs(len(c.args)); err != nil {
		return nil, err
	}
	for i, t := range c.args {
		if t.kind == sourceTerm && (h.param(i) != readerType || r.isRows(t.name)) {
			return nil, fmt.Errorf("%w: %s takes no source as argument %d", ErrFunction, h.name, i+1)
		}
	}
	return func(args []index.Value) (index.Value, error) { return r.callHost(c, h, args) }, nil
}

// callHost calls a function of the host with the arguments of a call, sources among them.
func (r *run) callHost(c *callClause, h *hostFunc, values []index.Value) (index.Value, error) {
	args, err := r.arguments(c, values)
	if err != nil {
		return index.Value{}, err
	}
	out, err := h.call(r.ctx, args)
	if err != nil {
		return index.Value{}, err
	}
	return r.result(out)
}

// result returns what a function of the host came to as a value.
func (r *run) result(out any) (index.Value, error) {
	if isNil(out) {
		return index.Value{}, nil
	}
	v, err := r.objects.value(out)
	if err != nil {
		err = fmt.Errorf("%w: its result: %w", ErrCall, err)
	}
	return v, err
}

// applied returns what calls the function that a variable holds, which is the first argument.
func (r *run) applied(c *callClause) evaluator {
	return func(args []index.Value) (index.Value, error) {
		h := r.heldFunc(c.name, args[0])
		if err := h.checkArgs(len(c.args)); err != nil {
			return args[0], err
		}
		return r.callHost(c, h, args[1:])
	}
}

// heldFunc returns the function that a variable holds: one of Func, or a Go function.
func (r *run) heldFunc(name string, v index.Value) *hostFunc {
	x := r.objects.plain(v)
	if h, ok := x.(*hostFunc); ok {
		return h
	}
	h := &hostFunc{name: name, fn: reflect.ValueOf(x)}
	h.err = h.check()
	return h
}
