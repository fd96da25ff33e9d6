package tag

import (
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/index"
)

type name string

type uuid [16]byte

type base struct {
	ID  index.ID `datom:"db/id"`
	Doc *string  `datom:":db/doc"`
}

type every struct {
	base
	Plain   int
	Skipped int         `datom:"-"`
	S       string      `datom:"x/s,identity"`
	Named   name        `datom:"x/named,unique,noindex"`
	B       bool        `datom:"x/b,nohistory"`
	I       int32       `datom:"x/i"`
	U       uint64      `datom:"x/u,many"`
	Big     *big.Int    `datom:"x/big"`
	F       float32     `datom:"x/f"`
	D       float64     `datom:"x/d"`
	Dec     edn.Decimal `datom:"x/dec"`
	At      *time.Time  `datom:"x/at"`
	UUID    uuid        `datom:"x/uuid"`
	K       edn.Keyword `datom:"x/k"`
	Sym     edn.Symbol  `datom:"x/sym"`
	URI     edn.URI     `datom:"x/uri"`
	Ref     index.ID    `datom:"x/ref"`
	Tx      index.T     `datom:"x/tx"`
	Bytes   []byte      `datom:"x/bytes"`
	Many    [][]byte    `datom:"x/many"`
	Tuple   edn.Tuple   `datom:"x/tuple"`
	Tuples  []edn.Tuple `datom:"x/tuples"`
	Bigs    []*big.Int  `datom:"x/bigs"`
	Part    *every      `datom:"x/part, component"`
	Parts   []every     `datom:"x/parts,component"`
	Owners  []*every    `datom:"x/_owner"`
	Local   string      `datom:"local"`
}

const wantEvery = `every.base.ID: db/id ref
every.base.Doc: db/doc string pointer
every.S: x/s string identity
every.Named: x/named string unique noindex
every.B: x/b boolean nohistory
every.I: x/i long
every.U: x/u long many
every.Big: x/big bigint
every.F: x/f float
every.D: x/d double
every.Dec: x/dec bigdec
every.At: x/at instant pointer
every.UUID: x/uuid uuid
every.K: x/k keyword
every.Sym: x/sym symbol
every.URI: x/uri uri
every.Ref: x/ref ref
every.Tx: x/tx ref
every.Bytes: x/bytes bytes
every.Many: x/many bytes many slice
every.Tuple: x/tuple tuple
every.Tuples: x/tuples tuple many slice
every.Bigs: x/bigs bigint many slice
every.Part: x/part ref pointer component nested every
every.Parts: x/parts ref many slice component nested every
every.Owners: x/_owner ref many slice pointer nested every
every.Local: local string
`

func describe(f *Field) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s %s", f.Path, f.Name(), f.Type)
	for _, o := range []struct {
		on   bool
		name string
	}{{f.Many, "many"}, {f.Slice, "slice"}, {f.Pointer, "pointer"}, {f.Identity, "identity"}, {f.Unique, "unique"},
		{f.Component, "component"}, {f.NoIndex, "noindex"}, {f.NoHistory, "nohistory"}} {
		if o.on {
			b.WriteString(" " + o.name)
		}
	}
	if n, err := f.Nested(); err != nil {
		b.WriteString(" " + err.Error())
	} else if n != nil {
		b.WriteString(" nested " + n.Type.Name())
	}
	return b.String() + "\n"
}

func TestEveryField(t *testing.T) {
	s, err := Of(reflect.TypeFor[*every]())
	if err != nil {
		t.Fatal(err)
	}
	got := describe(s.ID)
	for _, f := range s.Fields {
		got += describe(f)
	}
	if got != wantEvery {
		t.Errorf("got\n%s\nwant\n%s", got, wantEvery)
	}
	if again, _ := Of(reflect.TypeFor[every]()); again != s {
		t.Error("the type was read twice")
	}
	if f := reflect.TypeFor[every]().FieldByIndex(s.ID.Index); f.Name != "ID" {
		t.Error("the index of an embedded field leads to", f.Name)
	}
}

