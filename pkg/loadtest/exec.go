package loadtest

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/linnet-delivery/linnet/pkg/loadtest/generator"
)

// maxOutput bounds how much of a program's output is kept, in bytes.
const maxOutput = 64 << 10

// shellJob returns a run of a line by a shell: by sh in the background, or by bash.
func (s *Server) shellJob(line string, background bool) job {
	shell := "bash"
	if background {
		shell = "sh"
	}
	return job{command: line, background: background, run: runProgram(shell, "-c", line)}
}

// execJob returns a run of a program with the words of line as its arguments; no shell reads them.
func (s *Server) execJob(program, line string) job {
	return job{command: program + " " + line, run: runProgram(strings.TrimSuffix(program, "v3"), strings.Fields(line)...)}
}

func runProgram(name string, args ...string) func(context.Context) (*generator.Result, string, error) {
	return func(ctx context.Context) (*generator.Result, string, error) {
		output := &limited{max: maxOutput}
		cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // what --allow-exec allows
		cmd.Stdout, cmd.Stderr = output, output
		// What the program started in the background and left behind may hold its output open.
		cmd.WaitDelay = connectTimeout
		if err := cmd.Run(); err != nil {
			return nil, output.String(), fmt.Errorf("run %s: %w", name, err)
		}
		return nil, output.String(), nil
	}
}

// limited keeps the first bytes that are written to it, and drops the rest.
type limited struct {
	bytes.Buffer

	max int
}

// Write keeps what there is room for.
func (l *limited) Write(p []byte) (int, error) {
	room := max(0, l.max-l.Len())
	_, _ = l.Buffer.Write(p[:min(room, len(p))])
	return len(p), nil
}
