package framework

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// process finds the processes of pods among those of the machine: containers of the
// lab are ordinary processes in control groups that carry the pod's UID.
type process struct {
	// proc is the mount point of procfs.
	proc string
}

// errNoProcess says that no process fits.
var errNoProcess = errors.New("no such process")

// of returns the id of the process of a pod that runs a program, given by its file name.
func (p process) of(podUID, program string) (int, error) {
	entries, err := os.ReadDir(p.proc)
	if err != nil {
		return 0, fmt.Errorf("list processes: %w", err)
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err == nil && p.runs(pid, program) && p.belongs(pid, podUID) {
			return pid, nil
		}
	}
	return 0, fmt.Errorf("find %s in pod %s: %w", program, podUID, errNoProcess)
}

func (p process) runs(pid int, program string) bool {
	exe, err := os.Readlink(filepath.Join(p.proc, strconv.Itoa(pid), "exe"))
	return err == nil && filepath.Base(exe) == program
}

// belongs reports whether a control group of the process is that of the pod. The
// systemd driver writes the UID with underscores.
func (p process) belongs(pid int, podUID string) bool {
	groups, err := os.ReadFile(filepath.Join(p.proc, strconv.Itoa(pid), "cgroup"))
	if err != nil {
		return false
	}
	return strings.Contains(string(groups), "pod"+podUID) ||
		strings.Contains(string(groups), "pod"+strings.ReplaceAll(podUID, "-", "_"))
}
