package build

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/layout"
)

func TestKubernetesIsBuiltFirst(t *testing.T) {
	if first := programs()[0]; first.name != "kubernetes" || first.group != OnlyKubernetes {
		t.Errorf("first program is %s of group %q", first.name, first.group)
	}
}

func TestProgramsHaveNamesOfTheirOwnAndAModule(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range programs() {
		for _, name := range append([]string{p.name}, p.links...) {
			if seen[name] {
				t.Errorf("%s is built twice", name)
			}
			seen[name] = true
		}
		if _, err := os.Stat(filepath.Join("..", "..", "modules", p.module, "go.mod")); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
	}
}

func TestPodinfoImagesKeepTheirFaultsUnderAnyCommand(t *testing.T) {
	t.Setenv(layout.CacheEnv, t.TempDir())
	cache, err := layout.NewCache()
	if err != nil {
		t.Fatal(err)
	}
	b := &Builder{cache: cache}
	type how struct {
		Program string
		Env     []string
	}
	got := map[string]how{}
	for _, spec := range b.podinfoImages() {
		got[strings.TrimPrefix(spec.Name, Registry+"/podinfo:")] = how{filepath.Base(spec.Files[0].Source), spec.Env}
		if spec.Files[0].Path != "/home/app/podinfo" || spec.WorkingDir != "/home/app" {
			t.Errorf("%s: %s in %s is not where podinfo's own image has it", spec.Name, spec.Files[0].Path, spec.WorkingDir)
		}
	}
	want := map[string]how{
		"6.0.0": {"podinfo-6.0.0", nil}, "6.0.1": {"podinfo-6.0.1", nil},
		"6.0.2": {"podinfo-6.0.2", nil}, "6.0.3": {"podinfo-6.0.3", nil},
		TagErrors:  {"podinfo-errors", nil},
		TagUnready: {"podinfo-6.0.9", []string{"PODINFO_UNREADY=true"}},
		TagCrash:   {"podinfo-crash", nil},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
}

func TestFindModulesLooksUpwards(t *testing.T) {
	root := t.TempDir()
	module := filepath.Join(root, "e2e", "lab", "modules", "kubernetes")
	deep := filepath.Join(root, "pkg", "rollout")
	for _, dir := range []string{module, deep} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(module, "go.mod"), "module kubernetes")
	for name, dir := range map[string]string{
		"from the repository": root, "from a package": deep, "from the lab": filepath.Join(root, "e2e", "lab"), "from a module": module,
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(dir)
			got, err := findModules()
			if err != nil || got != filepath.Dir(module) {
				t.Errorf("findModules() = %q, %v", got, err)
			}
		})
	}
}

func TestRunLoggedKeepsAllOutput(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	var seen []string
	cmd := exec.Command("sh", "-c", "echo one; echo two >&2; exit 3")
	if err := runLogged(cmd, log, func(line string) { seen = append(seen, line) }); err == nil {
		t.Error("no error for exit code 3")
	}
	data, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("one\ntwo\n", string(data)); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"one", "two"}, seen); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestPackageCounterCountsPackagesOnly(t *testing.T) {
	var last string
	count := packageCounter(func(detail string) { last = detail })
	for _, line := range []string{"go: downloading k8s.io/api v1", "internal/cpu", "# a comment of the compiler", "", "fmt"} {
		count(line)
	}
	if want := "2 packages, now fmt"; last != want {
		t.Errorf("detail is %q, want %q", last, want)
	}
}
