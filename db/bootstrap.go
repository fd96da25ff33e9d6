package db

import (
	"strings"
	"sync"
	"time"

	"github.com/datolite/datolite/index"
)

// builtin lists the entities that every database begins with: id, ident, and of an attribute its type and properties. Ids 0 to
// 72 and their meaning are those of Datomic, those after it ours. They are part of the format: a line may be added, never changed.
const builtin = `
0  db.part/db
1  db/add
2  db/retract
3  db.part/tx
4  db.part/user
7  db/system-tx keyword many
8  db.sys/partiallyIndexed boolean
9  db.sys/reId ref
10 db/ident keyword identity
11 db.install/partition ref many
12 db.install/valueType ref many
13 db.install/attribute ref many
14 db.install/function ref many
15 db/excise ref
16 db.excise/attrs ref many
17 db.excise/beforeT long
18 db.excise/before instant
19 db.alter/attribute ref many
20 db.type/ref
21 db.type/keyword
22 db.type/long
23 db.type/string
24 db.type/boolean
25 db.type/instant
26 db.type/fn
27 db.type/bytes
35 db.cardinality/one
36 db.cardinality/many
37 db.unique/value
38 db.unique/identity
39 fressian/tag keyword
40 db/valueType ref
41 db/cardinality ref
42 db/unique ref
43 db/isComponent boolean
44 db/index boolean
45 db/noHistory boolean
46 db/lang ref
47 db/code string
48 db.lang/clojure
49 db.lang/java
50 db/txInstant instant
51 db/fulltext boolean
52 db/fn fn
53 db.bootstrap/part
54 db/retractEntity
55 db/cas
56 db.type/uuid
57 db.type/double
58 db.type/float
59 db.type/uri
60 db.type/bigint
61 db.type/bigdec
62 db/doc string
63 db.type/tuple
64 db.type/symbol
65 db/tupleType keyword
66 db/tupleTypes tuple
67 db/tupleAttrs tuple
68 db/ensure ref many
69 db.entity/attrs keyword many
70 db.entity/preds symbol many
71 db.attr/preds symbol many
72 db.tuple/discontinued boolean
73 db/acyclic boolean
74 db/sensitive boolean
75 db/constraint string many
76 db.tx/key string unique
77 db.tuple/nilsDistinct boolean
78 db.tuple/upsert boolean`

// The entities that the facts of the bootstrap are about or refer to, and that nothing else in the package names.
const (
	partDB          ID = 0
	installPart     ID = 11
	installType     ID = 12
	installAttr     ID = 13
	installFunction ID = 14
	typeFn          ID = 26
	cardinalityOne  ID = 35
	firstT          T  = 1000
	firstElement    ID = 1000
)

// A beginning is what every database starts from.
type beginning struct {
	facts  []index.Fact
	levels index.Levels
	schema *Schema
}

// bootstrap returns the beginning. It is made once and shared, since nothing in it changes.
var bootstrap = sync.OnceValue(func() *beginning {
	facts := bootstrapFacts()
	schema := new(Schema).revise(0, facts)
	schema.idents = schema.idents.with(map[Keyword]ID{"db.fn/retractEntity": 54, "db.fn/cas": 55})
	return &beginning{facts, index.Levels{}.Push(index.NewRun(facts, schema)), schema}
})

// bootstrapFacts returns what the transaction 0, which no log holds, asserts at the beginning of 1970.
func bootstrapFacts() []index.Fact {
	facts := []index.Fact{{E: index.TxID(0), A: attrInstant, V: index.Instant(time.UnixMilli(0)), Tx: index.TxID(0)}}
	for line := range strings.Lines(strings.TrimSpace(builtin)) {
		for _, f := range builtinFacts(strings.Fields(line)) {
			f.Tx = index.TxID(0)
			facts = append(facts, f)
		}
	}
	return facts
}

// builtinFacts returns the facts of one line of builtin.
func builtinFacts(words []string) []index.Fact {
	e := numeral(words[0])
	facts := []index.Fact{{E: e, A: attrIdent, V: keyword(words[1])}}
	switch kind, name, _ := strings.Cut(words[1], "/"); {
	case len(words) > 2:
		facts = append(facts, index.Fact{E: partDB, A: installAttr, V: index.Ref(e)})
		facts = append(facts, describe(e, words[2], words[3:])...)
	case kind == "db.type":
		facts = append(facts, index.Fact{E: partDB, A: installType, V: index.Ref(e)})
	case kind == "db.part":
		facts = append(facts, index.Fact{E: partDB, A: installPart, V: index.Ref(e)})
	case name == "retractEntity" || name == "cas":
		facts = append(facts, index.Fact{E: partDB, A: installFunction, V: index.Ref(e)})
	}
	return facts
}

// describe returns the facts that make e an attribute.
func describe(e ID, typeName string, properties []string) []index.Fact {
	t, id := typeFn, cardinalityOne
	if typed, ok := typeNamed(Keyword("db.type/" + typeName)); ok {
		t = typed.ID()
	}
	var facts []index.Fact
	for _, p := range properties {
		switch p {
		case "many":
			id = cardinalityMany
		case "unique":
			facts = append(facts, index.Fact{E: e, A: attrUnique, V: index.Ref(uniqueValue)})
		case "identity":
			facts = append(facts, index.Fact{E: e, A: attrUnique, V: index.Ref(uniqueIdentity)})
		}
	}
	if t == TypeTuple.ID() {
		facts = append(facts, index.Fact{E: e, A: attrTupleType, V: keyword("db.type/keyword")})
	}
	return append(facts, index.Fact{E: e, A: attrType, V: index.Ref(t)}, index.Fact{E: e, A: attrCardinality, V: index.Ref(id)})
}

// keyword returns the value of a keyword of the program text.
func keyword(text string) Value {
	v, _ := index.Keyword(Keyword(text))
	return v
}

// numeral returns the number that a line of builtin begins with.
func numeral(word string) ID {
	var n ID
	for _, digit := range word {
		n = n*10 + ID(digit-'0')
	}
	return n
}
