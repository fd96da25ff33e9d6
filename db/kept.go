package db

import "github.com/datolite/datolite/index"

// Keeper returns what keeps, in the cache of the database, something that was made of all that holds of an attribute: for this snapshot and for others
// in which the same holds of it. It is for package query alone.
func (s *Snapshot) Keeper(attr ID) index.Keeper {
	if s.env.cache == nil || s.later != nil { // which hides some of what its levels have
		return index.Keeper{}
	}
	return s.levels.Keeper(s.env.cache, attr)
}
