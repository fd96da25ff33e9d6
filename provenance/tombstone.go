package provenance

import (
	"context"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/tx"
)

// Tombstone retires a version: one small transaction, whatever the size of the graph. The view of Active no longer shows what
// only it kept alive, and Archive may retract that. A version that is retired already stays so, with its first reason; one with a
// :tombstone/hold is ErrHeld.
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
		case state.hold != "":
			return nil, &VersionError{Version: v, Kind: ErrHeld}
		}
		return tx.Map{"db/id": state.entity, "tombstone/at": before.Now(), "tombstone/reason": reason}, nil
	}))
}

// Active returns the view that hides tombstoned versions, the nodes that no living version rests on, the operations that none of the
// other nodes has, and the pipelines that have no living version.
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
	if err := l.hideUnnamed(hidden); err != nil {
		return nil, err
	}
	return snap.Without(hidden), nil
}

// hideUnnamed adds to a set of hidden nodes and versions the operations and pipelines that nothing else refers to.
func (l *liveness) hideUnnamed(hidden *db.IDSet) error {
	for referred, by := range map[string]string{"op/digest": "node/op", "pipeline/name": "version/of"} {
		named := &db.IDSet{}
		if err := l.g.each(by, func(d db.Datom) {
			if !hidden.Has(d.E) {
				named.Add(d.V.Ref())
			}
		}); err != nil {
			return err
		}
		if err := l.g.each(referred, func(d db.Datom) {
			if !named.Has(d.E) {
				hidden.Add(d.E)
			}
		}); err != nil {
			return err
		}
	}
	return nil
}
