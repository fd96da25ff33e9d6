package query_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/internal/soak"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// A specimen is a query of the scripts with the lines of its inputs.
type specimen struct{ query, inputs string }

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
				q, in, _ := strings.Cut(asked, "\n<")
				all = append(all, specimen{q, "<" + in})
			}
		}
	}
	return all, data
}

// TestHostile mutates queries, rules and inputs: whatever comes of it, there is an answer or an error, and no panic.
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
	answered := 0
	soak.Run(t, 1000, 8000, func(t *testing.T, seed int64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 3))
		m := all[rng.IntN(len(all))]
		if strings.Contains(m.inputs, "count-up") {
			return // it runs until its budget
		}
		if rng.IntN(4) > 0 {
			m.query = mutated(rng, m.query, all[rng.IntN(len(all))].query)
		} else {
			lines := strings.Split(m.inputs, "\n")
			i := rng.IntN(len(lines))
			lines[i] = mutated(rng, lines[i], all[rng.IntN(len(all))].inputs)
			m.inputs = strings.Join(lines, "\n")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if out := s.query(ctx, m.query+"\n"+m.inputs); !strings.HasPrefix(out, "error") && !strings.HasPrefix(out, "input") {
			answered++
		}
	})
	t.Logf("%d mutants have an answer", answered)
	if answered == 0 {
		t.Error("no mutant has an answer")
	}
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
