package script

import (
	"fmt"
	"slices"
	"strings"
)

// A script is a file in its parts, which String puts together again.
type script struct {
	blocks []*block
	tail   string // comments behind the last block
}

// A block is one command with its input and the output it must give.
type block struct {
	before  string // empty lines and comments
	line    int    // of the command
	command string
	input   string
	want    []string // with holes and comments
}

const bar = "----"

// isComment reports whether a line between blocks is empty or a comment.
func isComment(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || line == "#" || strings.HasPrefix(line, "# ")
}

// parse takes a file apart.
func parse(text string) (*script, error) {
	s := &script{}
	all := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for n := 0; n < len(all); {
		start := n
		for n < len(all) && isComment(all[n]) {
			n++
		}
		before := strings.Join(all[start:n], "\n")
		if n == len(all) {
			s.tail = before
			break
		}
		b := &block{before: before, line: n + 1, command: all[n]}
		if n > start {
			b.before += "\n"
		}
		rest, err := b.take(all[n+1:])
		if err != nil {
			return nil, err
		}
		s.blocks = append(s.blocks, b)
		n = len(all) - len(rest)
	}
	return s, nil
}

// take reads input and expected output from the lines behind the command, and returns the lines behind those.
func (b *block) take(rest []string) ([]string, error) {
	end := slices.Index(rest, bar)
	if end < 0 {
		return nil, fmt.Errorf("%d: no %s behind the command", b.line, bar)
	}
	b.input = strings.Join(rest[:end], "\n")
	rest = rest[end+1:]
	if len(rest) == 0 || rest[0] != bar {
		end = slices.IndexFunc(rest, func(line string) bool { return strings.TrimSpace(line) == "" })
		if end < 0 {
			end = len(rest)
		}
		b.want = rest[:end]
		return rest[end:], nil
	}
	for end = 1; end+1 < len(rest); end++ {
		if rest[end] == bar && rest[end+1] == bar {
			b.want = rest[1:end]
			return rest[end+2:], nil
		}
	}
	return nil, fmt.Errorf("%d: no second pair of %s behind the output", b.line, bar)
}

// String returns the text of the file.
func (s *script) String() string {
	var text strings.Builder
	for _, b := range s.blocks {
		text.WriteString(b.before + b.command + "\n")
		if b.input != "" {
			text.WriteString(b.input + "\n")
		}
		text.WriteString(b.output())
	}
	text.WriteString(s.tail)
	return text.String()
}

// output returns the expected output with the lines that enclose it.
func (b *block) output() string {
	want := strings.Join(b.want, "\n")
	if want != "" {
		want += "\n"
	}
	if slices.ContainsFunc(b.want, func(line string) bool { return strings.TrimSpace(line) == "" || line == bar }) {
		return bar + "\n" + bar + "\n" + want + bar + "\n" + bar + "\n"
	}
	return bar + "\n" + want
}

// complain tells that the output of the block is not what was expected, and why.
func (b *block) complain(why string, got []string) string {
	return fmt.Sprintf("%d: %s\n%s\ngave:\n\t%s\nexpected:\n\t%s", b.line, b.command, why,
		strings.Join(got, "\n\t"), strings.Join(b.want, "\n\t"))
}
