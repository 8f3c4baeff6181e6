package build

import (
	"os"
	"path/filepath"
	"testing"
)

// testModules writes a modules folder with one module.
func testModules(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"app/go.mod": "module app", "app/go.sum": "sum", "app/main.go": "package main",
		"app/errors/main.go": "package main", "app/README.md": "words", "other/go.mod": "module other",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, path, content)
	}
	return dir
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func mustStamp(t *testing.T, p program, modules, goVersion string) stamp {
	t.Helper()
	s, err := p.stampOf(modules, goVersion)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStampChangesWithWhatDecidesTheProgram(t *testing.T) {
	base := program{name: "app", module: "app", pkg: ".", tags: "a", ldflags: "-s", links: []string{"x"}}
	tests := map[string]struct {
		change    func(t *testing.T, modules string, p *program, goVersion *string)
		unchanged bool
	}{
		"nothing":                {func(*testing.T, string, *program, *string) {}, true},
		"a README":               {func(t *testing.T, m string, _ *program, _ *string) { write(t, m+"/app/README.md", "new") }, true},
		"another module":         {func(t *testing.T, m string, _ *program, _ *string) { write(t, m+"/other/go.mod", "new") }, true},
		"go.mod":                 {func(t *testing.T, m string, _ *program, _ *string) { write(t, m+"/app/go.mod", "new") }, false},
		"go.sum":                 {func(t *testing.T, m string, _ *program, _ *string) { write(t, m+"/app/go.sum", "new") }, false},
		"a source":               {func(t *testing.T, m string, _ *program, _ *string) { write(t, m+"/app/errors/main.go", "new") }, false},
		"a new source":           {func(t *testing.T, m string, _ *program, _ *string) { write(t, m+"/app/new.go", "new") }, false},
		"tags":                   {func(_ *testing.T, _ string, p *program, _ *string) { p.tags = "b" }, false},
		"linker flags":           {func(_ *testing.T, _ string, p *program, _ *string) { p.ldflags = "-w" }, false},
		"the package":            {func(_ *testing.T, _ string, p *program, _ *string) { p.pkg = "./errors" }, false},
		"links":                  {func(_ *testing.T, _ string, p *program, _ *string) { p.links = nil }, false},
		"the version of Go":      {func(_ *testing.T, _ string, _ *program, v *string) { *v = "go1.27.0" }, false},
		"a word moved to a flag": {func(_ *testing.T, _ string, p *program, _ *string) { p.tags, p.ldflags = "a-", "s" }, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			modules, p, version := testModules(t), base, "go1.26.0"
			before := mustStamp(t, p, modules, version)
			tc.change(t, modules, &p, &version)
			if after := mustStamp(t, p, modules, version); (before == after) != tc.unchanged {
				t.Errorf("stamps %s and %s", before, after)
			}
		})
	}
}

func TestStampOfAModuleThatIsNotThere(t *testing.T) {
	p := program{name: "app", module: "missing"}
	if _, err := p.stampOf(t.TempDir(), "go1.26.0"); err == nil {
		t.Error("no error")
	}
}

func TestFresh(t *testing.T) {
	product := filepath.Join(t.TempDir(), "product")
	tests := map[string]struct {
		saved, want stamp
		product     bool
		fresh       bool
	}{
		"made with this stamp":          {"1", "1", true, true},
		"made with another stamp":       {"1", "2", true, false},
		"never made":                    {"", "1", true, false},
		"made, but the product is gone": {"1", "1", false, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := stamps{dir: filepath.Join(t.TempDir(), "stamps")}
			if tc.saved != "" {
				if err := s.save("app", tc.saved); err != nil {
					t.Fatal(err)
				}
			}
			os.Remove(product)
			if tc.product {
				write(t, product, "x")
			}
			if got := s.fresh("app", tc.want, product); got != tc.fresh {
				t.Errorf("fresh = %v, want %v", got, tc.fresh)
			}
		})
	}
}

func TestFileStampFollowsReplacedFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "program")
	write(t, file, "one")
	before, err := fileStamp([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, "four")
	after, err := fileStamp([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	if before == after {
		t.Error("stamp has not changed with the file")
	}
	if _, err := fileStamp([]string{file + "-missing"}); err == nil {
		t.Error("no error for a file that is not there")
	}
}
