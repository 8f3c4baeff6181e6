package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/proc"
)

// Extent is how much of a lab is started.
type Extent string

// The extents, each with everything of the one before.
const (
	OnlyAPIServer    Extent = "apiserver"
	OnlyControlPlane Extent = "controlplane"
	Whole            Extent = "whole"
)

// State is what a lab remembers between commands.
type State struct {
	Extent     Extent   `json:"extent"`
	AuditUsers []string `json:"auditUsers"`
	// Boot is the boot that the lab was started in; no process or mount outlives it.
	Boot string `json:"boot"`
	// Complete is set once the lab has been up as a whole.
	Complete bool `json:"complete"`
}

func (l *Lab) stateFile() string { return l.Lab.State("lab.json") }

// ReadState returns the lab's memory, and false when it has none.
func (l *Lab) ReadState() (State, bool, error) {
	data, err := os.ReadFile(l.stateFile())
	if errors.Is(err, os.ErrNotExist) {
		return State{}, false, nil
	}
	if err != nil {
		return State{}, false, fmt.Errorf("read state of lab %s: %w", l.Name, err)
	}
	var s State
	if err := json.Unmarshal(data, &s); err != nil {
		return State{}, false, fmt.Errorf("parse state of lab %s: %w", l.Name, err)
	}
	return s, true, nil
}

func (l *Lab) writeState(s State) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode state of lab %s: %w", l.Name, err)
	}
	if err := os.MkdirAll(l.Lab.State(), 0o755); err != nil {
		return fmt.Errorf("create state folder: %w", err)
	}
	if err := os.WriteFile(l.stateFile(), data, 0o644); err != nil {
		return fmt.Errorf("write state of lab %s: %w", l.Name, err)
	}
	return nil
}

// thisBoot reports whether the lab was started since the machine was.
func (s State) thisBoot() bool {
	boot, err := proc.BootID()
	return err == nil && boot == s.Boot
}

// lock makes commands that change the lab take turns; the caller calls the returned function at the end.
func (l *Lab) lock() (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(l.Lock()), 0o755); err != nil {
		return nil, fmt.Errorf("create state folder: %w", err)
	}
	file, err := os.OpenFile(l.Lock(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock of lab %s: %w", l.Name, err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		file.Close()
		return nil, fmt.Errorf("another command is changing lab %s just now", l.Name)
	}
	return func() { file.Close() }, nil
}
