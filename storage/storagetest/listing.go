package storagetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/datolite/datolite/storage"
)

// family are keys whose byte order differs from that of words, of paths and of numbers.
var family = []string{
	"d1/log/-", "d1/log/.", "d1/log/0", "d1/log/00", "d1/log/1", "d1/log/10", "d1/log/2", "d1/log/_", "d1/log/a",
	"d1/log/a-", "d1/log/a.b", "d1/log/a/", "d1/log/a/b", "d1/log/a0", "d1/log/a_", "d1/log/aa", "d1/log/b",
}

// strangers are keys near the family that no List of it may show.
var strangers = []string{"d/log/1", "d1/lo/1", "d1/log", "d1/log.a/1", "d1/log0/1", "d1/logs/1", "d1/meta", "d1/seg/1", "d10/log/1", "d2/log/1"}

func (s *subject) fill() {
	s.Helper()
	for i := range family {
		s.create(family[(i*5+3)%len(family)], "x") // 5 and 17 have no common divisor
	}
	for _, key := range strangers {
		s.create(key, "x")
	}
}

func listIsInByteOrder(s *subject) {
	s.fill()
	s.lists("d1/log/", "", 100, family...)
	s.lists("d1/seg/", "", 100, "d1/seg/1")
}

func listHonoursPrefix(s *subject) {
	s.fill()
	for _, prefix := range append(slices.Clone(family), "d1/log/a/b/c", "d1/log/zz", "d3/log/", "d1/seg/2") {
		s.lists(prefix, "", 100, begin(family, prefix)...)
	}
}

func listIsAfterAndUpToLimit(s *subject) {
	s.fill()
	afters := append(slices.Clone(family), "", "a", "d1/log/", "d1/log/a/a", "d1/log/zz", "d1/loh", "z")
	for _, prefix := range []string{"d1/log/", "d1/log/a", "d1/log/1"} {
		for _, after := range afters {
			for _, limit := range []int{0, 1, 2, 5, 100} {
				want := slices.DeleteFunc(begin(family, prefix), func(key string) bool { return key <= after })
				s.lists(prefix, after, limit, want[:min(limit, len(want))]...)
			}
		}
	}
}

func listPagesMeetEveryKeyOnce(s *subject) {
	var want, got []string
	var items []storage.Item
	for i := range min(250, s.Limits().Batch) {
		want = append(want, fmt.Sprintf("d1/log/%016x", i))
		items = append(items, item(want[i], "x"))
	}
	s.put(items...)
	for after := ""; ; after = got[len(got)-1] {
		page := s.list("d1/log/", after, 7)
		got = append(got, page...)
		if len(page) < 7 || len(got) > len(want) {
			break
		}
	}
	if !slices.Equal(got, want) {
		s.Errorf("pages of 7 show %d keys in all; want %d", len(got), len(want))
	}
}

// listShowsAllNames lists the one prefix that does not settle the second path element. What that is may settle where a key lies.
func listShowsAllNames(s *subject) {
	names := []string{"name/-/1", "name/a/1", "name/a/2", "name/a0/1", "name/body/1", "name/log/1", "name/seg/1", "name/z/1"}
	for i := range names {
		s.create(names[(i*3+1)%len(names)], "x") // 3 and 8 have no common divisor
	}
	for _, key := range []string{"name", "name.a/1/1", "name0/1/1", "names/a/1", "d1/seg/1", "d1/log/1"} {
		s.create(key, "x")
	}
	s.lists("name/", "", 100, names...)
	s.lists("name/", names[2], 4, names[3:7]...)
	s.lists("name/seg/", "", 100, "name/seg/1")
}

// begin returns those of keys that begin with prefix.
func begin(keys []string, prefix string) []string {
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return !strings.HasPrefix(key, prefix) })
}
