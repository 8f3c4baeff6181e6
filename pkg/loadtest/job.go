package loadtest

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/linnet-delivery/linnet/pkg/loadtest/acceptance"
	"github.com/linnet-delivery/linnet/pkg/loadtest/command"
	"github.com/linnet-delivery/linnet/pkg/loadtest/generator"
)

// job is a task that may run.
type job struct {
	command string
	// background jobs are answered before they end.
	background bool
	// run returns a load's result, the output of anything else, and an error when it is a no.
	run func(ctx context.Context) (*generator.Result, string, error)
}

// job returns what a payload asks for, or why it may not run.
func (s *Server) job(p Payload) (job, error) {
	if len(p.Metadata) == 0 {
		return job{}, refuse(http.StatusBadRequest, "payload", "the payload has no metadata, so there is nothing to run")
	}
	line := strings.TrimSpace(p.Metadata["cmd"])
	if line == "" && p.kind() != "load" {
		return job{}, refuse(http.StatusBadRequest, "payload", "the metadata has no cmd")
	}
	switch p.kind() {
	case "load":
		return s.typedJob(p)
	case "cmd":
		return s.cmdJob(p, line)
	case "bash":
		return s.bashJob(line)
	case "helm", "helmv3", "kubectl":
		return s.programJob(p.kind(), line)
	default:
		return job{}, refuse(http.StatusBadRequest, "type", "the type %q is not supported: use load, cmd, bash, helm, helmv3 or kubectl", p.kind())
	}
}

// cmdJob returns a load, an acceptance test, or a line for the shell.
func (s *Server) cmdJob(p Payload, line string) (job, error) {
	if command.IsLoad(line) {
		plan, err := command.Load(line)
		switch {
		case err == nil:
			return s.loadJob(p, plan, line)
		case s.AllowExec:
			return s.shellJob(line, true), nil
		default:
			return job{}, refuse(http.StatusBadRequest, "command", "%w", err)
		}
	}
	test, err := command.Acceptance(line)
	switch {
	case err == nil:
		return s.testJob(line, test)
	case s.AllowExec:
		return s.shellJob(line, true), nil
	default:
		return job{}, needsExec(err)
	}
}

// bashJob returns an acceptance test, or a line for the shell. With a shell at hand, that reads all lines.
func (s *Server) bashJob(line string) (job, error) {
	if s.AllowExec {
		return s.shellJob(line, false), nil
	}
	test, err := command.Acceptance(line)
	if err != nil {
		return job{}, needsExec(err)
	}
	return s.testJob(line, test)
}

// programJob returns a run of helm or kubectl.
func (s *Server) programJob(program, line string) (job, error) {
	if !s.AllowExec {
		return job{}, needsExec(fmt.Errorf("%s %w", program, command.ErrForeign))
	}
	return s.execJob(program, line), nil
}

func needsExec(err error) error {
	return refuse(http.StatusForbidden, "exec", "%w; the load tester runs other programs only when it is started with --allow-exec", err)
}

func (s *Server) loadJob(p Payload, plan generator.Plan, line string) (job, error) {
	if err := s.checkPlan(plan); err != nil {
		return job{}, err
	}
	g := generator.Generator{Dial: s.Targets.Dialer(s.Dial), UserAgent: s.UserAgent}
	run := func(ctx context.Context) (*generator.Result, string, error) {
		result, err := g.Run(ctx, plan, s.meter.observer(p))
		return &result, "", err
	}
	return job{command: line, background: true, run: run}, nil
}

// checkPlan refuses a load that goes where it must not, or is larger than allowed.
func (s *Server) checkPlan(p generator.Plan) error {
	if err := s.Targets.Check(p.Hostname()); err != nil {
		return refuse(http.StatusForbidden, "target", "%w", err)
	}
	if p.Duration > s.Timeout {
		return refuse(http.StatusBadRequest, "quota", "the load lasts %s, and may last %s (--timeout)", p.Duration, s.Timeout)
	}
	if p.Connections > s.Connections {
		return refuse(http.StatusBadRequest, "quota", "the load has %d connections, and may have %d (--max-connections)", p.Connections, s.Connections)
	}
	return nil
}

func (s *Server) testJob(line string, test acceptance.Test) (job, error) {
	if err := s.Targets.Check(test.Hostname()); err != nil {
		return job{}, refuse(http.StatusForbidden, "target", "%w", err)
	}
	run := func(ctx context.Context) (*generator.Result, string, error) {
		output, err := test.Run(ctx, s.Targets.Dialer(s.Dial))
		return nil, output, err
	}
	return job{command: line, run: run}, nil
}
