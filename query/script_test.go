package query_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/internal/script"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/storage/mem"
	"github.com/datolite/datolite/tx"
)

// TestScripts asks what the scripts ask. In them, `transact` adds data and `query` asks: first the query, then a line for each input,
// which begins with < and a word that tells what it is. A row is a line, in order of their texts unless the query orders them.
func TestScripts(t *testing.T) {
	script.Each(t, "testdata", func(t *testing.T, file string) {
		conn, err := db.Open(t.Context(), mem.New(), db.Options{Host: hostFunctions()})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		s := &session{conn.Snapshot()}
		script.File(t, file, func(cmd string, args []string, input string) string {
			switch cmd {
			case "transact":
				return s.transact(t, input)
			case "query":
				return s.query(t.Context(), input)
			}
			return "unknown command " + cmd
		})
	})
}

var errNoLuck = errors.New("no luck")

func hostFunctions() []db.Named {
	return []db.Named{
		query.Func("test/twice", func(x int64) int64 { return 2 * x }),
		query.Func("test/spread", func(xs []int64) int64 { return slices.Max(xs) - slices.Min(xs) }),
		query.Func("test/weighted", func(by int64, xs []int64) int64 { return by * slices.Max(xs) }),
		query.Func("test/named", func(ctx context.Context, r db.Reader, es []db.ID) (n int, err error) {
			for _, e := range es {
				found, err := r.Entity(ctx, e)
				if err != nil {
					return 0, err
				}
				if found.Get("id") != nil {
					n++
				}
			}
			return n, nil
		}),
		query.Func("test/total", func(xs ...int64) (n int64) {
			for _, x := range xs {
				n += x
			}
			return n
		}),
		query.Func("test/fail", func(string) (bool, error) { return false, errNoLuck }),
		query.Func("test/panic", func(x int64) int64 { return []int64{}[x] }),
		query.Func("test/none", func(int64) any { return nil }),
		query.Func("test/attributes", func(ctx context.Context, r db.Reader, e db.ID) ([]string, error) {
			found, err := r.Entity(ctx, e)
			var out []string
			for a := range found.Attributes() {
				out = append(out, string(a))
			}
			return out, err
		}),
	}
}

// A session is the database of a script.
type session struct{ snap *db.Snapshot }

func (s *session) transact(t *testing.T, text string) string {
	rep, err := tx.With(t.Context(), s.snap, tx.EDN(text))
	if err != nil {
		return "error: " + err.Error()
	}
	s.snap = rep.After
	return ""
}

func (s *session) query(ctx context.Context, input string) string {
	rows, err := s.ask(ctx, input)
	switch {
	case errors.Is(err, errInput):
		return err.Error()
	case err != nil:
		return fmt.Sprintf("error: %v\ncode: %s %s", err, db.CodeOf(err), db.CategoryOf(err))
	}
	return table(rows, strings.Contains(input, ":order-by"))
}

// errInput is of a line of input that the script itself has wrong.
var errInput = errors.New("input")

// ask runs the query of a block with the lines of its inputs.
func (s *session) ask(ctx context.Context, input string) (*query.Rows, error) {
	lines := strings.Split(input, "\n")
	cut := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "<") })
	if cut < 0 {
		cut = len(lines)
	}
	var r db.Reader = s.snap
	var in []any
	for _, l := range lines[cut:] {
		if strings.TrimSpace(l) == "" {
			continue
		}
		x, err := s.input(l)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errInput, err)
		}
		if l == "< none" {
			r = nil
			continue
		}
		in = append(in, x)
	}
	return query.Run(ctx, r, strings.Join(lines[:cut], "\n"), in...)
}

// input reads a line of input: < edn form, < lookup [attribute value], < rules text, < rows [[…]], < db, < history, < none.
func (s *session) input(line string) (any, error) {
	kind, rest, _ := strings.Cut(strings.TrimPrefix(line, "< "), " ")
	switch kind {
	case "rules":
		return query.Rules(rest), nil
	case "pattern":
		return rest, nil
	case "db":
		return s.snap, nil
	case "history":
		return s.snap.History(), nil
	case "none":
		return nil, nil
	}
	n, err := edn.Read(rest)
	if err != nil {
		return nil, err
	}
	if kind == "lookup" {
		if len(n.Items) != 2 {
			return nil, errors.New("a lookup ref has two elements")
		}
		attr, _ := n.Items[0].Value.(edn.Keyword)
		return db.Lookup(string(attr), n.Items[1].Plain()), nil
	}
	return n.Plain(), nil
}

// table returns rows as lines.
func table(rows *query.Rows, ordered bool) string {
	var lines []string
	for rows.Next() {
		var cells []string
		for _, c := range rows.Row() {
			cells = append(cells, cellText(c))
		}
		lines = append(lines, strings.Join(cells, " "))
	}
	if !ordered {
		slices.Sort(lines)
	}
	if len(lines) == 0 {
		return "nothing"
	}
	return strings.Join(lines, "\n")
}

// cellText returns a cell as EDN; an ID is marked, and of many values the order does not count.
func cellText(c any) string {
	switch c := c.(type) {
	case db.ID:
		return "#id " + edn.String(int64(c))
	case db.LookupRef:
		return fmt.Sprintf("#lookup [:%s %s]", c.Attr, edn.String(c.Value))
	case []any:
		texts := make([]string, len(c))
		for i, x := range c {
			texts[i] = cellText(x)
		}
		slices.Sort(texts)
		return "{" + strings.Join(texts, " ") + "}"
	}
	return edn.String(c)
}
