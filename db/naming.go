package db

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/datolite/datolite/storage"
)

// A naming is what one generation of a name says of a database. Each is created once, and the highest generation of a name counts.
// As text it is one of
//
//	<dbid> <sum>                     the name leads to the database
//	dropped <sum>                    it leads to none
//	dropped <dbid> <sum>             it leads to none; the database that it led to is dropped
//	moved <dbid> <name> <gen> <sum>  the database has the other name, if that generation of it says so, and otherwise still this one
//
// where gen has 16 hexadecimal digits, and sum is the beginning of the SHA-256 of the key and what stands before it, so that none is
// taken for another one. The first two may come without the sum.
type naming struct {
	verb string     // named, dropped or moved
	dbid string     // "" where dropped names none
	to   generation // of moved
}

// The verbs of a naming.
const (
	named   = "named"
	dropped = "dropped"
	moved   = "moved"
)

// A generation is one of a name: 1 is the first.
type generation struct {
	name string
	gen  uint64
}

// key returns the key of the generation in the store.
func (g generation) key() string { return namePrefix + g.name + "/" + hex16(g.gen) }

// namePrefix begins the keys of the catalogue.
const namePrefix = "name/"

// parseGeneration returns the generation that has a key.
func parseGeneration(key string) (generation, error) {
	name, gen, ok := strings.Cut(strings.TrimPrefix(key, namePrefix), "/")
	n, err := strconv.ParseUint(gen, 16, 64)
	g := generation{name, n}
	if !ok || err != nil || g.key() != key {
		return g, &StoreError{key, fmt.Errorf("%w: the key ends in no generation", ErrCorrupt)}
	}
	return g, nil
}

// encode returns the naming as the text of a generation.
func (n naming) encode(at generation) []byte {
	words := []string{n.verb, n.dbid}
	switch {
	case n.verb == named:
		words = words[1:]
	case n.verb == moved:
		words = append(words, n.to.name, hex16(n.to.gen))
	case n.dbid == "":
		words = words[:1]
	}
	text := strings.Join(words, " ")
	return []byte(text + " " + at.sum(text))
}

// sum returns what tells that a text is that of the generation.
func (g generation) sum(text string) string {
	sum := sha256.Sum256([]byte(g.key() + " " + text))
	return hex.EncodeToString(sum[:4])
}

// parseNaming returns the naming that is the text of a generation.
func parseNaming(b []byte, at generation) (naming, error) {
	text := string(b)
	words := strings.Split(text, " ")
	last := len(words) - 1
	if last > 0 {
		words = words[:last]
	}
	n := naming{verb: words[0]}
	switch {
	case isDBID(words[0]):
		n = naming{verb: named, dbid: words[0]}
	case len(words) == 2:
		n.dbid = words[1]
	case len(words) == 4 && n.verb == moved:
		gen, _ := strconv.ParseUint(words[3], 16, 64)
		n.dbid, n.to = words[1], generation{words[2], gen}
	}
	short := last == 0 && (n.verb == named || text == dropped)
	known := n.verb == named || n.verb == dropped || n.verb == moved && n.to.name != ""
	if !short && (!known || string(n.encode(at)) != text) {
		return naming{}, fmt.Errorf("%w: it says nothing of a database", ErrCorrupt)
	}
	return n, nil
}

func isDBID(text string) bool {
	b, err := hex.DecodeString(text)
	return err == nil && len(b) == len(nonce{}) && hex.EncodeToString(b) == text
}

// read returns what a generation says, and false if it is not there.
func (c catalogue) read(ctx context.Context, g generation) (naming, bool, error) {
	b, err := c.store.Get(ctx, g.key())
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return naming{}, false, nil
	case err != nil:
		return naming{}, false, err
	}
	n, err := parseNaming(b, g)
	if err != nil {
		return naming{}, false, &StoreError{g.key(), err}
	}
	return n, true, nil
}

// fill makes a generation that says something, and reports whether it says that now. One that somebody else made before is no error;
// one of which nothing is known is.
func (c catalogue) fill(ctx context.Context, g generation, n naming) (bool, error) {
	other, err := c.filling(g, n).run(ctx)
	return err == nil && other == nil, err
}

// filling returns the creation of a generation. A store that fails is asked a few times.
func (c catalogue) filling(g generation, n naming) *creation {
	return &creation{store: c.store, key: g.key(), value: n.encode(g), tries: catalogueTries, logger: c.logger}
}

const catalogueTries = 5
