package loadtest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/linnet-delivery/linnet/pkg/loadtest/gate"
)

// maxPayload bounds how much of a request is read, in bytes.
const maxPayload = 64 << 10

// Payload is what a webhook of a Canary posts.
type Payload struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Phase     string            `json:"phase,omitempty"`
	Checksum  string            `json:"checksum,omitempty"`
	Metadata  map[string]string `json:"metadata,omitempty"`
}

// Key returns which Canary speaks.
func (p Payload) Key() gate.Key { return gate.Key{Namespace: p.Namespace, Name: p.Name} }

// kind returns the type of the task; cmd unless the metadata says so.
func (p Payload) kind() string { return cmp.Or(p.Metadata["type"], "cmd") }

// flag returns a switch of the metadata, such as returnCmdOutput. What is no boolean is off.
func (p Payload) flag(name string) bool {
	on, err := strconv.ParseBool(p.Metadata[name])
	return err == nil && on
}

// payload reads a request's body and checks that its namespace may ask.
func (s *Server) payload(w http.ResponseWriter, r *http.Request) (Payload, error) {
	var p Payload
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxPayload)).Decode(&p); err != nil {
		return p, refuse(http.StatusBadRequest, "payload", "the body is no JSON object with name, namespace and metadata: %w", err)
	}
	if p.Name == "" || p.Namespace == "" {
		return p, refuse(http.StatusBadRequest, "payload", "the body must have a name and a namespace")
	}
	if s.Namespaces != nil && !s.Namespaces.MatchString(p.Namespace) {
		return p, refuse(http.StatusForbidden, "namespace", "the namespace %s is not served: it does not match --namespace-regexp %s", p.Namespace, s.Namespaces)
	}
	return p, nil
}

// refusal is an error that says what to answer.
type refusal struct {
	status int
	// kind counts refusals in metrics.
	kind string
	err  error
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

func refuse(status int, kind, format string, args ...any) error {
	return &refusal{status: status, kind: kind, err: fmt.Errorf(format, args...)}
}

// answerError writes an error as an answer, and counts it.
func (s *Server) answerError(w http.ResponseWriter, err error) {
	status, kind := http.StatusInternalServerError, "error"
	if r, ok := errors.AsType[*refusal](err); ok {
		status, kind = r.status, r.kind
	}
	s.meter.refused.WithLabelValues(kind).Inc()
	http.Error(w, err.Error(), status)
}
