package query_test

import (
	"maps"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// ages are what people's ages are, or were.
type ages map[db.ID]int

// An agedView is a reader and what it must show.
type agedView struct {
	name string
	from db.Reader
	ages ages
}

// A changer changes ages as chance will have it, and keeps what they were.
type changer struct {
	*testing.T
	rng   *rand.Rand
	conn  *db.Conn
	ids   []db.ID
	views []agedView
}

// law: what changed since it was indexed, or was so at a moment, is found as often as it is asked for, on every branch, and while the index is made.
func TestWhatChangedIsFoundAgainAndAgain(t *testing.T) {
	soak.Run(t, 1, 2, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 3))
		conn, err := db.Open(t.Context(), mem.New(), db.Options{Cache: 1 << (18 + rng.IntN(6))})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		c := &changer{T: t, rng: rng, conn: conn}
		c.begin(300 + rng.IntN(300))
		for range 4 {
			c.change()
			if rng.IntN(3) == 0 {
				var indexing sync.WaitGroup
				indexing.Go(func() {
					if err := conn.Index(t.Context()); err != nil {
						t.Error(err)
					}
				})
				c.checkSome()
				indexing.Wait()
			}
			c.checkSome()
		}
	})
}

// begin makes people and indexes them.
func (c *changer) begin(n int) {
	c.Helper()
	data := []tx.Data{tx.EDN(`[{:db/ident :age :db/valueType :db.type/long :db/index true} {:db/ident :name :db/valueType :db.type/keyword}]`)}
	for range 2 {
		rep, err := tx.Transact(c.Context(), c.conn, data...)
		if err != nil {
			c.Fatal(err)
		}
		if c.ids, data = rep.Created, nil; len(c.ids) < n {
			for range n {
				data = append(data, tx.Map{"age": 20, "name": db.Keyword([]string{"ivan", "petr"}[c.rng.IntN(2)])})
			}
		}
	}
	all := ages{}
	for _, e := range c.ids {
		all[e] = 20
	}
	c.views = append(c.views, agedView{"the beginning", c.conn.Snapshot(), all})
	if err := c.conn.Index(c.Context()); err != nil {
		c.Fatal(err)
	}
}

// change changes some of the ages, or takes them away, and does so on a branch too.
func (c *changer) change() {
	c.Helper()
	last := c.views[len(c.views)-1].ages
	some := func() ([]tx.Data, ages) {
		data, out, share := []tx.Data(nil), maps.Clone(last), 1+c.rng.IntN(4)
		for _, e := range c.ids {
			switch old, there := out[e]; {
			case c.rng.IntN(share) > 0:
			case there && c.rng.IntN(8) == 0:
				data = append(data, tx.Retract(e, "age", old))
				delete(out, e)
			default:
				out[e] = c.rng.IntN(60)
				data = append(data, tx.Map{"db/id": e, "age": out[e]})
			}
		}
		return data, out
	}
	data, branched := some()
	branch, err := tx.With(c.Context(), c.conn.Snapshot(), data...)
	if err != nil {
		c.Fatal(err)
	}
	data, changed := some()
	rep, err := tx.Transact(c.Context(), c.conn, data...)
	if err != nil {
		c.Fatal(err)
	}
	for i := range c.views {
		if s, ok := c.views[i].from.(*db.Snapshot); ok && !s.Speculative() && c.rng.IntN(2) == 0 {
			c.views[i] = agedView{"the past", rep.After.AsOf(s.T()), c.views[i].ages}
		}
	}
	c.views = append(c.views, agedView{"a branch", branch.After, branched}, agedView{"the present", rep.After, changed})
}

// checkSome asks several views of the same questions beside each other, again and again.
func (c *changer) checkSome() {
	c.Helper()
	var asking sync.WaitGroup
	for _, v := range []agedView{c.views[len(c.views)-1], c.views[len(c.views)-2], c.views[c.rng.IntN(len(c.views))]} {
		asking.Go(func() {
			for range 5 {
				c.check(v)
			}
		})
	}
	asking.Wait()
}

func (c *changer) check(v agedView) {
	for _, q := range []struct {
		text  string
		shows func(age int) bool
	}{
		{`[:find ?e ?a :where [?e :age ?a]]`, func(int) bool { return true }},
		{`[:find ?e ?a :where [?e :age ?a] [(< ?a 30)]]`, func(age int) bool { return age < 30 }},
		{`[:find ?e ?a :where [?e :name _] [?e :age ?a]]`, func(int) bool { return true }},
	} {
		type row struct {
			E db.ID
			A int
		}
		found, err := query.MustPrepare[row](q.text).All(c.Context(), v.from)
		if err != nil {
			c.Error(err)
		}
		want, got := ages{}, ages{}
		for e, age := range v.ages {
			if q.shows(age) {
				want[e] = age
			}
		}
		for _, r := range found {
			got[r.E] = r.A
		}
		if !maps.Equal(want, got) || len(found) != len(got) {
			c.Errorf("%s of %s shows %d rows, of %d entities: they should be %d", q.text, v.name, len(found), len(got), len(want))
		}
	}
}
