package conformance

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// check returns an error when the test, or its sub-test, does not exist.
func (r reference) check() error {
	file, err := parse(filepath.Join(repository, r.file))
	if err != nil {
		return fmt.Errorf("%s cannot be read: %w", r.file, err)
	}
	if !declares(file, r.test) {
		return fmt.Errorf("%s has no %s", r.file, r.test)
	}
	if r.sub == "" || strings.HasSuffix(r.sub, ".yaml") && isManifest(r.sub) {
		return nil
	}
	return r.checkSub()
}

// checkSub looks for the sub-test's name as a literal: the key of a table, or an argument of t.Run.
// A table may stand in another test file of the package.
func (r reference) checkSub() error {
	files, err := filepath.Glob(filepath.Join(repository, filepath.Dir(r.file), "*_test.go"))
	if err != nil {
		return err
	}
	for _, path := range files {
		file, err := parse(path)
		if err != nil {
			return fmt.Errorf("%s cannot be read: %w", path, err)
		}
		if slices.Contains(subTests(file), r.sub) {
			return nil
		}
	}
	return fmt.Errorf("nothing in %s is called %q", filepath.Dir(r.file), r.sub)
}

// isManifest reports whether name is a file of the API package's testdata, by which some sub-tests are called.
func isManifest(name string) bool {
	found, err := filepath.Glob(filepath.Join(repository, "pkg/apis/flagger/v1beta1/testdata/*", name))
	return err == nil && len(found) > 0
}

func parse(path string) (*ast.File, error) {
	return parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
}

func declares(file *ast.File, test string) bool {
	return slices.ContainsFunc(file.Decls, func(d ast.Decl) bool {
		f, ok := d.(*ast.FuncDecl)
		return ok && f.Recv == nil && f.Name.Name == test
	})
}

// subTests returns the literals that are keys of composite literals or first arguments of Run.
func subTests(file *ast.File) []string {
	var names []string
	note := func(e ast.Expr) {
		if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if name, err := strconv.Unquote(l.Value); err == nil {
				names = append(names, name)
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			note(n.Key)
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Run" && len(n.Args) > 0 {
				note(n.Args[0])
			}
		}
		return true
	})
	return names
}

func TestWhatDoesNotExistIsFound(t *testing.T) {
	const file = "e2e/conformance/source_test.go"
	tests := map[string]struct {
		ref  reference
		says string
	}{
		"a test":                       {reference{file, "TestWhatDoesNotExistIsFound", ""}, ""},
		"a sub-test":                   {reference{file, "TestWhatDoesNotExistIsFound", "a sub-test"}, ""},
		"a manifest":                   {reference{file, "TestWhatDoesNotExistIsFound", "cookie-name.yaml"}, ""},
		"a file that is not there":     {reference{"e2e/none_test.go", "TestA", ""}, "cannot be read"},
		"a test that is not there":     {reference{file, "TestA", ""}, "has no TestA"},
		"a sub-test that is not there": {reference{file, "TestWhatDoesNotExistIsFound", "nothing " + "like it"}, "is called"},
		"a manifest that is not there": {reference{file, "TestWhatDoesNotExistIsFound", "none" + ".yaml"}, "is called"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			err := tc.ref.check()
			if tc.says == "" && err != nil || tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)) {
				t.Errorf("check() = %v, want %q", err, tc.says)
			}
		})
	}
}
