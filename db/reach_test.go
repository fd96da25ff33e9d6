package db

import (
	"errors"
	"slices"
	"testing"
)

// TestReachLeadsToEverySegment compares what the roots of a database lead to with what its jobs wrote.
func TestReachLeadsToEverySegment(t *testing.T) {
	s, id := indexedDatabase(t, "x")
	log := newLog(s, id, logSizes{})
	var found []string
	known := map[string]bool{}
	for _, key := range s.keys(t, id+"/root/") {
		r, err := decodeRoot(s.value(t, key))
		if err != nil {
			t.Fatal(err)
		}
		fresh := func(x reached) bool { return !known[log.segment(x.name)] }
		for x, err := range log.reach(t.Context(), r, fresh) {
			if err != nil {
				t.Fatal(err)
			}
			key := log.segment(x.name)
			known[key], found = true, append(found, key)
		}
	}
	slices.Sort(found)
	if written := s.keys(t, id+"/seg/"); !slices.Equal(found, written) {
		t.Errorf("%d segments are reached, and %d were written", len(found), len(written))
	}
	lost, errs := 0, 0
	r, err := log.newestRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for x, err := range log.reach(t.Context(), r, nil) {
		if err == nil && x.part != nil && x.part.Height > 0 {
			lost++
			s.with[log.segment(x.name)] = nil
		}
	}
	for _, err := range log.reach(t.Context(), r, nil) {
		if err != nil && errors.Is(err, ErrCorrupt) {
			errs++
		}
	}
	if lost == 0 || errs == 0 || errs > lost {
		t.Errorf("%d directories are gone, and %d errors", lost, errs)
	}
}
