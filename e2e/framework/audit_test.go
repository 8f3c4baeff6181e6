package framework

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTheAuditLogGivesEachRequestOnce(t *testing.T) {
	lines := []string{
		`{"stage":"ResponseComplete","verb":"patch","requestReceivedTimestamp":"2026-01-01T00:00:01.5Z","objectRef":{"resource":"canaries","subresource":"status","namespace":"test","name":"podinfo"},"responseStatus":{"code":200}}`,
		`{"stage":"RequestReceived","verb":"get","requestReceivedTimestamp":"2026-01-01T00:00:02Z","objectRef":{"resource":"leases"}}`,
		`{"stage":"ResponseStarted","verb":"watch","requestReceivedTimestamp":"2026-01-01T00:00:02Z","objectRef":{"resource":"pods"},"responseStatus":{"code":200}}`,
		`{"stage":"ResponseComplete","verb":"watch","requestReceivedTimestamp":"2026-01-01T00:00:02Z","objectRef":{"resource":"pods"},"responseStatus":{"code":200}}`,
		`{"stage":"ResponseComplete","verb":"get","requestReceivedTimestamp":"2026-01-01T00:00:03Z","objectRef":{"resource":"leases","namespace":"istio-system","name":"linnet"},"responseStatus":{"code":404}}`,
		`{"stage":"ResponseComplete","verb":"get","requestRec`,
	}
	path := filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	patch := Request{At: start.Add(1500 * time.Millisecond), Verb: "patch", Resource: "canaries/status", Namespace: "test", Name: "podinfo", Code: 200}
	watch := Request{At: start.Add(2 * time.Second), Verb: "watch", Resource: "pods", Code: 200}
	get := Request{At: start.Add(3 * time.Second), Verb: "get", Resource: "leases", Namespace: "istio-system", Name: "linnet", Code: 404}
	cases := map[string]struct {
		from, until int
		want        []Request
	}{
		"a watch counts once, and half a line does not":     {0, 10, []Request{patch, watch, get}},
		"the end of the window is outside, the start is in": {2, 3, []Request{watch}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := OpenAuditLog(path).Between(start.Add(time.Duration(c.from)*time.Second), start.Add(time.Duration(c.until)*time.Second))
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Errorf("Between() err %v, (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestAProcessIsFoundByItsPodAndProgram(t *testing.T) {
	proc := t.TempDir()
	add := func(pid, exe, cgroup string) {
		dir := filepath.Join(proc, pid)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(exe, filepath.Join(dir, "exe")); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "cgroup"), []byte(cgroup), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	add("10", "/usr/bin/linnet", "0::/user.slice\n")
	add("11", "/linnet", "4:memory:/lab-other/kubepods/podbbbb-2/c1\n")
	add("12", "/pause", "4:memory:/lab-dev/kubepods/podaaaa-1/c0\n")
	add("13", "/linnet", "4:memory:/lab-dev/kubepods/podaaaa-1/c1\n")
	add("14", "/linnet", "0::/kubepods.slice/kubepods-podcccc_3.slice/c1\n")
	cases := map[string]struct {
		uid  string
		want int
	}{
		"not the pause of the pod, nor the program elsewhere": {"aaaa-1", 13},
		"the systemd driver's spelling":                       {"cccc-3", 14},
		"none":                                                {"dddd-4", 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := process{proc: proc}.of(c.uid, "linnet")
			if got != c.want || (err == nil) != (c.want != 0) {
				t.Errorf("of(%s) = %d, %v; want %d", c.uid, got, err, c.want)
			}
		})
	}
}
