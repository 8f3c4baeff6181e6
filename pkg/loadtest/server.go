package loadtest

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/linnet-delivery/linnet/pkg/loadtest/gate"
)

// Server answers webhooks. Make one with New.
type Server struct {
	Options

	ctx   context.Context // tasks outlive the request that starts them
	gates *gate.Store
	meter *meter
	runs  *runs
}

// Handler returns what is served: tasks on /, gates, /runs, /metrics and /healthz.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{$}", s.task)
	mux.HandleFunc("GET /runs", s.listRuns)
	mux.HandleFunc("/gate/approve", answer(http.StatusOK, "OK"))
	mux.HandleFunc("/gate/halt", answer(http.StatusForbidden, "Forbidden"))
	for path, kind := range map[string]gate.Kind{"/gate": gate.Confirm, "/rollback": gate.Rollback} {
		mux.HandleFunc("POST "+path+"/check", s.checkGate(kind))
		mux.HandleFunc("POST "+path+"/open", s.setGate(kind, true))
		mux.HandleFunc("POST "+path+"/close", s.setGate(kind, false))
	}
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.Registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", answer(http.StatusOK, "OK"))
	return mux
}

// Wait returns when no task runs any more.
func (s *Server) Wait() { s.runs.wait() }

func answer(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	}
}

// checkGate answers 200 while a gate is open, and 403 while it is closed.
func (s *Server) checkGate(kind gate.Kind) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p, err := s.payload(w, r)
		switch {
		case err != nil:
			s.answerError(w, err)
		case s.gates.IsOpen(kind, p.Key()):
			answer(http.StatusOK, "Approved")(w, r)
		default:
			answer(http.StatusForbidden, "Forbidden")(w, r)
		}
	}
}

func (s *Server) setGate(kind gate.Kind, open bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p, err := s.payload(w, r)
		if err != nil {
			s.answerError(w, err)
			return
		}
		if err := s.gates.Set(kind, p.Key(), open); err != nil {
			s.Log.Error("Could not keep a gate", "canary", p.Key().String(), "error", err)
			s.answerError(w, err)
			return
		}
		s.Log.Info("Set a gate", "canary", p.Key().String(), "kind", kind, "open", open)
		answer(http.StatusAccepted, "Accepted")(w, r)
	}
}

// listRuns answers with what runs and what ran, newest first, of ?namespace= and ?name= if given.
func (s *Server) listRuns(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	q := r.URL.Query()
	list := struct {
		Runs []Run `json:"runs"`
	}{s.runs.list(q.Get("namespace"), q.Get("name"))}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(list)
}
