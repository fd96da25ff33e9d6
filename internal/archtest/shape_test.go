package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The bounds of lengths, in lines.
const (
	maxFunction = 60
	maxFile     = 500
	maxTestFile = 1000
)

// lines returns the length of a file.
func (tr *tree) lines(f *file) int { return tr.fset.File(f.code.FileStart).LineCount() }

// functions calls each with the functions of the tree that have a body, and their lengths.
func (tr *tree) functions(each func(f *file, fn *ast.FuncDecl, lines int)) {
	for _, f := range tr.files {
		for _, d := range f.code.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
				each(f, fn, tr.line(fn.End())-tr.line(fn.Pos())+1)
			}
		}
	}
}

func lengthsAreBounded(tr *tree) (broken []string) {
	for _, f := range tr.files {
		limit := maxFile
		if f.test {
			limit = maxTestFile
		}
		if n := tr.lines(f); n > limit {
			broken = append(broken, fmt.Sprintf("%s: %d lines; a file has at most %d", f.path, n, limit))
		}
	}
	tr.functions(func(_ *file, fn *ast.FuncDecl, n int) {
		if n > maxFunction {
			broken = append(broken, tr.at(fn, "%s has %d lines; a function has at most %d", fn.Name.Name, n, maxFunction))
		}
	})
	return broken
}

// TestLengths tells how long files and functions are.
func TestLengths(t *testing.T) {
	tr := loadTree(t)
	lengths := map[string][]int{}
	note := func(what string, f *file, n int) {
		if f.test {
			what += " of tests"
		}
		lengths[what] = append(lengths[what], n)
	}
	for _, f := range tr.files {
		note("files", f, tr.lines(f))
	}
	tr.functions(func(f *file, _ *ast.FuncDecl, n int) { note("functions", f, n) })
	for _, what := range []string{"files", "functions", "files of tests", "functions of tests"} {
		l := lengths[what]
		slices.Sort(l)
		t.Logf("%5d %-18s p50 %d, p90 %d, max %d lines", len(l), what, l[len(l)/2], l[len(l)*9/10], l[len(l)-1])
	}
}

func everythingIsBuilt(tr *tree) (broken []string) {
	for _, f := range tr.files {
		ast.Inspect(f.code, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 1 {
				return true
			}
			callee, _ := call.Fun.(*ast.Ident)
			arg, _ := call.Args[0].(*ast.BasicLit)
			if callee != nil && callee.Name == "panic" && arg != nil && arg.Value == `"not built"` {
				broken = append(broken, tr.at(call, "this is not built"))
			}
			return true
		})
	}
	return broken
}

// packagesHaveATour: every package has a doc.go whose comment begins as godoc wants; a program's main.go may hold it.
func packagesHaveATour(tr *tree) (broken []string) {
	for _, dir := range tr.dirs() {
		files := tr.in(dir)
		name := "doc.go"
		if len(files) > 0 && files[0].code.Name.Name == "main" {
			name = "main.go"
		}
		i := slices.IndexFunc(files, func(f *file) bool { return path.Base(f.path) == name })
		switch {
		case i < 0:
			broken = append(broken, dir+": the package has no "+name)
		case files[i].code.Doc == nil:
			broken = append(broken, files[i].path+": the package has no comment")
		case name == "doc.go" && !strings.HasPrefix(files[i].code.Doc.Text(), "Package "+files[i].code.Name.Name+" "):
			broken = append(broken, files[i].path+": the comment does not begin with Package "+files[i].code.Name.Name)
		}
	}
	return broken
}

// The names of files and folders that hide what is inside.
var drawers = regexp.MustCompile(`(^|/)(util|utils|common|helper|helpers|impl|misc|v2)(/|\.go$|_test\.go$)|_(v2|old|new|impl|util|helpers?)(_test)?\.go$`)

func namesSayWhatIsInside(tr *tree) (broken []string) {
	for name := range tr.texts {
		if drawers.MatchString(name) {
			broken = append(broken, name+": the name does not say what is inside")
		}
	}
	return broken
}

// forbidden are words that stand nowhere in the tree: names of places on somebody's machine, and promises without an issue. They
// are put together here so that this file does not hold them.
var forbidden = regexp.MustCompile(`/wo` + `rk/|\.\./\.lib` + `rary|\bTO` + `DO\b|\bFIX` + `ME\b`)

func noForbiddenWords(tr *tree) (broken []string) {
	for name, text := range tr.texts {
		for _, at := range forbidden.FindAllStringIndex(text, -1) {
			line := 1 + strings.Count(text[:at[0]], "\n")
			broken = append(broken, fmt.Sprintf("%s:%d: %s", name, line, text[at[0]:at[1]]))
		}
	}
	return broken
}
