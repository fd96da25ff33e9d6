package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the import path of the root package.
const module = "github.com/datolite/datolite"

// rules are what the tree keeps. Each returns a line for every place that breaks it.
var rules = []struct {
	name   string
	broken func(*tree) []string
}{
	{"imports point down", importsPointDown},
	{"dependencies are few", dependenciesAreFew},
	{"user code names no edn or index", userCodeStaysAbove},
	{"no name hides a package", noNameHidesAPackage},
	{"only tx commits", onlyTxCommits},
	{"files and functions are short", lengthsAreBounded},
	{"everything is built", everythingIsBuilt},
	{"packages have a tour", packagesHaveATour},
	{"exported names have comments", exportedNamesHaveComments},
	{"verbs have examples", haveExamples},
	{"names say what is inside", namesSayWhatIsInside},
	{"no forbidden words", noForbiddenWords},
}

func TestTree(t *testing.T) {
	tr := loadTree(t)
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			for _, line := range slices.Sorted(slices.Values(rule.broken(tr))) {
				t.Error(line)
			}
		})
	}
}

// loadTree reads the tree that this package stands in.
func loadTree(t *testing.T) *tree {
	t.Helper()
	tr, err := load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if len(tr.files) < 50 {
		t.Fatalf("only %d Go files: is this the tree?", len(tr.files))
	}
	return tr
}

// A tree is what lies in the repository.
type tree struct {
	fset  *token.FileSet
	files []*file           // the Go files
	texts map[string]string // all files, by path
}

// A file is one Go file.
type file struct {
	path string
	dir  string // of the package, "." for the root
	test bool
	code *ast.File
}

// load reads all files but those of git and of build tools.
func load(fsys fs.FS) (*tree, error) {
	tr := &tree{fset: token.NewFileSet(), texts: map[string]string{}}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == ".git":
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case !d.Type().IsRegular():
			return nil
		}
		return tr.add(fsys, name)
	})
	return tr, err
}

func (tr *tree) add(fsys fs.FS, name string) error {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	tr.texts[name] = string(text)
	if !strings.HasSuffix(name, ".go") || slices.Contains(strings.Split(name, "/"), "testdata") {
		return nil
	}
	code, err := parser.ParseFile(tr.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	tr.files = append(tr.files, &file{name, path.Dir(name), strings.HasSuffix(name, "_test.go"), code})
	return nil
}

// dirs returns the folders of packages, sorted.
func (tr *tree) dirs() []string {
	var dirs []string
	for _, f := range tr.files {
		dirs = append(dirs, f.dir)
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// in returns the files of a package that are not tests.
func (tr *tree) in(dir string) []*file {
	var files []*file
	for _, f := range tr.files {
		if f.dir == dir && !f.test {
			files = append(files, f)
		}
	}
	return files
}

func (tr *tree) line(pos token.Pos) int { return tr.fset.Position(pos).Line }

// at returns a line that begins with a place.
func (tr *tree) at(n ast.Node, format string, args ...any) string {
	p := tr.fset.Position(n.Pos())
	return fmt.Sprintf("%s:%d: ", p.Filename, p.Line) + fmt.Sprintf(format, args...)
}

// imports returns the paths that a file imports.
func (f *file) imports() []string {
	var paths []string
	for _, spec := range f.code.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		paths = append(paths, p)
	}
	return paths
}

// ours returns the folder of an import path of this module.
func ours(importPath string) (dir string, ok bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

// under reports whether dir is top or lies in it.
func under(dir, top string) bool { return dir == top || strings.HasPrefix(dir, top+"/") }

// public reports whether others can import the package.
func public(dir string) bool {
	return !slices.ContainsFunc([]string{"internal", "cmd", "examples"}, func(top string) bool { return under(dir, top) })
}
