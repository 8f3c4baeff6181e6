package framework

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// Request is one of Linnet's requests to the API server, as the audit log has it.
type Request struct {
	At time.Time
	// Verb is that of RBAC: get, list, watch, create, update, patch, delete.
	Verb string
	// Resource is the plural, with the subresource after a slash: canaries/status.
	Resource        string
	Namespace, Name string
	Code            int
}

// Writes reports whether the request changes something.
func (r Request) Writes() bool {
	return r.Verb != "get" && r.Verb != "list" && r.Verb != "watch"
}

// String names the request as in "200 patch canaries/status e2e/podinfo".
func (r Request) String() string {
	return fmt.Sprintf("%d %s %s %s/%s", r.Code, r.Verb, r.Resource, r.Namespace, r.Name)
}

// AuditLog reads the requests that an API server wrote down.
type AuditLog struct{ path string }

// OpenAuditLog reads from a file in the API server's JSON format, one event a line.
func OpenAuditLog(path string) AuditLog { return AuditLog{path} }

// auditEvent is what we need of audit.k8s.io/v1 Event.
type auditEvent struct {
	Stage                    string    `json:"stage"`
	Verb                     string    `json:"verb"`
	RequestReceivedTimestamp time.Time `json:"requestReceivedTimestamp"`
	ObjectRef                struct {
		Resource, Subresource, Namespace, Name string
	} `json:"objectRef"`
	ResponseStatus struct {
		Code int `json:"code"`
	} `json:"responseStatus"`
}

// Between returns the requests that arrived at from or later and before until, each
// once. A watch counts when it begins. Lines that are half written are left out.
func (a AuditLog) Between(from, until time.Time) ([]Request, error) {
	file, err := os.Open(a.path)
	if err != nil {
		return nil, fmt.Errorf("open audit log: %w", err)
	}
	defer func() { _ = file.Close() }() // nothing was written
	var requests []Request
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		r, ok := parseRequest(lines.Bytes())
		if ok && !r.At.Before(from) && r.At.Before(until) {
			requests = append(requests, r)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	return requests, nil
}

// parseRequest reads one line. A long-running request has two: its start is
// taken, its end is not.
func parseRequest(line []byte) (Request, bool) {
	var e auditEvent
	if err := json.Unmarshal(line, &e); err != nil {
		return Request{}, false
	}
	long := e.Verb == "watch"
	if long != (e.Stage == "ResponseStarted") || e.Stage == "RequestReceived" {
		return Request{}, false
	}
	resource := e.ObjectRef.Resource
	if e.ObjectRef.Subresource != "" {
		resource += "/" + e.ObjectRef.Subresource
	}
	return Request{
		At: e.RequestReceivedTimestamp, Verb: e.Verb, Resource: resource,
		Namespace: e.ObjectRef.Namespace, Name: e.ObjectRef.Name, Code: e.ResponseStatus.Code,
	}, true
}

// Kind is what requests are counted by.
type Kind struct{ Verb, Resource string }

// CountByKind counts requests by verb and resource.
func CountByKind(requests []Request) map[Kind]int {
	counts := map[Kind]int{}
	for _, r := range requests {
		counts[Kind{r.Verb, r.Resource}]++
	}
	return counts
}

// KindTable lays counts out in lines, the greatest first.
func KindTable(counts map[Kind]int) string {
	kinds := slices.SortedFunc(maps.Keys(counts), func(a, b Kind) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Verb, b.Verb))
	})
	var b strings.Builder
	for _, k := range kinds {
		fmt.Fprintf(&b, "%5d  %-7s %s\n", counts[k], k.Verb, k.Resource)
	}
	return b.String()
}
