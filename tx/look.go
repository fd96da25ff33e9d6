package tx

import (
	"slices"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/index"
)

// together is from how many identities of an attribute on they are looked for together.
const together = 32

// look looks for the identities of those attributes of which many are claimed, in the database before.
func (u *unification) look() error {
	if u.terms < together {
		return nil
	}
	claims := map[*db.Attribute][]int{}
	for _, i := range u.queue {
		if c := u.claim(i); i < len(u.x.claims) && !c.open && c.a.Type != db.TypeTuple {
			claims[c.a] = append(claims[c.a], i)
		}
	}
	for a, some := range claims {
		if len(some) < together {
			continue
		}
		if u.looked == nil {
			u.looked, u.held = map[db.ID]bool{}, map[int]db.Datom{}
		}
		if err := u.lookFor(a, some); err != nil {
			return err
		}
		u.looked[a.ID] = true
	}
	return nil
}

// lookFor looks for the identities that some claims assert of one attribute.
func (u *unification) lookFor(a *db.Attribute, claims []int) error {
	_, any, err := u.x.first(db.AVET, 1, index.Fact{A: a.ID})
	if !any || err != nil {
		return err
	}
	value := func(i int) db.Value { return u.x.claims[i].v }
	slices.SortFunc(claims, func(i, j int) int { return index.Compare(value(i), value(j)) })
	keys := index.Keys{A: a.ID}
	var of [][]int // the claims of each key
	for k, i := range claims {
		if k == 0 || value(i) != value(claims[k-1]) {
			keys.V.Append(value(i))
			of = append(of, nil)
		}
		of[len(of)-1] = append(of[len(of)-1], i)
	}
	cursor, err := u.x.snap.ScanKeys(u.x.ctx, db.AVET, keys)
	if err != nil {
		return err
	}
	for {
		batch, err := cursor.Next()
		if batch == nil || err != nil {
			return err
		}
		for k, key := range batch.Of {
			for _, i := range of[key] {
				if _, ok := u.held[i]; !ok {
					u.held[i] = batch.Datom(k)
				}
			}
		}
	}
}

// lookup returns the datom of the entity that has the identity v, which the i-th claim asserts.
func (u *unification) lookup(i int, c *claim, v db.Value) (db.Datom, bool, error) {
	if i < len(u.x.claims) && !c.open && u.looked[c.a.ID] {
		d, held := u.held[i]
		return d, held, nil
	}
	return u.x.holder(c.a, v)
}
