package archtest

import (
	"go/ast"
	"go/doc"
	"go/token"
	"strings"
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
			if !d.commented && !saysItself(d.name) {
				broken = append(broken, tr.at(d.node, "%s has no comment", d.name))
			}
		}
	}
	return broken
}

// saysItself reports whether a method's name is all that is to be said of it.
func saysItself(name string) bool {
	_, method, _ := strings.Cut(name, ".")
	return method == "Error" || method == "Unwrap" || method == "String"
}

// haveExamples returns a line for each exported function of the public packages without an Example of its own that is run. A
// function for tests, which an Example has not got, needs none.
func haveExamples(tr *tree) (missing []string) {
	for _, dir := range tr.dirs() {
		if !public(dir) || dir == "index" { // users do not import index
			continue
		}
		run := examples(tr, dir)
		for _, f := range tr.in(dir) {
			for _, d := range exported(f) {
				if d.isFunc && !strings.Contains(d.name, ".") && !run[d.name] && !forTests(d.node.(*ast.FuncDecl)) {
					missing = append(missing, tr.at(d.node, "%s has no Example", d.name))
				}
			}
		}
	}
	return missing
}

// examples returns the names that have an Example of their own, with output, in a package.
func examples(tr *tree, dir string) map[string]bool {
	run := map[string]bool{}
	for _, f := range tr.files {
		if f.dir != dir || !f.test {
			continue
		}
		for _, e := range doc.Examples(f.code) {
			if e.Output != "" || e.EmptyOutput {
				name, _, _ := strings.Cut(e.Name, "_")
				run[name] = true
			}
		}
	}
	return run
}

// forTests reports whether a function's first parameter is t.
func forTests(fn *ast.FuncDecl) bool {
	params := fn.Type.Params.List
	return len(params) > 0 && len(params[0].Names) > 0 && params[0].Names[0].Name == "t"
}
