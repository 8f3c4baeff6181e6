package build

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ModulesEnv names the folder of component modules, for a lab program that was moved away from its sources.
const ModulesEnv = "LINNET_LAB_MODULES"

// findModules looks for the component modules upwards of the working folder and of the program itself.
func findModules() (string, error) {
	if dir := os.Getenv(ModulesEnv); dir != "" {
		return filepath.Abs(dir)
	}
	var starts []string
	if dir, err := os.Getwd(); err == nil {
		starts = append(starts, dir)
	}
	if program, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(program))
	}
	for _, start := range starts {
		for dir := start; ; dir = filepath.Dir(dir) {
			for _, candidate := range []string{filepath.Join(dir, "modules"), filepath.Join(dir, "e2e", "lab", "modules")} {
				if _, err := os.Stat(filepath.Join(candidate, "kubernetes", "go.mod")); err == nil {
					return candidate, nil
				}
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return "", fmt.Errorf("find e2e/lab/modules: run inside the repository or set %s", ModulesEnv)
}

func goVersion(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOVERSION").Output()
	if err != nil {
		return "", fmt.Errorf("ask Go for its version: %w (a Go tool of version 1.26 or later must be in PATH)", err)
	}
	return strings.TrimSpace(string(out)), nil
}
