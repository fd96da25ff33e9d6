package archtest

import (
	"bufio"
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
)

// mayImport is the architecture: what of ours the code of a package may import. "*" stands for anything. Below the name of a
// package stands all in its folder that has no line of its own.
var mayImport = map[string][]string{
	"edn":        {},
	"storage":    {},
	"index":      {"edn", "storage"},
	"db":         {"edn", "storage", "index", "internal/spell", "internal/tag"},
	"query":      {"edn", "index", "db", "internal/spell", "internal/tag"},
	"tx":         {"edn", "index", "db", "query", "internal/spell", "internal/tag"},
	"rules":      {"edn", "index", "db", "query", "tx", "internal/spell"},
	"provenance": {"edn", "storage", "index", "db", "query", "tx", "rules", "internal/spell", "internal/tag"},

	"storage/mem":         {"storage"},
	"storage/bolt":        {"storage"},
	"storage/remote":      {"storage"},
	"storage/storagetest": {"storage"},

	"internal/soak":        {},
	"internal/history":     {},
	"internal/script":      {},
	"internal/spell":       {},
	"internal/archtest":    {},
	"internal/tag":         {"edn", "index", "internal/spell"},
	"internal/model":       {"edn", "index", "db"},
	"internal/conformance": {"*"},

	".":        {"*"},
	"cmd":      {"*"},
	"examples": {"*"},
}

// onlyIn names the one file of a package that may make an import which its others may not.
var onlyIn = map[[2]string]string{{"tx", "query"}: "tx/enforce.go"}

// testsLookDown are the packages whose tests too import only what lies below, soak and script. The tests of others may
// import all that does not make a cycle.
var testsLookDown = []string{"edn", "storage", "index"}

// rowOf returns the line of the table for the package in dir.
func rowOf(dir string) (allowed []string, ok bool) {
	for ; ; dir = path.Dir(dir) {
		if allowed, ok = mayImport[dir]; ok || dir == "." {
			return allowed, ok
		}
		if !strings.Contains(dir, "/") {
			return nil, false
		}
	}
}

func importsPointDown(tr *tree) (broken []string) {
	for _, f := range tr.files {
		allowed, ok := rowOf(f.dir)
		if !ok {
			broken = append(broken, f.path+": the package is not in the table of imports")
			continue
		}
		for i, p := range f.imports() {
			if dir, ok := ours(p); ok && dir != f.dir && !f.allows(allowed, dir) {
				broken = append(broken, tr.at(f.code.Imports[i], "%s must not import %s", f.dir, dir))
			}
		}
	}
	return broken
}

// allows reports whether the file of a package with the given line of the table may import dir.
func (f *file) allows(row []string, dir string) bool {
	if f.test {
		return !slices.ContainsFunc(testsLookDown, func(top string) bool { return under(f.dir, top) }) ||
			slices.Contains(row, dir) || under(dir, "storage") && under(f.dir, "storage") ||
			dir == "internal/soak" || dir == "internal/script"
	}
	if slices.Contains(row, "*") {
		return under(f.dir, "internal") || !under(dir, "internal") || dir == "internal/spell"
	}
	file, limited := onlyIn[[2]string{f.dir, dir}]
	return slices.Contains(row, dir) && (!limited || f.path == file)
}

// The modules that the tree may need, and the packages whose code may import them; tests may import go-cmp. The last line is what
// those need themselves.
var modules = map[string][]string{
	"go.etcd.io/bbolt":                   {"storage/bolt"},
	"github.com/google/btree":            {"index", "storage/mem"},
	"github.com/hashicorp/golang-lru/v2": {"index", "query"},
	"github.com/klauspost/compress":      {"index", "db", "internal/conformance"},
	"github.com/google/go-cmp":           {},

	"golang.org/x/sys": {},
}

// testModules are the modules that the tests of packages may need besides: db compares its commits with those of bbolt.
var testModules = map[string][]string{
	"github.com/google/go-cmp": nil, // all
	"go.etcd.io/bbolt":         {"db"},
}

func dependenciesAreFew(tr *tree) (broken []string) {
	lines := bufio.NewScanner(strings.NewReader(tr.texts["go.mod"]))
	for lines.Scan() {
		fields := strings.Fields(strings.TrimPrefix(lines.Text(), "require "))
		if len(fields) < 2 || !strings.HasPrefix(fields[1], "v") {
			continue
		}
		if _, ok := modules[fields[0]]; !ok {
			broken = append(broken, "go.mod: "+fields[0]+" is not one of the modules that we need")
		}
	}
	for _, f := range tr.files {
		for i, p := range f.imports() {
			if !f.mayNeed(p) {
				broken = append(broken, tr.at(f.code.Imports[i], "%s must not import %s", f.path, p))
			}
		}
	}
	return broken
}

