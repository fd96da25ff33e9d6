package query

import (
	"context"
	"maps"
	"reflect"
	"slices"

	"github.com/datolite/datolite/db"
)

// FunctionNames returns the names of all functions that a query can call.
func FunctionNames() []string {
	return slices.AppendSeq(slices.Collect(maps.Keys(builtins)), maps.Keys(sourceFunctions))
}

// LookUp has scans look up the rows that are there even where reading all would cost less; it returns what undoes that.
func LookUp() func() {
	before := lookupCost
	lookupCost = 0
	return func() { lookupCost = before }
}

// LookAhead has plans look ahead where a step leaves more than so many rows; it returns what undoes that.
func LookAhead(rows float64) func() {
	before := fewRows
	fewRows = rows
	return func() { fewRows = before }
}

// IsPoint reports whether a query whose plan is kept is answered as a point.
func (p *Prepared[T]) IsPoint() bool {
	t := p.q.kept.Load()
	return t != nil && t.point != nil
}

// IsWalk reports whether a query whose plan is kept is answered as a walk.
func (p *Prepared[T]) IsWalk() bool {
	t := p.q.kept.Load()
	return t != nil && t.walk != nil
}

// Inputs returns how many inputs there are beside $.
func (p *Prepared[T]) Inputs() int { return len(p.q.inputs) - 1 }

// PartSize has others read beside the first goroutine when that has read so many datoms, and work beside it on so many rows; it returns what undoes
// that.
func PartSize(n int) func() {
	beforePart, beforeWorth := partSize, worthParts
	partSize, worthParts = n, n
	return func() { partSize, worthParts = beforePart, beforeWorth }
}

// MinExtent has attributes kept, where that pays, from so many datoms on; it returns what undoes that.
func MinExtent(datoms float64) func() {
	before := minExtent
	minExtent = datoms
	return func() { minExtent = before }
}

// StoresWords reports whether the rows that a query finds are stored in a T column by column.
func StoresWords[T any](ctx context.Context, r db.Reader, text string) bool {
	q, err := parse(text)
	if err != nil {
		return false
	}
	a, err := observed(ctx, text, q, r, nil)
	return err == nil && wordRowsFor(reflect.TypeFor[T](), a) != nil
}

// Streams reports whether the aggregates of a query are computed while attributes are read beside each other.
func Streams(ctx context.Context, r db.Reader, text string) bool {
	q, err := parse(text)
	if err != nil {
		return false
	}
	x, groups, p, err := prepared(ctx, q, r, nil, nil)
	if err != nil {
		return false
	}
	a, err := x.stream(p, groups)
	return a != nil && err == nil
}
