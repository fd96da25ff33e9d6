package conformance

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/datolite/datolite/db"
)

// An Exception is what this library answers where it shall differ from Datomic.
type Exception struct {
	Item   string          `json:"item"`   // of the specification that says so, such as "2.6.9"
	Expect json.RawMessage `json:"expect"` // in the form of a case
}

// Except gives cases their exceptions, by id. It returns the ids that no case has.
func Except(worlds []*World, exceptions map[string]Exception) (unknown []string) {
	known := map[string]bool{}
	for _, w := range worlds {
		for i := range w.Cases {
			c := &w.Cases[i]
			if e, ok := exceptions[c.ID]; ok {
				c.Exception, known[c.ID] = &e, true
			}
		}
	}
	for id := range exceptions {
		if !known[id] {
			unknown = append(unknown, id)
		}
	}
	return unknown
}

// except runs a case that has an exception: it must not come to what Datomic expects, and must come to what the exception does,
// an error with its code.
func (r *Result) except(ctx context.Context, b *built, c *Case) {
	theirs := b.run(ctx, c)
	if feature, later := notBuilt(theirs.err); later {
		r.NotBuilt[feature]++
		return
	}
	own := *c
	own.Expect = c.Exception.Expect
	err := b.run(ctx, &own).coded()
	if theirs.coded() == nil {
		err = fmt.Errorf("the answer is Datomic's, and needs no exception")
	}
	switch {
	case err != nil:
		r.Failures = append(r.Failures, fmt.Sprintf("%s (an exception by %s): %v", c.ID, c.Exception.Item, err))
	case c.Caveat != "":
		r.Caveats++
	default:
		r.Exceptions++
	}
}

// coded returns the error of a verdict, or that a refusal has another code than was expected.
func (v verdict) coded() error {
	for _, f := range v.refusals {
		if code := db.CodeOf(f.err); v.err == nil && code != f.Error {
			return fmt.Errorf("want the error %s, got %s: %w", f.Error, code, f.err)
		}
	}
	return v.err
}
