package tx_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/tx"
)

// texts returns the transactions of the scripts, which mutations start from.
func texts(t testing.TB) []string {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	var all []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range regexp.MustCompile(`(?s)\n(?:transact|with)\n(.*?)\n----`).FindAllStringSubmatch(string(text), -1) {
			all = append(all, block[1])
		}
	}
	return all
}

// check transacts a text: it must be accepted or refused, soon, and what is refused must have a kind.
func check(t testing.TB, snap *db.Snapshot, text string) *db.Report {
	t.Helper()
	begun := time.Now()
	rep, err := tx.With(context.Background(), snap, tx.EDN(text))
	if took := time.Since(begun); took > 5*time.Second {
		t.Fatalf("%q took %s", text, took)
	}
	if err != nil && (db.CategoryOf(err) == db.Fault || !strings.HasPrefix(err.Error(), "tx: ")) {
		t.Fatalf("%q: %v", text, err)
	}
	return rep
}

var token = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|[\[\](){}]|#?[^\s\[\](){}"]+`)

// TestMutatedTexts transacts texts whose forms, tokens or bytes are replaced, repeated, moved or left out: 20 a case. Only the
// first are sure to be EDN, and reach the stages of a transaction.
func TestMutatedTexts(t *testing.T) {
	all := texts(t)
	var tokens []string
	var forms []*edn.Node
	for _, text := range all {
		tokens = append(tokens, token.FindAllString(text, -1)...)
		if n, err := edn.Read(text); err == nil {
			forms = append(forms, places(&n)...)
		}
	}
	soak.Run(t, 300, 2500, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 2))
		snap := newGenerator(t, seed).snap
		for range 20 {
			text := all[rng.IntN(len(all))]
			switch rng.IntN(8) {
			case 0:
				text = mutateBytes(rng, text)
			case 1:
				text = mutateTokens(rng, text, tokens)
			default:
				text = mutateForms(rng, text, forms)
			}
			if rep := check(t, snap, text); rep != nil {
				snap = rep.After
			}
		}
	})
}

// mutateForms changes one to three forms of a text, which stays EDN unless a map or set gets a key or element twice.
func mutateForms(rng *rand.Rand, text string, others []*edn.Node) string {
	n, err := edn.Read(text)
	if err != nil {
		return text
	}
	for range 1 + rng.IntN(3) {
		all := places(&n)
		at := all[rng.IntN(len(all))]
		every := 1
		if at.Kind == edn.Map {
			every = 2
		}
		if at.Kind == edn.Tagged || len(at.Items) < every {
			*at = clone(others[rng.IntN(len(others))])
			continue
		}
		i := every * rng.IntN(len(at.Items)/every)
		switch rng.IntN(4) {
		case 0:
			at.Items = slices.Delete(at.Items, i, i+every)
		case 1:
			at.Items = append(at.Items, clone(&edn.Node{Kind: edn.Vector, Items: at.Items[i : i+every]}).Items...)
		case 2:
			at.Items[i] = clone(all[rng.IntN(len(all))])
		default:
			at.Items[i+rng.IntN(every)] = clone(others[rng.IntN(len(others))])
		}
	}
	return edn.String(n)
}

// clone returns a form that shares nothing with n, so that no form comes to hold itself; nil for what cannot be read any more.
func clone(n *edn.Node) edn.Node {
	again, _ := edn.Read(edn.String(*n))
	return again
}

// places returns a form and all forms in it.
func places(n *edn.Node) []*edn.Node {
	all := []*edn.Node{n}
	for i := range n.Items {
		all = append(all, places(&n.Items[i])...)
	}
	return all
}

func mutateTokens(rng *rand.Rand, text string, tokens []string) string {
	own := token.FindAllString(text, -1)
	for range 1 + rng.IntN(4) {
		if len(own) == 0 {
			break
		}
		i, j := rng.IntN(len(own)), rng.IntN(len(own))
		switch rng.IntN(5) {
		case 0:
			own = slices.Delete(own, i, i+1)
		case 1:
			own = slices.Insert(own, i, own[j])
		case 2:
			own[i], own[j] = own[j], own[i]
		case 3:
			own = slices.Insert(own, i, tokens[rng.IntN(len(tokens))])
		default:
			own[i] = tokens[rng.IntN(len(tokens))]
		}
	}
	return strings.Join(own, " ")
}

func mutateBytes(rng *rand.Rand, text string) string {
	b := []byte(text)
	for range 1 + rng.IntN(3) {
		if len(b) > 0 {
			b[rng.IntN(len(b))] = byte(rng.IntN(256))
		}
	}
	return string(b)
}

func FuzzTransact(f *testing.F) {
	for _, text := range texts(f) {
		f.Add(text)
	}
	snap := given(f, empty(f), tx.EDN(vectors)).After
	f.Fuzz(func(t *testing.T, text string) { check(t, snap, text) })
}

// TestDeepAndEndless gives data that would never end.
func TestDeepAndEndless(t *testing.T) {
	snap := given(t, empty(t), tx.EDN(vectors)).After
	loop := tx.Map{"k1": "a"}
	loop["part"] = loop
	var again tx.Func
	again = func(context.Context, *db.Snapshot) (tx.Data, error) { return tx.All(again, again), nil }
	deep := strings.Repeat(`{:part `, 1000) + strings.Repeat(`}`, 1000)
	many := make([]any, 100_001)
	for i := range many {
		many[i] = i
	}
	lots := make([]tx.Data, 0, len(many))
	for i := range many {
		lots = append(lots, tx.Add("x", "rs", db.ID(i)))
	}
	for name, data := range map[string]tx.Data{"a map in itself": loop, "functions without end": again,
		"deep text": tx.EDN("[" + deep + "]"), "too many datoms": tx.All(lots...),
		"a long string": tx.Add("x", "s", strings.Repeat("x", 1<<20+1))} {
		rep, err := tx.With(context.Background(), snap, data)
		if err == nil || db.CategoryOf(err) != db.Incorrect {
			t.Errorf("%s: %v, %v", name, rep, err)
		}
		t.Logf("%s: %.200s", name, err)
	}
}

// TestSizeOfTransactions comes to the limits of what a transaction may have, and goes beyond: With and Transact agree.
func TestSizeOfTransactions(t *testing.T) {
	if testing.Short() {
		t.Skip("100,000 datoms four times")
	}
	conn := open(t)
	if _, err := tx.Transact(context.Background(), conn, tx.EDN(vectors)); err != nil {
		t.Fatal(err)
	}
	lots, large := make([]tx.Data, 100_001), make([]tx.Data, 65)
	for i := range lots {
		lots[i] = tx.Add("x", "rs", db.ID(i))
	}
	text := strings.Repeat("x", 1<<20-2)
	for i := range large {
		large[i] = tx.Add("x", "tags", fmt.Sprintf("%02d%s", i, text))
	}
	for _, c := range []struct {
		data []tx.Data
		most int
		want string
	}{
		{lots, 100_000, "tx: transaction is too large: 100001 datoms, and a transaction has at most 100000: divide it"},
		{large, 64, "tx: transaction is too large: 68157440 bytes of values, and a transaction has at most 67108864: divide it"},
	} {
		_, with := tx.With(context.Background(), conn.Snapshot(), c.data...)
		_, err := tx.Transact(context.Background(), conn, c.data...)
		if err == nil || err.Error() != c.want || !errors.Is(err, db.ErrTooLarge) || with == nil || with.Error() != c.want {
			t.Errorf("%v, %v", with, err)
		}
		if _, err := tx.Transact(context.Background(), conn, c.data[:c.most]...); err != nil {
			t.Error(err)
		}
	}
}