// mayNeed reports whether the file may import a path of another module; the standard library has no dot before its first slash.
func (f *file) mayNeed(importPath string) bool {
	host, _, _ := strings.Cut(importPath, "/")
	if _, own := ours(importPath); own || !strings.Contains(host, ".") {
		return true
	}
	for name, dirs := range modules {
		if under(importPath, name) {
			forTests, known := testModules[name]
			return slices.Contains(dirs, f.dir) || f.test && known && (forTests == nil || slices.Contains(forTests, f.dir))
		}
	}
	return false
}

var (
	goBlock  = regexp.MustCompile("(?s)```go\n.*?```")
	tooDeep  = regexp.MustCompile(`\b(edn|index)\.[A-Z]\w*|"` + module + `/(edn|index)"`)
	userText = []string{"README.md"}
)

// userCodeStaysAbove: what a user is shown imports datolite, db, tx, query, provenance and storage, not edn or index.
func userCodeStaysAbove(tr *tree) (broken []string) {
	for _, name := range userText {
		for _, block := range goBlock.FindAllString(tr.texts[name], -1) {
			for _, found := range tooDeep.FindAllString(block, -1) {
				broken = append(broken, name+": user code must not name "+found)
			}
		}
	}
	for _, f := range tr.files {
		for i, p := range f.imports() {
			if dir, ok := ours(p); ok && under(f.dir, "examples") && (under(dir, "edn") || under(dir, "index") || under(dir, "internal")) {
				broken = append(broken, tr.at(f.code.Imports[i], "user code must not import %s", dir))
			}
		}
	}
	return broken
}

// noNameHidesAPackage: a file that imports one of our packages declares nothing local of its name.
func noNameHidesAPackage(tr *tree) (broken []string) {
	for _, f := range tr.files {
		packages := f.packageNames()
		ast.Inspect(f.code, func(n ast.Node) bool {
			for _, id := range declared(n) {
				if packages[id.Name] {
					broken = append(broken, tr.at(id, "%s hides the package", id.Name))
				}
			}
			return true
		})
	}
	return broken
}

// packageNames returns the names under which a file imports packages of ours.
func (f *file) packageNames() map[string]bool {
	names := map[string]bool{}
	for i, p := range f.imports() {
		if _, ok := ours(p); !ok {
			continue
		}
		if given := f.code.Imports[i].Name; given != nil {
			names[given.Name] = true
		} else {
			names[path.Base(p)] = true
		}
	}
	return names
}

// declared returns the names that a node declares in a function: parameters, results, receivers, variables, constants and types.
func declared(n ast.Node) (names []*ast.Ident) {
	add := func(list ...ast.Expr) {
		for _, e := range list {
			if id, ok := e.(*ast.Ident); ok {
				names = append(names, id)
			}
		}
	}
	switch n := n.(type) {
	case *ast.FuncDecl:
		names = append(fieldNames(n.Recv), names...)
	case *ast.FuncType:
		names = append(append(fieldNames(n.TypeParams), fieldNames(n.Params)...), fieldNames(n.Results)...)
	case *ast.AssignStmt:
		if n.Tok == token.DEFINE {
			add(n.Lhs...)
		}
	case *ast.RangeStmt:
		if n.Tok == token.DEFINE {
			add(n.Key, n.Value)
		}
	case *ast.ValueSpec:
		names = n.Names
	case *ast.TypeSpec:
		names = []*ast.Ident{n.Name}
	}
	return names
}

func fieldNames(list *ast.FieldList) (names []*ast.Ident) {
	if list == nil {
		return nil
	}
	for _, f := range list.List {
		names = append(names, f.Names...)
	}
	return names
}

// onlyTxCommits: Conn.Commit and Snapshot.Apply are the seam between db and tx; nobody else calls them. Without types the test
// takes every method of these names for them in files that import db.
func onlyTxCommits(tr *tree) (broken []string) {
	for _, f := range tr.files {
		if f.dir == "tx" || f.dir == "db" || !slices.Contains(f.imports(), module+"/db") {
			continue
		}
		ast.Inspect(f.code, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if ok && (method.Sel.Name == "Commit" || method.Sel.Name == "Apply") {
				broken = append(broken, tr.at(call, "only package tx calls %s", method.Sel.Name))
			}
			return true
		})
	}
	return broken
}
