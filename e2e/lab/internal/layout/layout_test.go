package layout

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNew(t *testing.T) {
	for name, ok := range map[string]bool{
		"dev": true, "a": true, "e2e-1": true, "abcdefghijklmnopqrst": true,
		"": false, "Dev": false, "1a": false, "a-": false, "-a": false, "a/b": false, "..": false, "a b": false, "abcdefghijklmnopqrstu": false,
	} {
		if _, err := New(name); (err == nil) != ok {
			t.Errorf("New(%q): %v", name, err)
		}
	}
}

func TestLabsShareNoPathOutsideTheCache(t *testing.T) {
	paths := func(name string) []string {
		l, err := New(name)
		if err != nil {
			t.Fatal(err)
		}
		return []string{l.State(), l.Run(), l.Lock(), l.NetNS(), l.Socket(), l.CgroupRoot(), l.PKI("ca.crt"), l.Kubeconfig(), l.AuditLog(), l.Logs(), l.Processes(), l.ResolvConf()}
	}
	a, b := paths("a"), paths("b")
	for i := range a {
		if a[i] == b[i] {
			t.Errorf("both labs have %s", a[i])
		}
	}
}

func TestSocketPathsAreShortEnoughForTheKernel(t *testing.T) {
	l, err := New("abcdefghijklmnopqrst")
	if err != nil {
		t.Fatal(err)
	}
	if path := l.Socket() + ".ttrpc"; len(path) >= 108 {
		t.Errorf("%s has %d bytes", path, len(path))
	}
}

func TestNamesAreTheFoldersOfLabs(t *testing.T) {
	root := t.TempDir()
	t.Setenv(StateEnv, root)
	for _, dir := range []string{"dev", "e2e", "Not A Lab"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, ".dev.lock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	names, err := Names()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"dev", "e2e"}, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	t.Setenv(StateEnv, filepath.Join(root, "missing"))
	if names, err := Names(); err != nil || names != nil {
		t.Errorf("Names() without a state folder = %v, %v", names, err)
	}
}

func TestMissing(t *testing.T) {
	t.Setenv(CacheEnv, t.TempDir())
	cache, err := NewCache()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(cache.Path("bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cache.Bin("envoy"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if got := cache.Missing("envoy", "istioctl", "coredns"); got != "istioctl" {
		t.Errorf("Missing = %q", got)
	}
	if got := cache.Missing("envoy"); got != "" {
		t.Errorf("Missing = %q", got)
	}
}
