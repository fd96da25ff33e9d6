package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/datolite/datolite/index"
	"github.com/datolite/datolite/storage"
)

// An indexVerifier compares the index of a root with the log. While the log is read, it adds up what the root and its levels must hold;
// then it goes through the segments, and adds up what lies in them. Its exported fields are what is kept between two runs.
type indexVerifier struct {
	root   *root // nil where there is none
	levels []*index.Level
	schema *Schema

	Held       []inOrders            // of each level, the newest first, what the log says that it holds: what holds
	Ended      []map[ID]*[2]inOrders // and what ended, by attribute: asserted in the level, or before it
	Forgetful  map[ID]bool           // the attributes that have, or had, no history
	Found      [][3]inOrders         // what lies in the trees of each level
	Torn       [][3][4]bool          // the trees of which not all could be read
	Looked     int                   // how many parts were looked at
	Published  bool                  // the log has the record that publishes the root
	LogDamaged bool
}

// inOrders are the sums of facts by order.
type inOrders [4]index.Sum

// The trees of an order.
const (
	treeHeld = iota
	treeEnded
	treeMasks // of what ended and was asserted before the level
)

// begin makes ready for the levels of a root.
func (x *indexVerifier) begin(r *root, levels []*index.Level) {
	x.root, x.levels, x.schema, x.Forgetful = r, levels, bootstrap().schema, map[ID]bool{}
	x.Held, x.Ended = make([]inOrders, len(levels)), make([]map[ID]*[2]inOrders, len(levels))
	x.Found, x.Torn = make([][3]inOrders, len(levels)), make([][3][4]bool, len(levels))
	for i := range levels {
		x.Ended[i] = map[ID]*[2]inOrders{}
	}
	x.tally(0, bootstrap().facts)
}

// add adds up what a transaction brought.
func (x *indexVerifier) add(c *Commit) {
	if x.root == nil || c.T > x.root.basis {
		return
	}
	x.schema = x.schema.revise(c.T, c.Facts)
	x.tally(c.T, append([]index.Fact{c.stamp()}, c.Facts...))
}

// tally adds up facts of one transaction: in its level they hold from then on; or they end, and where they were asserted in the same
// level, that holds no more.
func (x *indexVerifier) tally(t T, facts []index.Fact) {
	at := x.levelOf(index.TxID(t))
	if at < 0 {
		return
	}
	for _, f := range facts {
		if f.A == attrNoHistory {
			x.Forgetful[f.E] = true
		}
		open := f
		open.End = 0
		held := open.Sum()
		if f.Open() {
			x.orders(f.A, func(o Order) { x.Held[at][o] = x.Held[at][o].Plus(held) })
			continue
		}
		kind := 1
		if x.levelOf(f.Tx) == at {
			x.orders(f.A, func(o Order) { x.Held[at][o] = x.Held[at][o].Minus(held) })
			kind = 0
		}
		if x.Ended[at][f.A] == nil {
			x.Ended[at][f.A] = new([2]inOrders)
		}
		ended := &x.Ended[at][f.A][kind]
		x.orders(f.A, func(o Order) { ended[o] = ended[o].Plus(f.Sum()) })
	}
}

// orders calls f for each order in which the facts of an attribute are.
func (x *indexVerifier) orders(a ID, f func(Order)) {
	f(EAVT)
	f(AEVT)
	if x.schema.Indexed(a) {
		f(AVET)
	}
	if x.schema.IsRef(a) {
		f(VAET)
	}
}

// levelOf returns the number of the level that holds what a transaction brought; −1 for none.
func (x *indexVerifier) levelOf(tx ID) int {
	for i := len(x.levels) - 1; i >= 0; i-- {
		if tx <= x.levels[i].Newest() {
			return i
		}
	}
	return -1
}

// wanted returns the sums of what must lie in the trees of a level in an order.
func (x *indexVerifier) wanted(level int, o Order) [3]index.Sum {
	want := [3]index.Sum{treeHeld: x.Held[level][o]}
	for a, sums := range x.Ended[level] {
		if !x.Forgetful[a] {
			want[treeEnded], want[treeMasks] = want[treeEnded].Plus(sums[0][o]), want[treeMasks].Plus(sums[1][o])
		}
	}
	return want
}

// findRoot looks at the copies of the roots, and begins with the newest that can be read.
func (v *verifier) findRoot(ctx context.Context) error {
	for key, err := range listed(ctx, v.log.store, v.log.dbid+"/root/") {
		if err != nil {
			return err
		}
		r, err := v.log.rootAt(ctx, key)
		if errors.Is(err, storage.ErrNotFound) {
			continue // it was retired meanwhile
		}
		if err == nil && v.index.root == nil {
			err = v.beginIndex(r)
		}
		switch {
		case isDamage(err):
			v.damaged(err, "this copy of a root: the database is not opened from it")
		case err != nil:
			return err
		}
	}
	return nil
}

