package tx

import (
	"bufio"
	"context"
	"strings"

	"github.com/datolite/datolite/db"
)

// TextOn returns what ImportText would make of a text on the snapshot of a new database, without writing anything.
func TextOn(ctx context.Context, snap *db.Snapshot, text string) (*db.Snapshot, error) {
	r := &textReader{from: bufio.NewReader(strings.NewReader(text))}
	for eval, err := range r.evals(&Text{}) {
		if err != nil {
			return snap, err
		}
		rep, err := eval(ctx, snap)
		if err != nil {
			return snap, err
		}
		snap = rep.After
	}
	return snap, nil
}
