// Package archtest has no code but tests that read the tree: which package imports which, how long files and functions are, what
// has a doc comment and an Example, and which words stand nowhere. Each rule is a function from a tree to what breaks it, and is
// itself tested on a small tree that breaks it.
//
// The tests parse the files themselves. One that asked the go command would be cached, and pass after a violation.
package archtest
