package storagetest

import (
	"fmt"
	"strings"
)

func whatWasStoredIsDurable(s *subject) {
	large := strings.Repeat("large ", 20_000)
	for round := range 3 {
		for _, key := range places {
			s.create(fmt.Sprint(key, ".", round), key)
		}
		s.put(item(fmt.Sprint("d1/seg/large-", round), large), item(fmt.Sprint("d1/root/", round), ""))
		s.reopen()
		for earlier := range round + 1 {
			for _, key := range places {
				s.holds(fmt.Sprint(key, ".", earlier), key)
			}
			s.holds(fmt.Sprint("d1/seg/large-", earlier), large)
			s.holds(fmt.Sprint("d1/root/", earlier), "")
		}
	}
	s.lists("d1/meta", "", 10, "d1/meta.0", "d1/meta.1", "d1/meta.2")
}

func whatWasDeletedStaysDeleted(s *subject) {
	for _, key := range places {
		s.create(key, "x")
		s.create(key+".stays", "y")
	}
	s.delete(places...)
	s.reopen()
	for _, key := range places {
		s.lacks(key)
		s.holds(key+".stays", "y")
	}
}
