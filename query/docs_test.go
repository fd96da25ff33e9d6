package query_test

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/storage/mem"
)

// TestPage runs the examples of the page about the language, in their order, and compares the answers.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../docs/query.md")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Open(t.Context(), mem.New(), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s := &session{conn.Snapshot()}
	asked := 0
	for _, m := range regexp.MustCompile("(?s)```clojure\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		text, answer, isQuery := strings.Cut(m[1], "\n=> ")
		if !isQuery {
			if out := s.transact(t, text); out != "" {
				t.Fatal(out)
			}
			continue
		}
		asked++
		if got, want := s.example(t, text), trimmed(answer); !slices.Equal(got, want) {
			t.Errorf("%s\ngot  %q\nwant %q", text, got, want)
		}
	}
	if asked < 30 {
		t.Errorf("the page has %d examples", asked)
	}
}

// example answers an example: a query, and behind it a comment for each input, which may go on in the next.
func (s *session) example(t *testing.T, text string) []string {
	input, ordered := "", strings.Contains(text, ":order-by")
	for _, line := range strings.Split(text, "\n") {
		if with, ok := strings.CutPrefix(line, "; with "); ok {
			kind, _, _ := strings.Cut(with, " ")
			if !slices.Contains([]string{"rules", "lookup", "history", "db"}, kind) {
				with = "edn " + with
			}
			input += "\n< " + with
		} else if more, ok := strings.CutPrefix(line, ";"); ok {
			input += " " + strings.TrimSpace(more)
		} else {
			input += "\n" + line
		}
	}
	rows, err := s.ask(t.Context(), strings.TrimSpace(input))
	if err != nil {
		var at *query.Error
		if !errors.As(err, &at) {
			t.Errorf("%s: %v", text, err)
		}
		return []string{err.Error()}
	}
	var lines []string
	for rows.Next() {
		var cells []string
		for _, c := range rows.Row() {
			cells = append(cells, shown(c))
		}
		lines = append(lines, strings.Join(cells, " "))
	}
	if !ordered {
		slices.Sort(lines)
	}
	return lines
}

// shown returns a cell as EDN, several values as a list.
func shown(c any) string {
	list, ok := c.([]any)
	if !ok {
		return edn.String(c)
	}
	var texts []string
	for _, x := range list {
		texts = append(texts, shown(x))
	}
	return "(" + strings.Join(texts, " ") + ")"
}

func trimmed(text string) []string {
	var out []string
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		out = append(out, strings.TrimSpace(line))
	}
	return out
}

// TestPageListsFunctions compares the functions that the page lists with those that there are.
func TestPageListsFunctions(t *testing.T) {
	page, err := os.ReadFile("../docs/query.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "## Functions")
	section, _, _ = strings.Cut(section, "`[(:key")
	_, section, _ = strings.Cut(section, "|---|---|")
	var listed []string
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(section, -1) {
		if !slices.Contains([]string{"%", "_", "!"}, m[1]) {
			listed = append(listed, m[1])
		}
	}
	slices.Sort(listed)
	listed = slices.Compact(listed)
	known := query.FunctionNames()
	for _, name := range listed {
		if !slices.Contains(known, name) {
			t.Errorf("the page lists %s, which is no function", name)
		}
	}
	for _, name := range known {
		short := strings.TrimPrefix(name, "clojure.string/")
		if !slices.Contains(listed, name) && !slices.Contains(listed, short) && name != "fulltext" {
			t.Errorf("the page does not list %s", name)
		}
	}
}
