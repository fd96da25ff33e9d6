package script

import (
	"fmt"
	"regexp"
	"strings"
)

// holes are the texts that the holes of a script stand for.
type holes map[string]string

// token is what a hole may stand for.
const token = `((?:#[\w/.-]+ ?)?(?:"(?:[^"\\]|\\.)*"|[^\s()\[\]{},"]+))`

var (
	hole    = regexp.MustCompile(`(^|[\s()\[\]{},"])(\?[A-Za-z_][\w-]*)`)
	comment = regexp.MustCompile(`\s+# .*$|\s+$|^# .*$`)
)

// fill replaces a word of a command that is a bound hole.
func (h holes) fill(word string) string {
	if text, ok := h[word]; ok {
		return text
	}
	return word
}

// match compares output with what was expected and binds the holes. It returns the expected lines, those that do not match
// replaced by the output, and why they do not.
func (h holes) match(want, got []string) (kept []string, why string) {
	n := 0
	for _, line := range want {
		switch pattern := comment.ReplaceAllString(line, ""); {
		case pattern == "" && line != "":
			kept = append(kept, line) // a comment on a line of its own
			continue
		case n == len(got):
			why = first(why, fmt.Sprintf("line %d is missing", n+1))
			continue
		default:
			if wrong := h.line(pattern, got[n]); wrong != "" {
				why = first(why, fmt.Sprintf("line %d: %s", n+1, wrong))
				line = got[n]
			}
			kept = append(kept, line)
			n++
		}
	}
	if n < len(got) {
		why = first(why, fmt.Sprintf("line %d is not expected", n+1))
	}
	return append(kept, got[n:]...), why
}

func first(why, otherwise string) string {
	if why != "" {
		return why
	}
	return otherwise
}

// line compares one line with its pattern, and tells what is wrong.
func (h holes) line(pattern, got string) string {
	exact, names := h.regexp(pattern)
	found := exact.FindStringSubmatch(got)
	if found == nil {
		return fmt.Sprintf("%s does not match %s", got, pattern)
	}
	bound := map[string]string{}
	for i, name := range names {
		text := found[i+1]
		if before, ok := bound[name]; ok && before != text {
			return fmt.Sprintf("%s is %s and %s", name, before, text)
		}
		bound[name] = text
	}
	delete(bound, "?_")
	for name, text := range bound {
		h[name] = text
	}
	return ""
}

// regexp returns what matches the pattern, and the names of its groups: the holes that are not bound.
func (h holes) regexp(pattern string) (*regexp.Regexp, []string) {
	var text strings.Builder
	var names []string
	for pattern != "" {
		at := hole.FindStringSubmatchIndex(pattern)
		if at == nil {
			break
		}
		name := pattern[at[4]:at[5]]
		text.WriteString(regexp.QuoteMeta(pattern[:at[4]]))
		if bound, ok := h[name]; ok {
			text.WriteString(regexp.QuoteMeta(bound))
		} else {
			text.WriteString(token)
			names = append(names, name)
		}
		pattern = pattern[at[5]:]
	}
	text.WriteString(regexp.QuoteMeta(pattern))
	return regexp.MustCompile("^" + text.String() + "$"), names
}
