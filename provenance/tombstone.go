package provenance

import (
	"context"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/tx"
)

// Tombstone retires a version: one small transaction, whatever the size of the graph. The view of Active no longer shows what
// only it kept alive, and Archive may retract that. A version that is retired already stays so, with its first reason.
func Tombstone(ctx context.Context, conn *db.Conn, v VersionID, reason string) (*db.Report, error) {
	return tx.Transact(ctx, conn, tx.Func(func(ctx context.Context, before *db.Snapshot) (tx.Data, error) {
		state, err := versionState(ctx, before, v)
		switch {
		case err != nil:
			return nil, err
		case state.entity == 0:
			return nil, &VersionError{Version: v, Kind: ErrNoVersion}
		case state.tombstoned():
			return tx.All(), nil
		}
		return tx.Map{"db/id": state.entity, "tombstone/at": before.Now(), "tombstone/reason": reason}, nil
	}))
}

// Active returns the view that hides tombstoned versions, and the nodes that no living version rests on.
func Active(ctx context.Context, snap *db.Snapshot) (*db.View, error) {
	l, err := mark(ctx, snap)
	if err != nil {
		return nil, err
	}
	hidden := &db.IDSet{}
	for _, v := range l.tombstoned {
		hidden.Add(v.entity)
	}
	for _, n := range l.dead() {
		hidden.Add(n)
	}
	return snap.Without(hidden), nil
}
