package framework

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// LabProgram is the program that runs the lab's processes on the machine: those parts
// of the cluster that are no pods.
type LabProgram struct {
	// Path of the program, and the name of the lab that this process is in.
	Path, Name string
}

// Stop stops a process of the lab, such as prometheus.
func (l LabProgram) Stop(ctx context.Context, component string) error {
	_, err := l.run(ctx, "stop", l.Name, component)
	return err
}

// Start starts a process again that was stopped.
func (l LabProgram) Start(ctx context.Context, component string) error {
	_, err := l.run(ctx, "start", l.Name, component)
	return err
}

// AuditLog returns the path of the file into which the API server writes Linnet's requests.
func (l LabProgram) AuditLog(ctx context.Context) (string, error) {
	status, err := l.run(ctx, "status", l.Name)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(status) {
		if path, ok := strings.CutPrefix(line, "audit log"); ok {
			return strings.TrimSpace(path), nil
		}
	}
	return "", fmt.Errorf("find the audit log: %s status %s does not name it", l.Path, l.Name)
}

func (l LabProgram) run(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, l.Path, args...).CombinedOutput() //nolint:gosec // the program that the caller names is what is to be run
	if err != nil {
		return "", fmt.Errorf("run %s %s: %w\n%s", l.Path, strings.Join(args, " "), err, out)
	}
	return string(out), nil
}
