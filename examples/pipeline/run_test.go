package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The first run lives the whole story; the second one, on the same folder, says what was there already.
func TestRunTwice(t *testing.T) {
	dir := t.TempDir()
	for _, golden := range []string{"first.txt", "second.txt"} {
		var out strings.Builder
		if err := run(t.Context(), &out, dir); err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join("testdata", golden))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), steady(out.String(), dir)); diff != "" {
			t.Errorf("%s (- as recorded, + now)\n%s", golden, diff)
		}
	}
}

// A stop ends a run when the run has said something.
type stop struct {
	after string
	end   context.CancelFunc
}

func (s stop) Write(p []byte) (int, error) {
	if strings.Contains(string(p), s.after) {
		s.end()
	}
	return len(p), nil
}

// A run that was stopped between two steps, or two batches, is taken up by the next one.
func TestTakenUp(t *testing.T) {
	for _, c := range []struct{ after, want string }{
		{"42 nodes new", "42 nodes\n   v1_fcixfdu7 of search/ranker: 17 nodes new"},
		{"one transaction", "it is retired already\n   the active view hides 17 nodes"},
		{"9 left", "4. Archive what nothing live rests on\n   8 nodes retracted, 1 left, 0"},
	} {
		dir := t.TempDir()
		ctx, end := context.WithCancel(t.Context())
		if err := run(ctx, stop{c.after, end}, dir); !errors.Is(err, context.Canceled) {
			t.Errorf("stopped after %q: %v", c.after, err)
		}
		var out strings.Builder
		if err := run(t.Context(), &out, dir); err != nil {
			t.Errorf("after %q: %v", c.after, err)
		}
		if !strings.Contains(out.String(), c.want) {
			t.Errorf("after %q the next run does not say %q:\n%s", c.after, c.want, out.String())
		}
	}
}

var instant = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)

// steady returns a run's text without what differs between machines: folder, instant, and whether Graphviz is there.
func steady(text, dir string) string {
	text = instant.ReplaceAllString(strings.ReplaceAll(text, dir, "DIR"), "INSTANT")
	text = strings.Replace(text, "   (Graphviz is not installed; with it there would be an SVG too)\n", "", 1)
	return strings.Replace(text, "   and in DIR/lineage.svg\n", "", 1)
}

func TestDrawing(t *testing.T) {
	dir := t.TempDir()
	if err := run(t.Context(), &strings.Builder{}, dir); err != nil {
		t.Fatal(err)
	}
	dot, err := os.ReadFile(filepath.Join(dir, "lineage.dot"))
	if err != nil {
		t.Fatal(err)
	}
	const nodes, changed = 42, 17
	if n := strings.Count(string(dot), "tooltip="); n != nodes {
		t.Errorf("%d nodes are drawn, not %d", n, nodes)
	}
	if n := strings.Count(string(dot), "#ffd9a0"); n != changed {
		t.Errorf("%d nodes are filled, not %d", n, changed)
	}
	if _, err := exec.LookPath("dot"); err != nil {
		t.Skip("no SVG without Graphviz")
	}
	svg, err := os.ReadFile(filepath.Join(dir, "lineage.svg"))
	if err != nil || strings.Count(string(svg), `class="node"`) != nodes {
		t.Errorf("the SVG does not show %d nodes (%v)", nodes, err)
	}
}
