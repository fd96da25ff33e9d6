package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/datolite/datolite/db"
)

// A Result counts what became of cases.
type Result struct {
	Passed, Caveats int
	Exceptions      int            // cases without a caveat in which it is right to differ, and the difference is as it shall be
	Failures        []string       // one text for each failed case
	NotBuilt        map[string]int // by the name of what is missing
	Codes, Coded    int            // errors whose code agrees, of those that expect one
	Categories      int            // errors whose category agrees,
	Categorised     int            // of those that expect one
}

// String is the line that sums up.
func (r *Result) String() string {
	missing := 0
	for _, n := range r.NotBuilt {
		missing += n
	}
	return fmt.Sprintf("conformance: %d passed, %d failed, %d not yet built, %d caveats, %d exceptions; codes %d of %d, categories %d of %d",
		r.Passed, len(r.Failures), missing, r.Caveats, r.Exceptions, r.Codes, r.Coded, r.Categories, r.Categorised)
}

// Missing tells, a line each, what is not yet built and how many cases wait for it.
func (r *Result) Missing() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.NotBuilt)) {
		fmt.Fprintf(&b, "  %4d wait for %s\n", r.NotBuilt[name], name)
	}
	return b.String()
}

// Run runs the cases of worlds.
func Run(ctx context.Context, worlds []*World) *Result {
	r := &Result{NotBuilt: map[string]int{}}
	for _, w := range worlds {
		r.world(ctx, w)
	}
	return r
}

func (r *Result) world(ctx context.Context, w *World) {
	if feature := missing(w.Needs); feature != "" {
		r.NotBuilt[feature] += len(w.Cases)
		return
	}
	b, err := build(ctx, w)
	for _, c := range w.Cases {
		feature := missing(c.Needs)
		switch {
		case feature != "":
			r.NotBuilt[feature]++
		case err != nil:
			r.note(&c, verdict{err: err})
		case c.Exception != nil:
			r.except(ctx, b, &c)
		default:
			r.note(&c, b.run(ctx, &c))
		}
	}
}

func missing(needs []string) string {
	for _, name := range needs {
		if feature, ok := later[name]; ok {
			return feature
		}
	}
	return ""
}

// An expectation is what a case, or a step of it, should come to.
type expectation struct {
	OK       json.RawMessage `json:"ok"`
	Error    string          `json:"error"`
	Category string          `json:"category"`
}

func (e expectation) fails() bool { return e.OK == nil }

// A verdict is what a case came to: it passed, or err says why not. refusals are the errors that were expected and came.
type verdict struct {
	err      error
	refusals []refusal
}

type refusal struct {
	expectation
	err error
}

// note counts a verdict.
func (r *Result) note(c *Case, v verdict) {
	feature, later := notBuilt(v.err)
	switch {
	case later:
		r.NotBuilt[feature]++
		return
	case c.Caveat != "":
		r.Caveats++
		return
	case v.err != nil:
		r.Failures = append(r.Failures, fmt.Sprintf("%s (%s): %v", c.ID, c.Area, v.err))
		return
	}
	r.Passed++
	for _, f := range v.refusals {
		r.refused(f)
	}
}

func (r *Result) refused(f refusal) {
	if strings.HasPrefix(f.Error, "db.error/") || strings.HasPrefix(f.Error, "pull/") {
		r.Coded++
		if db.CodeOf(f.err) == f.Error {
			r.Codes++
		}
	}
	if f.Category != "" {
		r.Categorised++
		if string(db.CategoryOf(f.err)) == f.Category {
			r.Categories++
		}
	}
}

// notBuilt returns the feature that an error names as missing.
func notBuilt(err error) (string, bool) {
	if !errors.Is(err, db.ErrNotBuilt) {
		return "", false
	}
	var f *db.FeatureError
	if errors.As(err, &f) {
		return f.Feature, true
	}
	return err.Error(), true
}

// run runs a case.
func (b *built) run(ctx context.Context, c *Case) verdict {
	defer func() {
		if p := recover(); p != nil {
			panic(fmt.Sprintf("%s: %v", c.ID, p))
		}
	}()
	s := b.state(ctx, c.At)
	if c.Op == "tx" {
		return s.transact(c)
	}
	var want expectation
	if err := json.Unmarshal(c.Expect, &want); err != nil {
		return verdict{err: err}
	}
	op, q := c.Op, c.Question
	if op == "with" {
		for _, step := range c.Steps {
			if _, err := s.stepOn(c.Question, step.Tx); err != nil {
				return judge(want, nil, err, nil)
			}
		}
		op, q = c.Then.Op, c.Then.Question
		q.View, q.Filter = append(slices.Clone(c.View), q.View...), or(q.Filter, c.Filter)
	}
	value := decode(want.OK)
	got, err := s.ask(op, q, value)
	return judge(want, got, err, func() bool { return s.matches(op, value, got) })
}

func or(a, b *View) *View {
	if a != nil {
		return a
	}
	return b
}

// stepOn transacts on what a question looks at: on history, nothing can be.
func (s *state) stepOn(q Question, text string) (*db.Report, error) {
	if s.look(s.snap, q.View, q.Filter).IsHistory() {
		return nil, db.ErrHistory
	}
	return s.step(text)
}

// judge compares an outcome with what is expected.
func judge(want expectation, got any, err error, matches func() bool) verdict {
	switch {
	case want.fails() && err == nil:
		return verdict{err: fmt.Errorf("want the error %s, got %s", want.Error, show(got))}
	case want.fails() && errors.Is(err, db.ErrNotBuilt):
		return verdict{err: err}
	case want.fails():
		return verdict{refusals: []refusal{{want, err}}}
	case err != nil:
		return verdict{err: err}
	case !matches():
		return verdict{err: fmt.Errorf("want %s, got %s", want.OK, show(got))}
	}
	return verdict{}
}

func show(x any) string { return fmt.Sprintf("%+v", x) }

// decode reads JSON with its numbers as they are written.
func decode(raw json.RawMessage) any {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var x any
	if err := d.Decode(&x); err != nil {
		return nil
	}
	return x
}
