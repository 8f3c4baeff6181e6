package gate_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/linnet-delivery/linnet/pkg/loadtest/gate"
)

var podinfo = gate.Key{Namespace: "test", Name: "podinfo"}

func open(t *testing.T, dir string) *gate.Store {
	t.Helper()
	s, err := gate.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestGatesAreClosedUntilOpened(t *testing.T) {
	s := open(t, "")
	if s.IsOpen(gate.Confirm, podinfo) {
		t.Error("a gate that nobody opened is open")
	}
	if err := s.Set(gate.Confirm, podinfo, true); err != nil {
		t.Fatal(err)
	}
	if !s.IsOpen(gate.Confirm, podinfo) {
		t.Error("the gate is closed after it was opened")
	}
	if s.IsOpen(gate.Rollback, podinfo) {
		t.Error("opening a gate opened the rollback gate as well")
	}
	if s.IsOpen(gate.Confirm, gate.Key{Namespace: "other", Name: "podinfo"}) {
		t.Error("opening a gate opened that of a namesake")
	}
}

func TestGatesSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	other := gate.Key{Namespace: "test", Name: "other"}
	for _, err := range []error{
		s.Set(gate.Rollback, podinfo, true), s.Set(gate.Confirm, other, true), s.Set(gate.Confirm, other, false),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	restarted := open(t, dir)
	if !restarted.IsOpen(gate.Rollback, podinfo) {
		t.Error("an open gate is closed after a restart")
	}
	if restarted.IsOpen(gate.Confirm, other) {
		t.Error("a closed gate is open after a restart")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("the directory has %v, %v, want one file", entries, err)
	}
}

func TestAGateThatCannotBeKeptStaysAsItWas(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := s.Set(gate.Confirm, podinfo, true); err == nil {
		t.Error("Set() = nil though the file can't be written")
	}
	if s.IsOpen(gate.Confirm, podinfo) {
		t.Error("a gate that could not be kept is open")
	}
}

func TestOpenRefuses(t *testing.T) {
	tests := map[string]func(t *testing.T) string{
		"a directory that is not there": func(t *testing.T) string { return filepath.Join(t.TempDir(), "none") },
		"a file that is no JSON": func(t *testing.T) string {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "gates.json"), []byte("{"), 0o600); err != nil {
				t.Fatal(err)
			}
			return dir
		},
	}
	for name, dir := range tests {
		t.Run(name, func(t *testing.T) {
			if s, err := gate.Open(dir(t)); err == nil {
				t.Errorf("Open() = %v, want an error", s)
			}
		})
	}
}
