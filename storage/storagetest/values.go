package storagetest

import (
	"fmt"
	"strings"

	"github.com/datolite/datolite/storage"
)

// places are keys of every kind that a database writes: a backend may keep them apart.
var places = []string{"name/people/0", "d1/meta", "d1/log/0000000000000001", "d1/body/0000000000000001-ab", "d1/seg/j/0-cd", "d1/root/0-1-j"}

// every byte there is, so that no text encoding goes unnoticed
func everyByte() string {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	return string(all)
}

func getReturnsWhatWasStored(s *subject) {
	for i, key := range places {
		s.create(key, fmt.Sprint("created ", i))
		s.put(item(key+".put", everyByte()))
	}
	for i, key := range places {
		s.holds(key, fmt.Sprint("created ", i))
		s.holds(key+".put", everyByte())
	}
}

func getOfMissingKeyIsErrNotFound(s *subject) {
	s.create("d1/log/1", "x")
	for _, key := range append(places, "d1/log/", "d1/log", "d1/log/11", "d") {
		s.lacks(key)
	}
}

func emptyValueIsAValue(s *subject) {
	s.create("d1/log/1", "")
	s.put(storage.Item{Key: "d1/seg/1"}, item("d1/seg/2", ""))
	for _, key := range []string{"d1/log/1", "d1/seg/1", "d1/seg/2"} {
		s.holds(key, "")
		s.fails("Create over an empty value", s.Create(s.ctx, key, []byte("x")), storage.ErrExists)
	}
	s.lists("d1/seg/", "", 10, "d1/seg/1", "d1/seg/2")
}

func valuesBelongToTheCaller(s *subject) {
	value := []byte("mine")
	if err := s.Create(s.ctx, "d1/log/1", value); err != nil {
		s.Fatalf("Create = %v", err)
	}
	items := []storage.Item{{Key: "d1/seg/1", Value: value}, {Key: "d1/log/2", Value: value}}
	s.put(items...)
	copy(value, "XXXX")
	if items[0].Key != "d1/seg/1" || items[1].Key != "d1/log/2" {
		s.Errorf("Put changed the order of the caller's items: %v", items)
	}
	for _, key := range []string{"d1/log/1", "d1/seg/1", "d1/log/2"} {
		s.holds(key, "mine")
		got, _ := s.Get(s.ctx, key)
		copy(got, "YYYY")
		s.holds(key, "mine")
	}
}

func createNeverOverwrites(s *subject) {
	for _, key := range places {
		s.create(key, "first")
		s.fails("second Create", s.Create(s.ctx, key, []byte("second")), storage.ErrExists)
		s.fails("Create with the same value", s.Create(s.ctx, key, []byte("first")), storage.ErrExists)
		s.holds(key, "first")
	}
	s.put(item("d1/seg/put", "first"))
	s.fails("Create after Put", s.Create(s.ctx, "d1/seg/put", []byte("second")), storage.ErrExists)
	s.holds("d1/seg/put", "first")
}

func putStoresEveryItem(s *subject) {
	var items []storage.Item
	for i := range min(2000, s.Limits().Batch) {
		n := i * 7919 % 10007 // not in the order of keys
		items = append(items, item(fmt.Sprintf("d%d/%s/%05d", n%2, []string{"seg", "log", "body"}[n%3], n), strings.Repeat("v", n%300)))
	}
	s.put()
	s.put(items...)
	for _, want := range items {
		s.holds(want.Key, string(want.Value))
	}
}

func putMayBeRepeated(s *subject) {
	one, two, three := item("d1/seg/1", "one"), item("d1/seg/2", "two"), item("d1/meta", "three")
	s.put(one, two)
	s.put(two, three, one)
	s.put(one, two, three)
	s.holds("d1/seg/1", "one")
	s.holds("d1/seg/2", "two")
	s.holds("d1/meta", "three")
	s.lists("d1/seg/", "", 10, "d1/seg/1", "d1/seg/2")
}

func putReplaces(s *subject) {
	for _, key := range places {
		s.create(key, strings.Repeat("long", 1000))
		s.put(item(key, "short"), item(key+"-other", "first"))
		s.holds(key, "short")
		s.fails("Create of what was replaced", s.Create(s.ctx, key, []byte("x")), storage.ErrExists)
		s.put(item(key+"-other", "second"))
		s.holds(key+"-other", "second")
	}
}

func deleteRemoves(s *subject) {
	for _, key := range places {
		s.create(key, "x")
		s.create(key+"-stays", "y")
	}
	s.delete(places...)
	for _, key := range places {
		s.lacks(key)
		s.holds(key+"-stays", "y")
	}
}

func deleteOfMissingKeyIsNoError(s *subject) {
	s.create("d1/log/1", "x")
	s.delete()
	s.delete("d1/log/2", "d1/seg/1")
	s.delete("d1/log/2", "d1/log/1")
	s.delete("d1/log/1")
	s.lacks("d1/log/1")
}

func largestValueIsStored(s *subject) {
	largest := strings.Repeat("0123456789abcdef", s.Limits().Value/16+1)[:s.Limits().Value]
	s.put(item("d1/seg/1", largest), item("d1/seg/2", "small"))
	s.create("d1/log/1", largest)
	for _, key := range []string{"d1/seg/1", "d1/log/1"} {
		s.holds(key, largest)
	}
	s.holds("d1/seg/2", "small")
}
