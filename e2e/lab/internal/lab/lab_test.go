package lab

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/layout"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/proc"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/progress"
)

// newTestLab returns a lab in a folder of its own, with records of components that have ended.
func newTestLab(t *testing.T, components ...string) *Lab {
	t.Helper()
	t.Setenv(layout.StateEnv, t.TempDir())
	t.Setenv(layout.CacheEnv, t.TempDir())
	l, err := New("dev", progress.New(os.Stderr))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(l.Processes(), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range components {
		data, err := json.Marshal(proc.Record{Spec: proc.Spec{Name: name}})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(l.Processes(), name+".json"), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func TestNotRunningIsInTheOrderOfStart(t *testing.T) {
	l := newTestLab(t, "prometheus", "kubelet", "etcd", "containerd", "kube-apiserver")
	want := []string{"etcd", "kube-apiserver", "containerd", "kubelet", "prometheus"}
	if diff := cmp.Diff(want, l.notRunning()); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestStateSurvivesItsFile(t *testing.T) {
	l := newTestLab(t)
	if _, known, err := l.ReadState(); known || err != nil {
		t.Fatalf("state before: known %v, %v", known, err)
	}
	boot, err := proc.BootID()
	if err != nil {
		t.Fatal(err)
	}
	want := State{Extent: OnlyAPIServer, AuditUsers: []string{"a"}, Boot: boot, Complete: true}
	if err := l.writeState(want); err != nil {
		t.Fatal(err)
	}
	got, known, err := l.ReadState()
	if err != nil || !known {
		t.Fatalf("state after: known %v, %v", known, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	if !got.thisBoot() || (State{Boot: "another"}).thisBoot() {
		t.Error("boots are not told apart")
	}
}

func TestOneCommandAtATimeChangesALab(t *testing.T) {
	l := newTestLab(t)
	unlock, err := l.lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.lock(); err == nil {
		t.Fatal("two locks on one lab")
	}
	unlock()
	again, err := l.lock()
	if err != nil {
		t.Fatal(err)
	}
	again()
}

func TestResumeRefusesAnotherExtent(t *testing.T) {
	l := newTestLab(t)
	err := l.resume(t.Context(), State{Extent: OnlyAPIServer}, Whole)
	if err == nil || !strings.Contains(err.Error(), "lab down dev") {
		t.Errorf("error does not say what to do: %v", err)
	}
}

func TestCheckBuiltSaysWhichBuildIsMissing(t *testing.T) {
	l := newTestLab(t)
	if err := os.MkdirAll(l.Cache.Path("bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		extent Extent
		hint   string
	}{
		"an API server": {OnlyAPIServer, "lab build --only kubernetes"},
		"a whole lab":   {Whole, `"lab build"`},
	} {
		if err := l.checkBuilt(tc.extent); err == nil || !strings.Contains(err.Error(), tc.hint) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(l.Cache.Bin("kubernetes"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := l.checkBuilt(OnlyControlPlane); err != nil {
		t.Errorf("a control plane needs more than Kubernetes: %v", err)
	}
	if err := l.checkBuilt(Whole); err == nil {
		t.Error("a whole lab needs no more than Kubernetes")
	}
}

func TestEnvironmentReplacesAndKeeps(t *testing.T) {
	got := environment([]string{"PATH=/bin", "HOME=/root", "KUBECONFIG=old", "PATHS=x"}, map[string]string{"PATH": "/lab:/bin", "KUBECONFIG": "new"})
	want := []string{"HOME=/root", "PATHS=x", "PATH=/lab:/bin", "KUBECONFIG=new"}
	if diff := cmp.Diff(want, got, cmpopts.SortSlices(func(a, b string) bool { return a < b })); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}

func TestLookPathPrefersTheLabsPrograms(t *testing.T) {
	bin := t.TempDir()
	own := filepath.Join(bin, "sh")
	if err := os.WriteFile(own, []byte("#!/bin/sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"sh": own, "/bin/sh": "/bin/sh"} {
		if got, err := lookPath(name, bin); err != nil || got != want {
			t.Errorf("lookPath(%q) = %q, %v", name, got, err)
		}
	}
	if _, err := lookPath("no-such-program", bin); err == nil {
		t.Error("no error for a program that is nowhere")
	}
}

func TestStatusNamesWhatHasEndedAndWhereThingsAre(t *testing.T) {
	l := newTestLab(t)
	status := Status{lab: l, state: State{Extent: Whole, Complete: true}, components: []componentStatus{{name: "etcd", running: true, pid: 7, rss: 9}, {name: "prometheus"}}}
	if err := status.Err(); err == nil || err.Error() != "not running: prometheus" {
		t.Errorf("status: %v", err)
	}
	for _, want := range []string{"etcd        running  7    9 MiB", "prometheus  stopped", l.AuditLog(), l.Kubeconfig(), "http://" + layout.GatewayIP} {
		if !strings.Contains(status.String(), want) {
			t.Errorf("status has no %q:\n%s", want, status)
		}
	}
}

func TestImagesOfTheMeshAreImportedFirst(t *testing.T) {
	tars := []string{"/c/pause-1.tar", "/c/podinfo-6.0.0.tar", "/c/podinfo-6.0.1.tar", "/c/proxyv2-1.tar"}
	sortForStart(tars)
	want := []string{"/c/pause-1.tar", "/c/proxyv2-1.tar", "/c/podinfo-6.0.0.tar", "/c/podinfo-6.0.1.tar"}
	if diff := cmp.Diff(want, tars); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}
