package script

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Run runs all scripts dir/*.txt, each as a subtest of its own with fresh holes. do executes one command and returns its output; its
// t is that of the script. It fails if there is no script.
func Run(t *testing.T, dir string, do func(t *testing.T, cmd string, args []string, input string) string) {
	t.Helper()
	Each(t, dir, func(t *testing.T, file string) {
		File(t, file, func(cmd string, args []string, input string) string { return do(t, cmd, args, input) })
	})
}

// Each calls f for all scripts dir/*.txt, each in a subtest of its own, for callers that need something fresh for each (see File).
func Each(t *testing.T, dir string, f func(t *testing.T, file string)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there is no script in %s (%v)", dir, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { f(t, file) })
	}
}

// File runs one script. do executes one command and returns its output.
func File(t *testing.T, file string, do func(cmd string, args []string, input string) string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := parse(string(text))
	if err != nil {
		t.Fatalf("%s:%v", file, err)
	}
	wrong := s.run(do)
	if os.Getenv("DATOLITE_UPDATE") != "" {
		if err := os.WriteFile(file, []byte(s.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, w := range wrong {
		t.Errorf("%s:%s", file, w)
	}
}

// run executes the blocks in order, tells what did not match, and gives those blocks the output that they gave.
func (s *script) run(do func(cmd string, args []string, input string) string) (wrong []string) {
	h := holes{}
	for _, b := range s.blocks {
		words := strings.Fields(b.command)
		for i, word := range words {
			words[i] = h.fill(word)
		}
		got := lines(do(words[0], words[1:], b.input))
		kept, why := h.match(b.want, got)
		if why != "" {
			wrong = append(wrong, b.complain(why, got))
		}
		b.want = kept
	}
	return wrong
}

// lines splits output into lines, without spaces at their ends and empty lines at the end.
func lines(output string) []string {
	output = strings.TrimRight(output, " \t\r\n")
	if output == "" {
		return nil
	}
	all := strings.Split(output, "\n")
	for i, line := range all {
		all[i] = strings.TrimRight(line, " \t\r")
	}
	return all
}
