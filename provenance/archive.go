package provenance

import (
	"context"
	"iter"
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/tx"
)

// ArchiveOptions say how Archive works. The zero ArchiveOptions are right.
type ArchiveOptions struct {
	Nodes int // the most that one batch retracts; 500 when zero. It retracts fewer where they come to more than 5,000 datoms
}

// A Batch is one transaction of Archive.
type Batch struct {
	Nodes  int // retracted in it
	Kept   int // left out, since something live came to rest on them meanwhile
	Left   int // to be looked at after it
	Datoms int // retracted in it, references to the nodes included
	T      db.T
}

// Archive retracts the nodes that no living version rests on, from leaf (what nothing rests on) to root, in batches, and takes
// from tombstoned versions their targets and names: what is left of a version is its id, its pipeline and its tombstone. A held version
// and what it rests on are left alone. No batch leaves a reference to a node that is gone, and AsOf a moment before shows everything.
// Its place is in the database: breaking out pauses it, and calling it again goes on.
func Archive(ctx context.Context, conn *db.Conn, o ArchiveOptions) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		a := &archiver{ctx: ctx, conn: conn, size: o.Nodes}
		if a.size <= 0 {
			a.size = 500
		}
		if err := a.plan(); err != nil {
			yield(Batch{}, err)
			return
		}
		for len(a.versions)+len(a.nodes) > 0 {
			b, err := a.batch()
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

// An archiver lives two stages: it plans, and then retracts the plan batch by batch.
type archiver struct {
	ctx      context.Context
	conn     *db.Conn
	size     int
	versions []db.ID  // tombstoned, with targets still
	nodes    []doomed // by height, highest first
}

// A doomed node is one that the plan found dead.
type doomed struct {
	entity db.ID
	height int64
}

// plan finds out what is dead.
func (a *archiver) plan() error {
	snap := a.conn.Snapshot()
	l, err := mark(a.ctx, snap)
	if err != nil {
		return err
	}
	for _, v := range l.tombstoned {
		if v.hold != "" {
			err = l.keep(v)
		} else if v.whole() {
			a.versions = append(a.versions, v.entity)
		}
		if err != nil {
			return err
		}
	}
	heights, ok := snap.Schema().Named("node/height")
	if !ok {
		return errNoSchema
	}
	return scan(a.ctx, snap, db.AVET, index.Prefix(1, index.Fact{A: heights.ID}), func(d db.Datom) {
		if !l.live.Has(d.E) {
			a.nodes = append(a.nodes, doomed{d.E, d.V.Long()})
		}
	})
}

// batch retracts the next versions and nodes of the plan, which has nodes by ascending height.
func (a *archiver) batch() (Batch, error) {
	versions, nodes, err := a.next()
	if err != nil {
		return Batch{}, err
	}
	at := len(a.nodes) - nodes
	next := slices.Clone(a.nodes[at:])
	slices.Reverse(next)
	b := Batch{Left: at}
	rep, err := tx.Transact(a.ctx, a.conn, tx.Func(func(ctx context.Context, before *db.Snapshot) (tx.Data, error) {
		data, gone, err := a.retract(ctx, before, a.versions[:versions], next)
		b.Nodes, b.Kept = gone, len(next)-gone
		return data, err
	}))
	if err != nil {
		return Batch{}, err
	}
	a.versions, a.nodes = a.versions[versions:], a.nodes[:at]
	b.T, b.Datoms = rep.T, len(rep.Datoms)-1
	return b, nil
}

// batchDatoms is how many datoms a batch may come to, unless a single version or node comes to more.
const batchDatoms = 5000

// next returns how many of the versions, and behind the last of them how many of the nodes, go into the next batch.
func (a *archiver) next() (versions, nodes int, err error) {
	snap, datoms := a.conn.Snapshot(), 0
	for ; versions < len(a.versions); versions++ {
		n, err := snap.Count(a.ctx, db.EAVT, a.versions[versions])
		if err != nil || versions > 0 && datoms+n > batchDatoms {
			return versions, 0, err
		}
		datoms += n
	}
	for ; nodes < min(a.size, len(a.nodes)); nodes++ {
		e := a.nodes[len(a.nodes)-1-nodes].entity
		own, err := snap.Count(a.ctx, db.EAVT, e)
		if err != nil {
			return 0, 0, err
		}
		others, err := snap.Count(a.ctx, db.VAET, e)
		if err != nil || versions+nodes > 0 && datoms+own+others > batchDatoms {
			return versions, nodes, err
		}
		datoms += own + others
	}
	return versions, nodes, nil
}

// retract returns what takes from versions their targets and names, and retracts nodes, as far as both are still to go; it tells how many
// nodes go.
func (a *archiver) retract(ctx context.Context, before *db.Snapshot, versions []db.ID, nodes []doomed) (tx.Data, int, error) {
	versions, err := retired(ctx, before, versions)
	if err != nil {
		return nil, 0, err
	}
	gone, err := a.unused(ctx, before, versions, nodes)
	if err != nil {
		return nil, 0, err
	}
	data := make([]tx.Data, 0, 3*len(versions)+len(gone))
	for _, v := range versions {
		data = append(data, tx.Retract(v, "version/targets"), tx.Retract(v, "version/exports"), tx.Retract(v, "version/labels"))
	}
	for _, e := range gone {
		data = append(data, tx.RetractEntity(e))
	}
	return tx.All(data...), len(gone), nil
}

// retired returns those of the versions that are still tombstoned and not held: a submission may have revived one since the plan was made.
func retired(ctx context.Context, before *db.Snapshot, versions []db.ID) ([]db.ID, error) {
	var out []db.ID
	for _, e := range versions {
		v, err := readVersion(ctx, before, e)
		if err != nil {
			return nil, err
		}
		if v.tombstoned() && v.hold == "" {
			out = append(out, e)
		}
	}
	return out, nil
}

// unused returns those of the nodes that nothing rests on but what goes with them. It looks in the writer, where nothing can change
// meanwhile: a node that a submission came to use after the plan was made stays, with all that it rests on.
func (a *archiver) unused(ctx context.Context, before *db.Snapshot, versions []db.ID, nodes []doomed) ([]db.ID, error) {
	going := &db.IDSet{}
	for _, v := range versions {
		going.Add(v)
	}
	var gone []db.ID
	for _, n := range nodes {
		used, err := usedBesides(ctx, before, n.entity, going)
		if err != nil {
			return nil, err
		}
		if !used {
			going.Add(n.entity)
			gone = append(gone, n.entity)
		}
	}
	return gone, nil
}

// usedBesides reports whether a node or a version rests on an entity, other than what is going.
func usedBesides(ctx context.Context, r db.Reader, e db.ID, going *db.IDSet) (bool, error) {
	used := false
	for _, attr := range []string{"node/inputs", "version/targets"} {
		a, ok := r.Schema().Named(attr)
		if !ok {
			return false, errNoSchema
		}
		err := scan(ctx, r, db.VAET, index.Prefix(2, index.Fact{V: index.Ref(e), A: a.ID}), func(d db.Datom) { used = used || !going.Has(d.E) })
		if err != nil {
			return false, err
		}
	}
	return used, nil
}