func (v *verifier) beginIndex(r *root) error {
	levels, err := v.log.levels(r, index.NewCache(0), nil)
	if err != nil {
		return &StoreError{v.log.rootKey(r), err}
	}
	v.index.begin(r, levels)
	for _, l := range levels {
		v.AllFacts += l.AllFacts()
	}
	return nil
}

// meetRoot compares what the root says of the log, where the log has come to its record.
func (v *verifier) meetRoot(e *entry) {
	r := v.index.root
	if r == nil {
		return
	}
	if e.root != nil && e.root.job == r.job {
		v.index.Published = string(e.root.encode()) == string(r.encode())
	}
	if e.seq != r.seq {
		return
	}
	s := v.snap
	if v.hash != r.hash || s.basis != r.basis || s.instant != r.instant || s.nextT != r.nextT || s.nextElement != r.nextElement ||
		v.datoms != r.datoms || int(v.Bytes) != r.bytes || v.writer.version != r.writer || v.writer.seq != r.writerSeq {
		v.damaged(&StoreError{v.log.rootKey(r), fmt.Errorf("%w: the counts of the root are not those of the log", ErrCorrupt)},
			"nothing; the database that opens from it counts wrongly")
	}
}

// walkIndex goes through the segments of the root, and then compares what lies in them with what the log says.
func (v *verifier) walkIndex(ctx context.Context, yield func(Verification, error) bool) error {
	x := &v.index
	if x.root == nil {
		return nil
	}
	n := 0
	for i, level := range x.levels {
		for p, err := range level.Parts(ctx, nil) {
			if n++; n <= x.Looked {
				continue
			}
			if err == nil {
				err = v.pacer.pause(ctx)
			}
			if err == nil {
				err = v.look(ctx, i, p)
			}
			if isDamage(err) {
				err = cmp.Or(v.outrun(ctx), err)
			}
			if err != nil && !isDamage(err) {
				return err
			}
			if x.Looked++; err != nil {
				x.Torn[i][tree(p)][p.Order] = true
				v.damaged(err, x.schema.lost(p))
			} else {
				v.Segments++
			}
			if every := max(1, verifySegments/max(1, v.finer)); x.Looked%every == 0 && !yield(v.state(), nil) {
				return errStopped
			}
		}
	}
	v.compare()
	return nil
}

func tree(p *index.Part) int {
	switch {
	case p.Masks:
		return treeMasks
	case p.Ended:
		return treeEnded
	}
	return treeHeld
}

// look reads a segment of a level, and adds up what lies in it.
func (v *verifier) look(ctx context.Context, level int, p *index.Part) error {
	from := segments{v.log, nil}
	b, err := from.Load(ctx, p.Name)
	if err != nil {
		return err
	}
	var forgetful func(ID) bool
	if p.Ended {
		forgetful = func(a ID) bool { return v.index.Forgetful[a] }
	}
	sum, err := p.Check(ctx, b, forgetful, func() error { return v.pacer.pause(ctx) })
	if place := (*StoreError)(nil); isAny(err, index.ErrSegment, index.ErrFormat) && !errors.As(err, &place) {
		err = from.Damaged(p.Name, err)
	}
	if err != nil {
		return err
	}
	if p.Height == 0 && !p.Filter {
		v.Facts += p.Facts
	}
	found := &v.index.Found[level][tree(p)][p.Order]
	*found = found.Plus(sum)
	return nil
}

// compare compares what lies in the trees with what the log says, where both could be read.
func (v *verifier) compare() {
	x, key := &v.index, v.log.rootKey(v.index.root)
	if x.LogDamaged {
		return
	}
	if !x.Published {
		v.damaged(&StoreError{key, fmt.Errorf("%w: the record that publishes the root is not in the log", ErrCorrupt)}, "the end of the log")
		return
	}
	for i := range x.levels {
		for o := EAVT; o <= VAET; o++ {
			for k, want := range x.wanted(i, o) {
				if found := x.Found[i][k][o]; found != want && !x.Torn[i][k][o] {
					v.damaged(&StoreError{key, fmt.Errorf("%w: level %d has in %s %d facts %s (%s), and the log says %d (%s)", ErrCorrupt,
						i, o, found.Facts, holding[k], found, want.Facts, want)}, "what is read in that order is wrong: index anew from the log")
				}
			}
		}
	}
}
