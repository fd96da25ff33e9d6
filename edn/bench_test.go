package edn

import (
	"strings"
	"testing"
)

// document is a text as transactions have it: maps of keywords, strings, numbers and a few instants.
var document = func() string {
	const entity = `{:db/id "p-17" :person/name "Ada Lovelace" :person/born 1815 :person/weight 61.5
 :person/friends [[:person/name "Charles"] 17592186045418] :person/seen #inst "2020-01-02T03:04:05.678Z"}
`
	return "[" + strings.Repeat(entity, 1000) + "]"
}()

const shortQuery = `[:find ?name (count ?f) :in $ ?born :where [?p :person/name ?name] [?p :person/born ?born] (not [?p :person/friend ?f])]`

func benchRead(b *testing.B, text string) {
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadDocument(b *testing.B) { benchRead(b, document) }

func BenchmarkReadQuery(b *testing.B) { benchRead(b, shortQuery) }

func BenchmarkString(b *testing.B) {
	n, err := Read(document)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(document)))
	b.ReportAllocs()
	for b.Loop() {
		String(n)
	}
}

func BenchmarkPlain(b *testing.B) {
	n, err := Read(document)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		n.Plain()
	}
}
