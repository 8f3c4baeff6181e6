package loadtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/linnet-delivery/linnet/pkg/loadtest/generator"
)

// task runs what a payload asks for. Loads are started and answered with 202, also when the same one runs already;
// everything else is answered when it has ended, with 200 or 500.
func (s *Server) task(w http.ResponseWriter, r *http.Request) {
	p, err := s.payload(w, r)
	if err != nil {
		s.answerError(w, err)
		return
	}
	j, err := s.job(p)
	if err != nil {
		s.Log.Info("Refused a task", "canary", p.Key().String(), "cause", err)
		s.answerError(w, err)
		return
	}
	id, started, err := s.runs.begin(Run{Namespace: p.Namespace, Name: p.Name, Type: p.kind(), Command: j.command}, j.background)
	switch {
	case err != nil:
		s.answerError(w, err)
	case j.background:
		if started {
			go func() { _, _ = s.run(s.ctx, p, id, j) }()
		}
		answer(http.StatusAccepted, "Accepted")(w, r)
	default:
		s.answerRun(w, r, p, id, j)
	}
}

// answerRun runs a job while its caller waits. It ends when the caller leaves, or the load tester does.
func (s *Server) answerRun(w http.ResponseWriter, r *http.Request, p Payload, id int64, j job) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	output, err := s.run(ctx, p, id, j)
	switch {
	case err != nil:
		http.Error(w, output+err.Error(), http.StatusInternalServerError)
	case p.flag("returnCmdOutput"):
		answer(http.StatusOK, output)(w, r)
	default:
		answer(http.StatusOK, "OK")(w, r)
	}
}

// run runs a job to its end and records what came of it.
func (s *Server) run(ctx context.Context, p Payload, id int64, j job) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	active := s.meter.active.WithLabelValues(p.Namespace)
	active.Inc()
	result, output, err := j.run(ctx)
	err = s.whyEnded(ctx, err)
	active.Dec()
	s.runs.end(id, result, err)
	s.meter.runs.WithLabelValues(p.Namespace, p.Name, p.kind(), string(stateOf(err))).Inc()
	s.logEnd(p, j, result, output, err)
	return output, err
}

// whyEnded says in front of a run's error that the run was stopped, if it was.
func (s *Server) whyEnded(ctx context.Context, err error) error {
	switch {
	case err == nil || ctx.Err() == nil:
		return err
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("stopped after %s (--timeout): %w", s.Timeout, err)
	default:
		return fmt.Errorf("stopped before its end: %w", err)
	}
}

func stateOf(err error) State {
	if err != nil {
		return Failed
	}
	return Succeeded
}

func (s *Server) logEnd(p Payload, j job, result *generator.Result, output string, err error) {
	log := s.Log.With("canary", p.Key().String(), "command", j.command)
	if result != nil {
		log = log.With("requests", result.Requests, "errors", result.Errors, "p99Milliseconds", result.Latency.Percentiles["p99"])
	}
	if p.flag("logCmdOutput") && output != "" {
		log = log.With("output", output)
	}
	if err != nil {
		log.Warn("A task failed", "cause", err)
		return
	}
	log.Info("Ran a task")
}
