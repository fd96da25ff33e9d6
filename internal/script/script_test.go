package script

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func echo(cmd string, args []string, input string) string {
	switch cmd {
	case "echo":
		return input + " \n\n"
	case "args":
		return strings.Join(args, " ")
	}
	return ""
}

func TestRun(t *testing.T) {
	Run(t, "testdata", func(t *testing.T, cmd string, args []string, input string) string { return echo(cmd, args, input) })
}

// law: a file is put together as it was taken apart.
func TestString(t *testing.T) {
	text, err := os.ReadFile("testdata/echo.txt")
	if err != nil {
		t.Fatal(err)
	}
	s, err := parse(string(text))
	if err != nil || s.String() != string(text) {
		t.Errorf("%v\n%s", err, s)
	}
}

func TestMismatch(t *testing.T) {
	for _, c := range []struct{ input, want, why, kept string }{
		{"1 2", "?a ?a", "line 1: ?a is 1 and 2", "1 2"},
		{"1 2", "?a 3", "line 1: 1 2 does not match ?a 3", "1 2"},
		{"1\n2", "1", "line 2 is not expected", "1\n2"},
		{"1", "1\n2 # two\n3", "line 2 is missing", "1"},
		{"[1 2] x", "?a x", "line 1: [1 2] x does not match ?a x", "[1 2] x"},
		{"1\n2\n3", "?a # one\n?a\n3 # three", "line 2: 2 does not match ?a", "?a # one\n2\n3 # three"},
		{"x.y", "x?y", "line 1: x.y does not match x?y", "x.y"},
		{"a", "", "line 1 is not expected", "a"},
		{"", "a", "line 1 is missing", ""},
	} {
		s, err := parse("\necho  \n" + c.input + "\n----\n" + c.want + "\n")
		if err != nil {
			t.Fatal(err)
		}
		wrong := s.run(echo)
		if len(wrong) != 1 || !strings.HasPrefix(wrong[0], "2: echo  \n"+c.why+"\n") {
			t.Errorf("%q for %q: %v", c.input, c.want, wrong)
		}
		if kept := strings.Join(s.blocks[0].want, "\n"); kept != c.kept {
			t.Errorf("%q for %q is updated to %q", c.input, c.want, kept)
		}
	}
}

func TestMalformed(t *testing.T) {
	for text, want := range map[string]string{
		"\necho\nx": "2: no ---- behind the command", "echo\n----\n----\nx\n----\n": "1: no second pair of ---- behind the output",
	} {
		if _, err := parse(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestUpdate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.txt")
	const before = "# c\necho\n1\n----\n?a # one\n\necho\n2\n\n3\n----\n?a\n\n"
	const after = "# c\necho\n1\n----\n?a # one\n\necho\n2\n\n3\n----\n----\n2\n\n3\n----\n----\n\n"
	if err := os.WriteFile(file, []byte(before), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DATOLITE_UPDATE", "1")
	for range 2 { // the second time nothing changes
		File(t, file, echo)
		if got, err := os.ReadFile(file); err != nil || string(got) != after {
			t.Errorf("%v\n%s", err, got)
		}
	}
}
