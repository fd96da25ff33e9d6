package db

import (
	"context"
	"fmt"
	"iter"
)

// A LoggedCommit is a transaction as the log holds it, with the schema that it was made on.
type LoggedCommit struct {
	Commit
	Schema *Schema
}

// Commits yields all transactions up to the snapshot, oldest first, with all that the log keeps of them; and then those that were never
// committed, if the snapshot is speculative. Nothing in them may be changed. It is for tx alone: see TxRange.
func (s *Snapshot) Commits(ctx context.Context) iter.Seq2[LoggedCommit, error] {
	return func(yield func(LoggedCommit, error) bool) {
		schema := bootstrap().schema
		say := func(c Commit) bool {
			before := schema
			schema = schema.revise(c.T, c.Facts)
			return yield(LoggedCommit{c, before}, nil)
		}
		pending, committed := s.uncommitted()
		if s.env.log != nil && committed > 0 {
			for c, err := range s.env.log.commits(ctx, 0, committed) {
				if err != nil {
					yield(LoggedCommit{}, fmt.Errorf("db: %w", err))
					return
				}
				if !say(c) {
					return
				}
			}
		}
		for _, rep := range pending {
			if !say(rep.commit) {
				return
			}
		}
	}
}
