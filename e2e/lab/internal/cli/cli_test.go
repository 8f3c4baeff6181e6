package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/layout"
)

func run(t *testing.T, args ...string) (code int, out, complaints string) {
	t.Helper()
	t.Setenv(layout.StateEnv, filepath.Join(t.TempDir(), "state"))
	t.Setenv(layout.CacheEnv, t.TempDir())
	var stdout, stderr bytes.Buffer
	code = Run(args, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestExitCodes(t *testing.T) {
	tests := map[string]struct {
		args []string
		code int
		says string
	}{
		"help":                                  {[]string{"--help"}, exitOK, ""},
		"help of a command":                     {[]string{"up", "--help"}, exitOK, ""},
		"help of exec":                          {[]string{"exec", "--help"}, exitOK, ""},
		"help of kubectl":                       {[]string{"kubectl", "-h"}, exitOK, ""},
		"no labs":                               {[]string{"status"}, exitOK, ""},
		"an unknown command":                    {[]string{"fly"}, exitUsage, "fly"},
		"an unknown flag":                       {[]string{"up", "dev", "--fast"}, exitUsage, "fast"},
		"no name":                               {[]string{"up"}, exitUsage, "lab up NAME"},
		"a name that is none":                   {[]string{"kubeconfig", "No Name"}, exitUsage, "lab name"},
		"an extent that is none":                {[]string{"up", "dev", "--only", "kubelet"}, exitUsage, "controlplane"},
		"a build that is none":                  {[]string{"build", "--only", "istio"}, exitUsage, "kubernetes"},
		"exec without a command":                {[]string{"exec", "dev", "--"}, exitUsage, "no command"},
		"an image without a name":               {[]string{"image", "--out", "x.tar", "/a=b"}, exitUsage, "name"},
		"an image without a tag":                {[]string{"image", "--name", "a", "--out", "x.tar", "/a=b"}, exitUsage, "tag"},
		"an image with a wrong variable":        {[]string{"image", "--name", "a:1", "--env", "A", "--out", "x.tar", "/a=b"}, exitUsage, "KEY=VALUE"},
		"an image of a file that is not there":  {[]string{"image", "--name", "a:1", "--out", "/tmp/x.tar", "/a=/does/not/exist"}, exitFailed, "/does/not/exist"},
		"a lab that is not up":                  {[]string{"kubeconfig", "dev"}, exitFailed, "lab up dev"},
		"exec in a lab that is not up":          {[]string{"exec", "dev", "true"}, exitFailed, "lab up dev"},
		"status of a lab that is not up":        {[]string{"status", "dev"}, exitFailed, "lab up dev"},
		"loading a file that is not there":      {[]string{"load", "dev", "/does/not/exist.tar"}, exitFailed, "exist.tar"},
		"logs of a lab that does not exist":     {[]string{"logs", "dev"}, exitFailed, "does not exist"},
		"stopping without naming the component": {[]string{"stop", "dev"}, exitUsage, "COMPONENT"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			code, _, complaints := run(t, tc.args...)
			if code != tc.code || !strings.Contains(complaints, tc.says) {
				t.Errorf("exit code %d, want %d; it says: %s", code, tc.code, complaints)
			}
		})
	}
}

func TestEveryCommandHasHelp(t *testing.T) {
	for _, command := range newRoot().Commands() {
		if command.Short == "" || strings.HasSuffix(command.Short, ".") {
			t.Errorf("%s: short help is %q", command.Name(), command.Short)
		}
	}
}

func TestImageTakesEntrypointBehindDashes(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "app")
	if err := os.WriteFile(program, []byte("x"), 0o755); err != nil {
		t.Fatal(err)
	}
	tar := filepath.Join(dir, "app.tar")
	code, out, complaints := run(t, "image", "--name", "lab.local/app:1", "--out", tar, "--env", "A=b", "--user", "65532", "--dir", "/tmp", "/app="+program, "--", "/app", "--verbose")
	if code != exitOK || !strings.HasPrefix(out, "lab.local/app:1 sha256:") {
		t.Fatalf("exit code %d, out %q, complaints %q", code, out, complaints)
	}
	data, err := os.ReadFile(tar)
	if err != nil {
		t.Fatal(err)
	}
	if want := `"Entrypoint":["/app","--verbose"]`; !bytes.Contains(data, []byte(want)) {
		t.Errorf("image has no %s", want)
	}
}

func TestWithoutDashes(t *testing.T) {
	for name, tc := range map[string]struct{ args, want string }{
		"with dashes":         {"-- get pods", "get pods"},
		"without":             {"get pods", "get pods"},
		"dashes of its own":   {"-- exec pod -- ls", "exec pod -- ls"},
		"dashes further back": {"exec pod -- ls", "exec pod -- ls"},
	} {
		if got := strings.Join(withoutDashes(strings.Fields(tc.args)), " "); got != tc.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
