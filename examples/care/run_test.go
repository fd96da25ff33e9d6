package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestPage: the code on the page about care is in this program, and prints what the page shows.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/care.md")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := run(t.Context(), &out, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```(go|)\n(.*?)```\n").FindAllStringSubmatch(string(page), -1)
	if len(blocks) < 14 {
		t.Errorf("the page has %d pieces of code and output", len(blocks))
	}
	shown := 0
	for _, b := range blocks {
		if b[1] == "go" {
			if !strings.Contains(plain(string(program)), plain(b[2])) {
				t.Errorf("the program does not have\n%s", b[2])
			}
			continue
		}
		if !strings.Contains(out.String(), b[2]) {
			t.Errorf("the program does not print\n%s", b[2])
		}
		shown += strings.Count(b[2], "\n")
	}
	if lines := strings.Count(out.String(), "\n"); shown != lines {
		t.Errorf("the page shows %d lines of\n%s", shown, out.String())
	}
}

// plain returns code without its indentation.
func plain(code string) string { return regexp.MustCompile(`(?m)^\s+`).ReplaceAllString(code, "") }
