package query_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/internal/script"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// TestPullScripts pulls what the scripts pull. In them, `transact` adds data and tells its t and which ids its tempids became; `tags e n`
// gives an entity the tags 0 to n-1; `pull e [view t]` pulls an entity, which is an id or a lookup ref without spaces, by a pattern; `size key e`
// tells how many values are pulled under a key, and the first two; `pull-all e e …` and `pull-index attribute [order] [start] [reverse]` pull many,
// a line each; `query` asks, and the lines that begin with < are patterns among its inputs.
func TestPullScripts(t *testing.T) {
	script.Each(t, "testdata/pull", func(t *testing.T, file string) {
		conn, err := db.Open(t.Context(), mem.New(), db.Options{Host: []db.Named{
			query.Func("my/twice", func(n int) int { return 2 * n }),
			query.Func("my/none", func(any) any { return nil }),
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		s := &pullSession{session{conn.Snapshot()}}
		script.File(t, file, func(cmd string, args []string, input string) string {
			out, err := s.run(t, cmd, args, input)
			if errors.Is(err, query.ErrNoRow) {
				return "nothing"
			}
			if err != nil {
				return fmt.Sprintf("error: %v\ncode: %s %s", err, db.CodeOf(err), db.CategoryOf(err))
			}
			return out
		})
	})
}

type pullSession struct{ session }

func (s *pullSession) run(t *testing.T, cmd string, args []string, input string) (string, error) {
	switch cmd {
	case "transact":
		return s.add(t, input)
	case "tags":
		return s.tags(t, args)
	case "pull":
		m, err := query.Pull[map[string]any](t.Context(), s.view(args[1:]), named(args[0]), input)
		return show(m, nil), err
	case "size":
		m, err := query.Pull[map[string]any](t.Context(), s.snap, named(args[1]), input)
		list, _ := m[args[0]].([]any)
		return fmt.Sprint(len(list), " ", edn.String(list[:min(2, len(list))])), err
	case "pull-all":
		es := make([]any, len(args))
		for i, arg := range args {
			es[i] = named(arg)
		}
		ms, err := query.PullAll[map[string]any](t.Context(), s.snap, es, input)
		return lines(ms), err
	case "pull-index":
		return s.pullIndex(t, args, input)
	case "query":
		return s.session.query(t.Context(), input), nil
	}
	return "unknown command " + cmd, nil
}

func (s *pullSession) add(t *testing.T, text string) (string, error) {
	rep, err := tx.With(t.Context(), s.snap, tx.EDN(text))
	if err != nil {
		return "", err
	}
	s.snap = rep.After
	out := []string{fmt.Sprint("t ", int64(rep.T))}
	for _, name := range slices.Sorted(maps.Keys(rep.TempIDs)) {
		out = append(out, fmt.Sprint(name, " ", int64(rep.TempIDs[name])))
	}
	return strings.Join(out, "\n"), nil
}

func (s *pullSession) tags(t *testing.T, args []string) (string, error) {
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return "", err
	}
	values := make([]any, n)
	for i := range values {
		values[i] = i
	}
	s.snap = with(t, s.snap, tx.Map{"db/id": named(args[0]), "tags": values}).After
	return "", nil
}

// view returns the snapshot, or what `as-of t`, `since t` or `history` make of it.
func (s *pullSession) view(args []string) db.Reader {
	if len(args) == 0 {
		return s.snap
	}
	if args[0] == "history" {
		return s.snap.History()
	}
	t, _ := strconv.Atoi(args[1])
	if args[0] == "since" {
		return s.snap.Since(db.T(t))
	}
	return s.snap.AsOf(db.T(t))
}

func (s *pullSession) pullIndex(t *testing.T, args []string, pattern string) (string, error) {
	slice := query.IndexSlice{Attr: args[0]}
	for _, arg := range args[1:] {
		switch arg {
		case "avet":
			slice.Order = db.AVET
		case "aevt":
			slice.Order = db.AEVT
		case "vaet":
			slice.Order = db.VAET
		case "reverse":
			slice.Reverse = true
		default:
			slice.Start = named(arg)
		}
	}
	var ms []map[string]any
	for m, err := range query.PullIndex[map[string]any](t.Context(), s.snap, slice, pattern) {
		if err != nil {
			return "", err
		}
		ms = append(ms, m)
	}
	return lines(ms), nil
}

func lines(ms []map[string]any) string {
	out := make([]string, len(ms))
	for i, m := range ms {
		out[i] = show(orNil(m), nil)
	}
	return strings.Join(out, "\n")
}

// named returns what an argument says: [attribute,value] is a lookup ref, a large number an id.
func named(text string) any {
	n, err := edn.Read(text)
	if err != nil {
		return text
	}
	if id, ok := n.Value.(int64); ok && id > 1<<42 {
		return db.ID(id)
	}
	if n.Kind == edn.Vector && len(n.Items) == 2 {
		return db.Lookup(edn.String(n.Items[0]), n.Items[1].Plain())
	}
	return n.Plain()
}
