package proc

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func statLine(name, state, start string) string {
	return "42 (" + name + ") " + state + strings.Repeat(" 0", 18) + " " + start + " 0 0"
}

func TestParseStat(t *testing.T) {
	tests := map[string]struct {
		line string
		want stat
		fail bool
	}{
		"a plain name":           {statLine("etcd", "S", "123"), stat{"S", 123}, false},
		"a name with a space":    {statLine("tmux: server", "R", "7"), stat{"R", 7}, false},
		"a name that ends early": {statLine("evil) Z 1 (", "S", "99"), stat{"S", 99}, false},
		"a zombie":               {statLine("x", "Z", "1"), stat{"Z", 1}, false},
		"a line cut short":       {"42 (x) S 0 0", stat{}, true},
		"nothing":                {"", stat{}, true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseStat(tc.line)
			if (err != nil) != tc.fail || got != tc.want {
				t.Errorf("parseStat = %v, %v", got, err)
			}
		})
	}
}

func TestIdentityIsOfOneProcessOnly(t *testing.T) {
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = child.Process.Kill() }()
	id, err := Identify(child.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	later, elsewhere := id, id
	later.StartTicks++
	elsewhere.Boot = "another"
	for name, tc := range map[string]struct {
		id    Identity
		alive bool
	}{
		"the process itself":                    {id, true},
		"a later process with that number":      {later, false},
		"that number before the machine booted": {elsewhere, false},
		"none":                                  {Identity{}, false},
	} {
		if got := tc.id.Alive(); got != tc.alive {
			t.Errorf("%s: alive = %v", name, got)
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_, _ = child.Process.Wait()
	if id.Alive() {
		t.Error("a process that has ended is alive")
	}
}

func TestStopLeavesForeignProcessesAlone(t *testing.T) {
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = child.Process.Kill(); _ = child.Wait() }()
	id, err := Identify(child.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	table := Table{Records: t.TempDir()}
	stale := id
	stale.StartTicks--
	if err := table.save(Record{Spec: Spec{Name: "etcd"}, Identity: stale}); err != nil {
		t.Fatal(err)
	}
	if err := table.Stop(0, "etcd", "never-started"); err != nil {
		t.Fatal(err)
	}
	if !id.Alive() {
		t.Error("a process that only has the number of ours was killed")
	}
}

func TestStopEndsOurProcess(t *testing.T) {
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- child.Wait() }()
	id, err := Identify(child.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	table := Table{Records: t.TempDir()}
	if err := table.save(Record{Spec: Spec{Name: "etcd"}, Identity: id}); err != nil {
		t.Fatal(err)
	}
	if !table.Running("etcd") {
		t.Fatal("not running before")
	}
	if err := table.Stop(0, "etcd"); err != nil {
		t.Fatal(err)
	}
	<-done
	if table.Running("etcd") {
		t.Error("still running")
	}
}

func TestTableKnowsItsComponents(t *testing.T) {
	table := Table{Records: t.TempDir()}
	want := Record{Spec: Spec{Name: "etcd", Command: []string{"/bin/etcd", "--x"}, Env: []string{"A=b"}}, Identity: Identity{PID: 1, StartTicks: 2, Boot: "b"}}
	for _, record := range []Record{want, {Spec: Spec{Name: "coredns"}}} {
		if err := table.save(record); err != nil {
			t.Fatal(err)
		}
	}
	got, err := table.Load("etcd")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"coredns", "etcd"}, table.Names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	_, err = table.Load("nginx")
	if err == nil || !strings.Contains(err.Error(), "coredns, etcd") {
		t.Errorf("error for an unknown component does not list those known: %v", err)
	}
}

func TestTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if got := Tail(path, 3); got != "" {
		t.Errorf("tail of no file is %q", got)
	}
	content := strings.Repeat("filler\n", 20000) + "one\ntwo\n" + strings.Repeat("x", 500) + "\n"
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	want := "one\ntwo\n" + strings.Repeat("x", 400) + "…"
	if diff := cmp.Diff(want, Tail(path, 3)); diff != "" {
		t.Errorf("tail (-want +got):\n%s", diff)
	}
}
