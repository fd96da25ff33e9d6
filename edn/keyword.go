package edn

import "strings"

// A Keyword is a name such as :person/name, kept without its colon. It is a string type, so it can be a constant.
type Keyword string

// String returns the keyword as it is written in text, with its colon.
func (k Keyword) String() string { return ":" + string(k) }

// Namespace returns what stands before the slash, and "" where there is none.
func (k Keyword) Namespace() string { ns, _ := split(string(k)); return ns }

// Name returns what stands after the slash, and the whole keyword where there is none.
func (k Keyword) Name() string { _, name := split(string(k)); return name }

// A Symbol is a name such as ?person or clojure.string/blank?.
type Symbol string

// String returns the symbol as it is written.
func (s Symbol) String() string { return string(s) }

// Namespace returns what stands before the slash, and "" where there is none.
func (s Symbol) Namespace() string { ns, _ := split(string(s)); return ns }

// Name returns what stands after the slash, and the whole symbol where there is none.
func (s Symbol) Name() string { _, name := split(string(s)); return name }

func split(s string) (ns, name string) {
	if i := strings.IndexByte(s, '/'); i > 0 && i < len(s)-1 {
		return s[:i], s[i+1:]
	}
	return "", s
}