type (
	unknownOption struct {
		Name string `datom:"x/s,identty"`
	}
	strangeOption struct {
		Name string `datom:"x/s,primary"`
	}
	twice struct {
		A string `datom:"x/s"`
		B string `datom:":x/s"`
	}
	bothWays struct {
		A []index.ID `datom:"x/r"`
		B []index.ID `datom:"x/_r"`
	}
	twoIDs struct {
		base
		ID index.ID `datom:"db/id"`
	}
	longID struct {
		ID int64 `datom:"db/id"`
	}
	noName struct {
		A string `datom:",identity"`
	}
	spaced struct {
		A string `datom:"x s"`
	}
	hidden struct {
		a string `datom:"x/s"`
	}
	mapped struct {
		A map[string]int `datom:"x/s"`
	}
	anything struct {
		A []any `datom:"x/s"`
	}
	deepPointer struct {
		A **string `datom:"x/s"`
	}
	part struct {
		A string `datom:"x/s,component"`
	}
	reversed struct {
		A string `datom:"x/_s"`
	}
	reverseOption struct {
		A index.ID `datom:"x/_s,component"`
	}
	unlike struct {
		A string `datom:"x/s,identity,unique"`
	}
	untagged struct{ A string }
	plainBig struct {
		A big.Int `datom:"x/s"`
	}
	deepBase   struct{ base }
	baseBehind struct {
		*deepBase
		A string `datom:"x/s"`
	}
	plainBehind struct {
		*untagged
		B string `datom:"x/s"`
	}
)

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		t    reflect.Type
		want string
	}{
		{reflect.TypeFor[unknownOption](), "unknownOption.Name: unknown option identty (did you mean identity?)"},
		{reflect.TypeFor[strangeOption](), "strangeOption.Name: unknown option primary"},
		{reflect.TypeFor[twice](), "twice.B: x/s is the tag of twice.A already"},
		{reflect.TypeFor[bothWays](), ""},
		{reflect.TypeFor[twoIDs](), "twoIDs.ID: db/id is the tag of twoIDs.base.ID already"},
		{reflect.TypeFor[longID](), "longID.ID: db/id is a db.ID or a db.T"},
		{reflect.TypeFor[noName](), `noName.A: the tag must begin with the name of an attribute, not ""`},
		{reflect.TypeFor[spaced](), `spaced.A: the tag must begin with the name of an attribute, not "x s"`},
		{reflect.TypeFor[hidden](), "hidden.a: a field with a tag must be exported"},
		{reflect.TypeFor[mapped](), "mapped.A: no value has the Go type map[string]int"},
		{reflect.TypeFor[anything](), "anything.A: no value has the Go type interface {}"},
		{reflect.TypeFor[deepPointer](), "deepPointer.A: no value has the Go type *string"},
		{reflect.TypeFor[part](), "part.A: only references can be components, not a string"},
		{reflect.TypeFor[reversed](), "reversed.A: only references can be reversed, not a string"},
		{reflect.TypeFor[reverseOption](), "reverseOption.A: x/_s takes no options"},
		{reflect.TypeFor[unlike](), "unlike.A: identity and unique exclude each other"},
		{reflect.TypeFor[untagged](), "untagged: no field has a tag such as `datom:\"person/name\"`"},
		{reflect.TypeFor[plainBig](), "plainBig.A: no value has the Go type big.Int"},
		{reflect.TypeFor[baseBehind](), "baseBehind.deepBase: fields behind an embedded pointer would be passed over: embed the struct itself"},
		{reflect.TypeFor[plainBehind](), ""},
		{reflect.TypeFor[int](), "int: is not a struct"},
	} {
		got := ""
		if _, err := Of(c.t); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.t, got, c.want)
		}
	}
	_ = hidden{}.a
}
