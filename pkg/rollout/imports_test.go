package rollout

import (
	"os/exec"
	"strings"
	"testing"
)

// TestOnlyTheStandardLibrary keeps the heart pure: it imports the standard
// library and package analysis, which imports the standard library.
func TestOnlyTheStandardLibrary(t *testing.T) {
	const module = "github.com/linnet-delivery/linnet/"
	const others = "{{if not .Standard}}{{.ImportPath}}{{end}}"
	for pkg, want := range map[string][]string{
		"pkg/rollout":  {module + "pkg/analysis", module + "pkg/rollout"},
		"pkg/analysis": {module + "pkg/analysis"},
	} {
		out, err := exec.Command("go", "list", "-deps", "-f", others, module+pkg).CombinedOutput()
		if err != nil {
			t.Fatalf("list the imports of %s: %v\n%s", pkg, err, out)
		}
		if got := strings.Fields(string(out)); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s needs %v, want %v", pkg, got, want)
		}
	}
}
