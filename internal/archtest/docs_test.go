package archtest

import (
	"go/ast"
	"go/doc"
	"go/token"
	"maps"
	"slices"
	"strings"
	"testing"
)

// A declaration is an exported name of a package.
type declaration struct {
	name      string // Type.Method for a method
	isFunc    bool   // a function or method
	commented bool
	node      ast.Node
}

// exported returns the exported functions, types, methods of exported types, variables and constants of a file.
func exported(f *file) (list []declaration) {
	for _, d := range f.code.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv != nil {
				name = receiver(d) + "." + name
			}
			if d.Name.IsExported() && token.IsExported(name) {
				list = append(list, declaration{name, true, d.Doc != nil, d})
			}
		case *ast.GenDecl:
			list = append(list, exportedSpecs(d)...)
		}
	}
	return list
}

// exportedSpecs returns the exported names of a declaration; the comment of a group is good for all of them but types.
func exportedSpecs(d *ast.GenDecl) (list []declaration) {
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() {
				list = append(list, declaration{spec.Name.Name, false, spec.Doc != nil || d.Doc != nil && len(d.Specs) == 1, spec})
			}
		case *ast.ValueSpec:
			for _, id := range spec.Names {
				if id.IsExported() {
					list = append(list, declaration{id.Name, false, spec.Doc != nil || spec.Comment != nil || d.Doc != nil, id})
				}
			}
		}
	}
	return list
}

// receiver returns the name of the type of a method.
func receiver(fn *ast.FuncDecl) string {
	typ := fn.Recv.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.StarExpr:
			typ = t.X
		case *ast.IndexExpr:
			typ = t.X
		case *ast.IndexListExpr:
			typ = t.X
		case *ast.Ident:
			return t.Name
		default:
			return ""
		}
	}
}

func exportedNamesHaveComments(tr *tree) (broken []string) {
	for _, f := range tr.files {
		if f.test || f.code.Name.Name == "main" {
			continue
		}
		for _, d := range exported(f) {
			if !d.commented {
				broken = append(broken, tr.at(d.node, "%s has no comment", d.name))
			}
		}
	}
	return broken
}

// examplesComplete says that every exported function and type of the public packages has an Example; the test keeps it so.
const examplesComplete = false

func haveExamples(tr *tree) []string {
	if !examplesComplete {
		return nil
	}
	return slices.Concat(slices.Collect(maps.Values(missingExamples(tr)))...)
}

// TestMissingExamples lists what has no Example.
func TestMissingExamples(t *testing.T) {
	missing := missingExamples(loadTree(t))
	for _, dir := range slices.Sorted(maps.Keys(missing)) {
		t.Logf("%s: %d without an Example:\n\t%s", dir, len(missing[dir]), strings.Join(missing[dir], "\n\t"))
	}
}

// missingExamples returns, by package, a line for each exported function without an Example of its own that is run, and for each
// exported type that no Example shows.
func missingExamples(tr *tree) map[string][]string {
	missing := map[string][]string{}
	for _, dir := range tr.dirs() {
		if !public(dir) || dir == "index" { // users do not import index
			continue
		}
		run, shown := examples(tr, dir)
		for _, f := range tr.in(dir) {
			for _, d := range exported(f) {
				_, isType := d.node.(*ast.TypeSpec)
				method := strings.Contains(d.name, ".")
				if d.isFunc && !method && !run[d.name] || isType && !shown[d.name] {
					missing[dir] = append(missing[dir], tr.at(d.node, "%s has no Example", d.name))
				}
			}
		}
	}
	return missing
}

// examples returns the names that have an Example with output of their own, and all names that the Examples of a package show:
// those of Examples of a type or its methods, and those that stand in their code.
func examples(tr *tree, dir string) (run, shown map[string]bool) {
	run, shown = map[string]bool{}, map[string]bool{}
	for _, f := range tr.files {
		if f.dir != dir || !f.test {
			continue
		}
		for _, e := range doc.Examples(f.code) {
			if e.Output == "" && !e.EmptyOutput {
				continue
			}
			name, _, _ := strings.Cut(e.Name, "_")
			run[name], shown[name] = true, true
			ast.Inspect(e.Code, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok {
					shown[id.Name] = true
				}
				return true
			})
		}
	}
	return run, shown
}
