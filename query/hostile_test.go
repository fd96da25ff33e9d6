package query_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// A specimen is a query of the scripts with the lines of its inputs.
type specimen struct {
	query, inputs string
	wrong         bool // it is of the script of errors
}

// specimens returns the queries of the scripts, and the data of the first.
func specimens(t testing.TB) (all []specimen, data []string) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range strings.Split(string(text), "\n\n") {
			input, _, _ := strings.Cut(block, "\n----")
			if _, transaction, ok := strings.Cut(input, "transact\n"); ok && i == 0 {
				data = append(data, transaction)
			}
			if asked, ok := strings.CutPrefix(input, "query\n"); ok {
				q, in, given := strings.Cut(asked, "\n<")
				if given {
					in = "<" + in
				}
				all = append(all, specimen{q, in, strings.HasSuffix(file, "errors.txt")})
			}
		}
	}
	return all, data
}

// perSeed is how many mutants a seed makes.
const perSeed = 50

// TestHostile mutates queries, rules and inputs: whatever comes of it, there is an answer or an error that tells where and of what kind,
// within the budget and in time, and no panic.
func TestHostile(t *testing.T) {
	all, data := specimens(t)
	conn, err := db.Open(t.Context(), mem.New(), db.Options{Host: hostFunctions()})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s := &session{conn.Snapshot()}
	for _, d := range data {
		if out := s.transact(t, d); out != "" && strings.HasPrefix(out, "error") {
			t.Fatal(out)
		}
	}
	asked, answered := 0, 0
	soak.Run(t, 40, 500, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 3))
		for range perSeed {
			m := mutant(rng, all)
			asked++
			if s.judge(t, m) {
				answered++
			}
		}
	})
	t.Logf("%d mutants, %d have an answer", asked, answered)
	if answered < asked/10 {
		t.Error("too few mutants have an answer")
	}
}

// mutant returns a specimen with a change.
func mutant(rng *rand.Rand, all []specimen) specimen {
	m, other := all[rng.IntN(len(all))], all[rng.IntN(len(all))]
	for m.wrong && rng.IntN(4) > 0 {
		m = all[rng.IntN(len(all))]
	}
	if rng.IntN(4) > 0 {
		m.query = mutated(rng, m.query, other.query)
		return m
	}
	lines := strings.Split(m.inputs, "\n")
	i := rng.IntN(len(lines))
	lines[i] = mutated(rng, lines[i], other.inputs)
	m.inputs = strings.Join(lines, "\n")
	return m
}

// judge asks a mutant, and reports whether it has an answer. An error must be told kindly, and nothing may take long.
func (s *session) judge(t *testing.T, m specimen) bool {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	text := m.query + "\n" + m.inputs
	_, err := s.ask(query.WithBudget(ctx, query.Budget{Rows: 20_000, Bytes: 4 << 20}), text)
	var at *query.Error
	switch {
	case err == nil:
		return true
	case errors.Is(err, context.DeadlineExceeded):
		t.Errorf("%s\ntakes more than ten seconds", text)
	case errors.Is(err, errInput) || errors.Is(err, query.ErrBudget):
	case !strings.HasPrefix(err.Error(), "query: ") || !utf8.ValidString(err.Error()):
		t.Errorf("%s\n%q is told badly", text, err)
	case !errors.As(err, &at) || at.Pos.Line == 0:
		t.Errorf("%s\n%v: it does not tell where", text, err)
	case db.CategoryOf(err) != db.Incorrect && db.CategoryOf(err) != db.Unsupported:
		t.Errorf("%s\n%v: of category %s", text, err, db.CategoryOf(err))
	}
	return false
}

// mutated changes a text in few places: it drops, doubles or swaps words, or takes some from another text.
func mutated(rng *rand.Rand, text, other string) string {
	words, others := tokens(text), tokens(other)
	for range 1 + rng.IntN(rng.IntN(4)+1) {
		if len(words) < 2 || len(others) == 0 {
			break
		}
		i, j := rng.IntN(len(words)), rng.IntN(len(words))
		switch rng.IntN(5) {
		case 0:
			words[i] = ""
		case 1:
			words[i] += " " + words[i]
		case 2:
			words[i], words[j] = words[j], words[i]
		case 3:
			words[i] = others[rng.IntN(len(others))]
		case 4:
			words[i] = strange[rng.IntN(len(strange))]
		}
	}
	return strings.Join(words, " ")
}

var strange = []string{"?x", "_", "$", "$b", "%", ".", "...", "nil", "[]", "()", "{}", "#{}", "0", "-1", "9223372036854775807", "1e300", "1M", "7N",
	"true", `""`, ":id", ":n", ":r", ":db/id", "?e", "not", "or", "and", "not-join", "or-join", "(quote [])", "pull", "#inst \"2020-01-01\"", "\x00", "?"}

// tokens splits a text into brackets and words.
func tokens(text string) []string {
	spaced := strings.NewReplacer("[", " [ ", "]", " ] ", "(", " ( ", ")", " ) ", "{", " { ", "}", " } ").Replace(text)
	return strings.Fields(spaced)
}

// FuzzParse checks that no text makes reading or checking a query panic.
func FuzzParse(f *testing.F) {
	all, _ := specimens(f)
	for _, s := range all {
		f.Add(s.query)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := query.Prepare[[]any](text); err != nil && !strings.HasPrefix(err.Error(), "query: ") {
			t.Errorf("%q: %v has no prefix", text, err)
		}
	})
}

// FuzzQuery checks that no query makes running it panic, run on and on, or fail without a place.
func FuzzQuery(f *testing.F) {
	all, data := specimens(f)
	for _, s := range all {
		f.Add(s.query + "\n" + s.inputs)
	}
	snap := start(f)
	for _, d := range data {
		snap = with(f, snap, tx.EDN(d)).After
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, in, given := strings.Cut(text, "\n<")
		if given {
			in = "<" + in
		}
		(&session{snap}).judge(t, specimen{query: q, inputs: in})
	})
}

// FuzzRules checks that no text of rules makes a query panic.
func FuzzRules(f *testing.F) {
	all, _ := specimens(f)
	for _, s := range all {
		if rules, ok := strings.CutPrefix(s.inputs, "< rules "); ok {
			f.Add(rules)
		}
	}
	snap := with(f, start(f), tx.EDN(`[{:db/ident :r :db/valueType :db.type/ref} {:db/ident :n :db/valueType :db.type/long}]`)).After
	f.Fuzz(func(t *testing.T, rules string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := query.Run(ctx, snap, `[:find ?x :in $ % :where (r ?x)]`, query.Rules(rules))
		if err != nil && err.Error() == "" {
			t.Error("an error without a text")
		}
	})
}
